package main

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
)

//go:generate sh -c "go run . settings --output markdown >../../docs/settings.md"

type settingsCommand struct {
	Output string `help:"table, toml (a file to begin with) or markdown (docs/settings.md)." enum:"table,toml,markdown" default:"table" own:""`
}

// Help is the longer text of seatlink settings --help.
func (settingsCommand) Help() string {
	return `Examples:
  seatlink settings
  seatlink settings --output toml >seatlink.toml

seatlink serve --print-settings tells the values that a server would have, and where each comes from.`
}

// Run prints the table of settings.
func (c *settingsCommand) Run(w *surroundings) error {
	switch c.Output {
	case "toml":
		asTOML(w.stdout, w.sources.table)
	case "markdown":
		asMarkdown(w.stdout, w.sources.table)
	default:
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for _, s := range w.sources.table {
			fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, cmp.Or(s.Default, "-"), s.Help)
		}
		return table.Flush()
	}
	return nil
}

func groupOf(s *kong.Flag) string {
	if s.Group == nil {
		return "The books"
	}
	return strings.TrimSuffix(s.Group.Key, ":")
}

func asTOML(out io.Writer, table []*kong.Flag) {
	group := ""
	fmt.Fprintln(out, "# Settings of seatlink. What is not set, or stands behind a #, has its default.")
	for _, s := range table {
		if groupOf(s) != group {
			group = groupOf(s)
			fmt.Fprintf(out, "\n# -- %s\n", group)
		}
		value := fmt.Sprintf("%q", s.Default)
		switch kindOf(s) {
		case "number":
			value = s.Default
		case "true or false":
			value = cmp.Or(s.Default, "false")
		case "list":
			value = "[]"
		}
		fmt.Fprintf(out, "\n# %s\n# %s = %s\n", s.Help, s.Name, value)
	}
}

func asMarkdown(out io.Writer, table []*kong.Flag) {
	fmt.Fprint(out, `# Settings

Printed by `+"`seatlink settings --output markdown`"+`, from the table that the program itself reads.

A setting is given by its flag, by its variable in the environment, or by its key in a file; the first of these that
gives it counts, in this order. The file is TOML, named by `+"`--config FILE`"+` or `+"`SEATLINK_CONFIG`"+`; its keys are
the flags' names. An empty variable counts as none. A key that is not in this table, or a value of the wrong type, is an
error that names the file and the key. Times are written as `+"`30s`, `5m`"+`; lists with commas, in the file as
`+"`[\"one\", \"other\"]`"+`.

`+"`seatlink settings --output toml`"+` prints a file to begin with, `+"`seatlink serve --print-settings`"+` the values in
force and where each comes from. Passwords are never printed. `+"`seatlink serve`"+` has all settings, other commands
those of the same name; `+"`seatlink demo`"+` and `+"`seatlink bench`"+` take their `+"`--db`"+` from the command line
alone, lest they meet a real house.
`)
	group := ""
	for _, s := range table {
		if groupOf(s) != group {
			group = groupOf(s)
			fmt.Fprintf(out, "\n## %s\n\n| flag, key | variable | default | what it is |\n|---|---|---|---|\n", group)
		}
		value := ""
		if s.Default != "" {
			value = "`" + s.Default + "`"
		}
		fmt.Fprintf(out, "| `--%s` | `%s` | %s | %s |\n", s.Name, variable(s.Name), value, s.Help)
	}
}

// show prints the values that a command has and where each comes from.
func (s *sources) show(out io.Writer, command *kong.Context) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tFROM")
	given := map[string]bool{}
	for _, step := range command.Path {
		if step.Flag != nil && !step.Resolved {
			given[step.Flag.Name] = true
		}
	}
	for _, flag := range s.table {
		from := cmp.Or(s.from[flag.Name], "default")
		if given[flag.Name] {
			from = "flag"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", flag.Name, cmp.Or(seen(flag), "-"), from)
	}
	return table.Flush()
}

// seen is the value of a setting as it may be seen. A URL may hold a password,
// in front of its host or among its parameters.
func seen(flag *kong.Flag) string {
	switch v := flag.Target.Interface().(type) {
	case string:
		u, err := url.Parse(v)
		if err != nil && strings.Contains(v, "://") {
			return "(a URL that cannot be read)"
		}
		if err != nil || u.Scheme == "" || u.Host == "" && u.User == nil && u.RawQuery == "" {
			return v
		}
		parameters := u.Query()
		for name := range parameters {
			parameters.Set(name, "xxxxx")
		}
		u.RawQuery = parameters.Encode()
		return u.Redacted()
	case []string:
		return strings.Join(v, ",")
	}
	value := flag.Target
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return ""
		}
		value = value.Elem()
	}
	return fmt.Sprint(value.Interface())
}
