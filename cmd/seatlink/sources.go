package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"
)

// sources finds the values of settings that the command line does not give: in
// the environment, else in the file. It remembers where each came from. It is
// kong's resolver.
type sources struct {
	getenv func(string) string
	table  []*kong.Flag      // of settings
	from   map[string]string // flag → what gave it; a flag that is missing has its default
	file   map[string]any    // key → value
	path   string            // of the file; "" for none
	broken error             // what is wrong with the file
}

func newSources(getenv func(string) string) *sources {
	return &sources{getenv: getenv, from: map[string]string{}}
}

// variable is where the environment has a setting.
func variable(flag string) string {
	return "SEATLINK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// configFlag names the file.
const configFlag = "config"

// Validate is kong.Resolver's. What is wrong was found by Resolve, which is first.
func (*sources) Validate(*kong.Application) error { return nil }

// take takes the table from the program's flags.
func (s *sources) take(app *kong.Application) {
	for _, command := range app.Children {
		if command.Name != "serve" {
			continue
		}
		for _, flag := range command.Flags {
			if !flag.Tag.Has("own") {
				s.table = append(s.table, flag)
			}
		}
	}
}

// setting is the table's flag of this name, nil if there is none.
func (s *sources) setting(name string) *kong.Flag {
	for _, flag := range s.table {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

// Resolve returns the value of a flag that the command line does not give, nil
// when nobody gives it.
func (s *sources) Resolve(command *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if s.table == nil {
		s.take(command.Model)
	}
	if flag.Name != configFlag && (s.setting(flag.Name) == nil || flag.Tag.Has("own")) {
		return nil, nil
	}
	if text := s.getenv(variable(flag.Name)); text != "" {
		s.from[flag.Name] = variable(flag.Name)
		if err := understood(flag, text); err != nil {
			return nil, fmt.Errorf("from %s: %w", variable(flag.Name), err)
		}
		if flag.Name == configFlag {
			s.path = text
		}
		return text, nil
	}
	if flag.Name == configFlag {
		return nil, nil
	}
	if s.broken = s.readFile(command); s.broken != nil {
		return nil, s.broken
	}
	value, ok := s.file[flag.Name]
	if !ok {
		return nil, nil
	}
	s.from[flag.Name] = s.path
	text, err := plain(flag, value)
	if err == nil {
		err = understood(flag, text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: key %s: %w", s.path, flag.Name, err)
	}
	return text, nil
}

// readFile reads the file that --config or its variable names, once.
func (s *sources) readFile(command *kong.Context) error {
	for _, flag := range command.Model.Flags {
		if path, ok := command.FlagValue(flag).(string); ok && flag.Name == configFlag && path != "" {
			s.path = path
		}
	}
	if s.path == "" || s.file != nil {
		return nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	if err := toml.Unmarshal(text, &s.file); err != nil {
		if parse, ok := errors.AsType[toml.ParseError](err); ok {
			// Without the line's text, which may be a password.
			return fmt.Errorf("%s: line %d: %s", s.path, parse.Position.Line, parse.Message)
		}
		return fmt.Errorf("%s: %w", s.path, err)
	}
	for _, key := range slices.Sorted(maps.Keys(s.file)) {
		if s.setting(key) == nil {
			return fmt.Errorf("%s: unknown key %q (seatlink settings lists what there is)", s.path, key)
		}
	}
	return nil
}

// plain is a value of the file as a flag would have it. The types are the
// file's own: a number where a time belongs would be nanoseconds to nobody.
func plain(flag *kong.Flag, value any) (string, error) {
	wants := kindOf(flag)
	switch v := value.(type) {
	case string:
		if wants == "text" || wants == "time" {
			return v, nil
		}
	case int64:
		if wants == "number" {
			return fmt.Sprint(v), nil
		}
	case bool:
		if wants == "true or false" {
			return fmt.Sprint(v), nil
		}
	case []any:
		var list []string
		for _, one := range v {
			text, ok := one.(string)
			if !ok || strings.Contains(text, ",") {
				list = nil
				break
			}
			list = append(list, text)
		}
		if wants == "list" && len(list) == len(v) {
			return strings.Join(list, ","), nil
		}
	}
	return "", fmt.Errorf("wants %s", map[string]string{
		"text": `a text, such as "info"`, "time": `a time in quotes, such as "30s"`, "number": "a whole number, such as 2",
		"true or false": "true or false, without quotes", "list": `a list of texts, such as ["10.0.0.0/8"]`,
	}[wants])
}

// kindOf is what a setting is made of.
func kindOf(flag *kong.Flag) string {
	t := flag.Target.Type()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "time"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "number"
}

// understood tries a value, so that the error can say where it stands.
func understood(flag *kong.Flag, text string) error {
	if flag.Enum != "" && !flag.EnumMap()[text] {
		return fmt.Errorf("is one of %s", strings.ReplaceAll(flag.Enum, ",", ", "))
	}
	scan := kong.Scan().PushTyped(text, kong.FlagValueToken)
	probe := reflect.New(flag.Target.Type()).Elem()
	if probe.Kind() == reflect.Pointer {
		probe.Set(reflect.New(probe.Type().Elem()))
	}
	return flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, probe)
}

// blame says where a wrong value came from, unless the command line has it in
// plain sight.
func (s *sources) blame(err error) error {
	if bad, ok := errors.AsType[wrongSetting](err); ok && s.from[bad.flag] != "" {
		return fmt.Errorf("%w (from %s)", err, s.from[bad.flag])
	}
	return err
}

var _ kong.Resolver = (*sources)(nil)
