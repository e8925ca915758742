package apitest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Schema is one schema of the document, for comparing it with types.
type Schema struct {
	Name     string // among the components; "" for one that stands within another
	document *Document
	node     node
	request  bool
	of       string // what it stands within
}

// Component is the schema of this name.
func (d *Document) Component(name string) Schema {
	return Schema{Name: name, document: d, node: d.at(pointer("", "components", "schemas", name)), request: strings.HasSuffix(name, "Request")}
}

func (s Schema) String() string {
	if s.Name == "" {
		return "a schema within " + s.of
	}
	return s.Name
}

// OfRequest reports whether the schema is taken and not sent. Names of requests
// match in any letter case.
func (s Schema) OfRequest() bool { return s.request }

// Requires reports whether an object always has a property.
func (s Schema) Requires(property string) bool {
	return slices.Contains(list(s.node["required"]), any(property))
}

// Properties are the fields of an object. Where the document takes either an
// object or an array of such, an array is what a property is.
func (s Schema) Properties() map[string]Schema {
	found := map[string]Schema{}
	for name, property := range s.document.properties(s.node) {
		found[name] = s.under(property)
	}
	return found
}

// Items is the schema of an array's elements.
func (s Schema) Items() (Schema, bool) {
	items := s.document.items(s.node)
	if items == nil {
		return Schema{}, false
	}
	return s.under(items), true
}

// under is a schema within this one, by its name if it has one. What a schema
// adds to one that it refers to does not matter here.
func (s Schema) under(n node) Schema {
	for _, one := range s.document.alternatives(n) {
		if one["type"] == "array" { // it may stand beside its only element
			return Schema{document: s.document, node: one, request: s.request, of: s.place()}
		}
		if ref := text(one["$ref"]); ref != "" && s.document.items(n) == nil {
			named := s.document.Component(ref[strings.LastIndexByte(ref, '/')+1:])
			named.request = s.request
			return named
		}
	}
	return Schema{document: s.document, node: n, request: s.request, of: s.place()}
}

// place is the nearest name.
func (s Schema) place() string { return cmp.Or(s.Name, s.of) }

// SchemasOfBuiltCalls names the components that hold fields and that the calls
// which are built use.
func (d *Document) SchemasOfBuiltCalls() []string {
	names := map[string]bool{}
	visit := func(at string, schema node) {
		name, isComponent := strings.CutPrefix(at, "/components/schemas/")
		if isComponent && !strings.Contains(name, "/") && schema["properties"] != nil {
			names[name] = true
		}
	}
	for _, c := range d.calls {
		if c.NotBuiltYet {
			continue
		}
		seen := map[string]bool{}
		if c.request != nil {
			d.walk(c.request.schema, seen, visit)
		}
		for _, r := range c.responses {
			if r.json != nil {
				d.walk(r.json.schema, seen, visit)
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// walk visits every schema from a pointer on, by way of references too.
func (d *Document) walk(at string, seen map[string]bool, visit func(at string, schema node)) {
	schema, at := d.resolve(d.at(at), at)
	if seen[at] {
		return
	}
	seen[at] = true
	visit(at, schema)
	for _, keyword := range []string{"allOf", "oneOf"} {
		for i := range list(schema[keyword]) {
			d.walk(pointer(at, keyword, fmt.Sprint(i)), seen, visit)
		}
	}
	properties, _ := schema["properties"].(node)
	for name := range properties {
		d.walk(pointer(at, "properties", name), seen, visit)
	}
	if _, ok := schema["items"].(node); ok {
		d.walk(pointer(at, "items"), seen, visit)
	}
}

// Without is the document without one property of a component. Only what is
// compared with types is changed, not what exchanges are checked against.
func (d *Document) Without(component, property string) *Document {
	less := &Document{root: maps.Clone(d.root), calls: d.calls}
	at := less.root
	for _, step := range []string{"components", "schemas", component, "properties"} {
		inner := maps.Clone(at[step].(node))
		at[step] = inner
		at = inner
	}
	delete(at, property)
	return less
}
