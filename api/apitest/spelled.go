package apitest

import (
	"fmt"
	"slices"
	"strings"
)

// spelled writes a request as the document spells it: keys match in any letter
// case, and null counts as absent. No schema can say so, hence the prose of the
// document does.
func (d *Document) spelled(schema node, value any) any {
	switch v := value.(type) {
	case map[string]any:
		properties := d.properties(schema)
		written := make(map[string]any, len(v))
		for key, one := range v {
			name := key
			for published := range properties {
				if strings.EqualFold(published, key) {
					name = published
				}
			}
			if one == nil {
				continue
			}
			under, _ := properties[name]
			written[name] = d.spelled(under, one)
		}
		return written
	case []any:
		items := d.items(schema)
		written := make([]any, len(v))
		for i, one := range v {
			if one == nil && d.isObject(items) {
				one = map[string]any{} // without any field, that is
			}
			written[i] = d.spelled(items, one)
		}
		return written
	}
	return value
}

func (d *Document) isObject(schema node) bool {
	return slices.ContainsFunc(d.alternatives(schema), func(one node) bool { return one["type"] == "object" })
}

// tooLong looks for strings beyond x-max-bytes.
func (d *Document) tooLong(schema node, value any) error {
	switch v := value.(type) {
	case string:
		for _, one := range d.alternatives(schema) {
			if most := number(one["x-max-bytes"]); most > 0 && len(v) > int(most) {
				return fmt.Errorf("a string has %d bytes, at most %v are allowed", len(v), most)
			}
		}
	case map[string]any:
		properties := d.properties(schema)
		for key, one := range v {
			if err := d.tooLong(properties[key], one); err != nil {
				return err
			}
		}
	case []any:
		for _, one := range v {
			if err := d.tooLong(d.items(schema), one); err != nil {
				return err
			}
		}
	}
	return nil
}

// alternatives are all schemas that have a say in a value: the schema, what it
// refers to, and the members of allOf and oneOf.
func (d *Document) alternatives(schema node) []node {
	if schema == nil {
		return nil
	}
	all := []node{schema}
	if ref := text(schema["$ref"]); ref != "" {
		all = append(all, d.alternatives(d.at(strings.TrimPrefix(ref, "#")))...)
	}
	for _, keyword := range []string{"allOf", "oneOf"} {
		for _, member := range list(schema[keyword]) {
			all = append(all, d.alternatives(member.(node))...)
		}
	}
	return all
}

// properties are the schemas of an object's fields.
func (d *Document) properties(schema node) map[string]node {
	found := map[string]node{}
	for _, one := range d.alternatives(schema) {
		properties, _ := one["properties"].(node)
		for name, property := range properties {
			found[name] = property.(node)
		}
	}
	return found
}

// items is the schema of an array's elements.
func (d *Document) items(schema node) node {
	for _, one := range d.alternatives(schema) {
		if items, ok := one["items"].(node); ok {
			return items
		}
	}
	return nil
}
