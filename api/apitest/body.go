package apitest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"pgregory.net/rapid"
)

// Body draws a request body that the document allows, for the call of this id.
// Optional fields come and go, null stands for some that are absent, unknown
// fields are strewn in, keys change their case.
func (d *Document) Body(t *rapid.T, id string) any {
	for _, c := range d.calls {
		if c.ID != id || c.request == nil {
			continue
		}
		const tries = 50 // conditions are met by luck
		for range tries {
			body := d.draw(t, d.at(c.request.schema))
			read := d.spelled(d.at(c.request.schema), body)
			if d.judge(c.request.schema, read) == nil && d.tooLong(d.at(c.request.schema), read) == nil {
				return body
			}
		}
		t.Fatalf("none of %d bodies for %s was one that the document allows", tries, id)
	}
	t.Fatalf("no call %s has a body", id)
	return nil
}

// chosen are the schemas that have a say in a value, of each oneOf one.
func (d *Document) chosen(t *rapid.T, schema node) []node {
	all := []node{schema}
	if ref := text(schema["$ref"]); ref != "" {
		all = append(all, d.chosen(t, d.at(strings.TrimPrefix(ref, "#")))...)
	}
	for _, member := range list(schema["allOf"]) {
		all = append(all, d.chosen(t, member.(node))...)
	}
	if members := list(schema["oneOf"]); len(members) > 0 {
		all = append(all, d.chosen(t, rapid.SampledFrom(members).Draw(t, "one").(node))...)
	}
	if then, ok := schema["then"].(node); ok && rapid.IntRange(0, 3).Draw(t, "then") > 0 {
		all = append(all, d.chosen(t, then)...)
	}
	return all
}

func (d *Document) draw(t *rapid.T, schema node) any {
	all := d.chosen(t, schema)
	kind := ""
	for _, one := range all {
		if enum := list(one["enum"]); len(enum) > 0 {
			return rapid.SampledFrom(enum).Draw(t, "enum")
		}
		switch is := one["type"].(type) {
		case string:
			kind = is
		case []any:
			kind = text(rapid.SampledFrom(is).Draw(t, "type"))
		}
	}
	switch kind {
	case "object":
		return d.drawObject(t, all)
	case "array":
		least, most := bounds(all, "minItems", "maxItems", 4)
		elements := make([]any, rapid.IntRange(least, most).Draw(t, "elements"))
		for i := range elements {
			elements[i] = d.draw(t, d.items(node{"allOf": anys(all)}))
		}
		return elements
	case "number":
		const most = 10_000_000 // minor units
		return json.Number(strconv.FormatFloat(float64(rapid.IntRange(0, most).Draw(t, "minor"))/100, 'f', -1, 64))
	case "boolean":
		return rapid.Bool().Draw(t, "flag")
	case "string":
		return drawString(t, all)
	}
	panic(fmt.Sprintf("bodies of the kind %q cannot be drawn", kind))
}

func (d *Document) drawObject(t *rapid.T, all []node) any {
	properties := map[string][]any{}
	var required []string
	for _, one := range all {
		under, _ := one["properties"].(node)
		for name, property := range under {
			properties[name] = append(properties[name], property)
		}
		for _, name := range list(one["required"]) {
			required = append(required, text(name))
		}
	}
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		key := name
		if rapid.IntRange(0, 9).Draw(t, "case") == 0 {
			key = strings.ToUpper(name)
		}
		switch {
		case slices.Contains(required, name) || rapid.Bool().Draw(t, name):
			object[key] = d.draw(t, node{"allOf": properties[name]})
		case rapid.IntRange(0, 4).Draw(t, "null") == 0:
			object[key] = nil
		}
	}
	if rapid.IntRange(0, 9).Draw(t, "unknown") == 0 {
		object["x-unknown"] = rapid.SampledFrom([]any{"x", nil, true, []any{}, map[string]any{"y": json.Number("1e9")}}).Draw(t, "x")
	}
	return object
}

// drawString draws texts in any script, most of them short.
func drawString(t *rapid.T, all []node) string {
	const short = 24
	least, most := bounds(all, "minLength", "maxLength", short)
	runes := rapid.RuneFrom([]rune{'a', 'Z', '0', '-', ':', ' ', '"', '\\', '/', '<', '\u2028', 'é', '票'}, unicode.Latin, unicode.Cyrillic, unicode.Han, unicode.N)
	if rapid.IntRange(0, 19).Draw(t, "long") == 0 {
		_, longest := bounds(all, "minLength", "maxLength", 1<<20)
		_, bytes := bounds(all, "", "x-max-bytes", 1<<20)
		return strings.Repeat("x", min(longest, bytes))
	}
	return rapid.StringOfN(runes, least, most, -1).Draw(t, "text")
}

// bounds are the limits of all schemas together, the upper one a few above the
// lower one at most.
func bounds(all []node, lower, upper string, few int) (least, most int) {
	most = -1
	for _, one := range all {
		least = max(least, int(number(one[lower])))
		if limit, ok := one[upper].(float64); ok && (most < 0 || int(limit) < most) {
			most = int(limit)
		}
	}
	if most < 0 || most > least+few {
		most = least + few
	}
	return least, most
}

func anys(all []node) []any {
	boxed := make([]any, len(all))
	for i, one := range all {
		boxed[i] = one
	}
	return boxed
}

// Spoil changes a body in one place: a field is taken away, or becomes something
// else. What comes out may still be allowed.
func Spoil(t *rapid.T, body any) any {
	var places []func(any)
	top := body
	places = append(places, func(v any) { top = v })
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				places = append(places, func(other any) {
					if other == gone {
						delete(v, key)
						return
					}
					v[key] = other
				})
				walk(v[key])
			}
		case []any:
			for i := range v {
				places = append(places, func(other any) { v[i] = other })
				walk(v[i])
			}
		}
	}
	walk(body)
	const tooMany = 501
	many := make([]any, tooMany)
	for i := range many {
		many[i] = fmt.Sprintf("T%d", i)
	}
	other := rapid.SampledFrom([]any{
		gone, gone, gone, nil, "", "5", "string", strings.Repeat("é", 1025), strings.Repeat("x", 129), strings.Repeat("x", 257),
		json.Number("5"), json.Number("-1"), json.Number("0.001"), json.Number("1e13"), json.Number("1e400"), json.Number("-0"),
		true, []any{}, []any{map[string]any{}}, []any{[]any{}}, []any{"A", "A"}, []any{nil}, many, map[string]any{}, map[string]any{"token": "A"},
	}).Draw(t, "other")
	place := rapid.SampledFrom(places).Draw(t, "place")
	if other == any(gone) {
		place(gone)
		if top == any(gone) {
			return nil
		}
		return top
	}
	place(other)
	return top
}

// gone stands for a field that is taken away; where there is none it is just
// another text.
const gone = "gone"
