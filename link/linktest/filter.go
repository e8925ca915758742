package linktest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A filter is a policy over the attributes of messages: each name has conditions,
// of which one must hold.
type filter map[string][]condition

// A condition holds for the values of an attribute; none where it is absent.
type condition func(values []any) bool

// takes reports whether a message with these attributes is for the subscription.
func (f filter) takes(attributes map[string]Attribute) bool {
	for name, conditions := range f {
		values := valuesOf(attributes[name])
		if !slices.ContainsFunc(conditions, func(c condition) bool { return c(values) }) {
			return false
		}
	}
	return true
}

// valuesOf are what is compared: texts, and numbers as float64.
func valuesOf(a Attribute) []any {
	switch a.Type {
	case "":
		return nil
	case "String.Array":
		var list []any
		_ = json.Unmarshal([]byte(a.Value), &list) // one that is no array matches nothing
		return list
	case "Number":
		if n, err := strconv.ParseFloat(a.Value, 64); err == nil {
			return []any{n}
		}
		return nil
	}
	return []any{a.Value}
}

func parseFilter(policy string) (filter, error) {
	if policy == "" {
		return nil, nil
	}
	var wire map[string][]any
	if err := json.Unmarshal([]byte(policy), &wire); err != nil {
		return nil, invalid("FilterPolicy: it is an object of arrays")
	}
	f := filter{}
	for name, wants := range wire {
		for _, want := range wants {
			c, err := parseCondition(want)
			if err != nil {
				return nil, err
			}
			f[name] = append(f[name], c)
		}
		if len(wants) == 0 {
			return nil, invalid("FilterPolicy: Empty arrays are not allowed")
		}
	}
	return f, nil
}

func parseCondition(want any) (condition, error) {
	operator, isObject := want.(map[string]any)
	if !isObject {
		return func(values []any) bool { return slices.Contains(values, want) }, nil
	}
	if len(operator) != 1 {
		return nil, invalid("FilterPolicy: one operator at a time")
	}
	for name, operand := range operator {
		switch operand := operand.(type) {
		case bool:
			if name == "exists" {
				return func(values []any) bool { return (len(values) > 0) == operand }, nil
			}
		case string:
			switch name {
			case "prefix":
				return text(func(s string) bool { return strings.HasPrefix(s, operand) }), nil
			case "suffix":
				return text(func(s string) bool { return strings.HasSuffix(s, operand) }), nil
			case "equals-ignore-case":
				return text(func(s string) bool { return strings.EqualFold(s, operand) }), nil
			case "anything-but":
				return otherThan([]any{operand}), nil
			}
		case []any:
			switch name {
			case "anything-but":
				return otherThan(operand), nil
			case "numeric":
				return numeric(operand)
			}
		}
		return nil, invalid("FilterPolicy: the operator %s is not built here", name)
	}
	return nil, nil //nolint:nilnil // an object of one element was left in the loop
}

func text(holds func(string) bool) condition {
	return func(values []any) bool {
		return slices.ContainsFunc(values, func(v any) bool { s, is := v.(string); return is && holds(s) })
	}
}

func otherThan(these []any) condition {
	return func(values []any) bool {
		return slices.ContainsFunc(values, func(v any) bool { return !slices.Contains(these, v) })
	}
}

// numeric reads pairs such as ">", 10, "<=", 20.
func numeric(pairs []any) (condition, error) {
	var all []func(float64) bool
	for i := 0; i+1 < len(pairs); i += 2 {
		bound, isNumber := pairs[i+1].(float64)
		compare := map[any]func(float64) bool{
			"=": func(n float64) bool { return n == bound },
			"<": func(n float64) bool { return n < bound }, "<=": func(n float64) bool { return n <= bound },
			">": func(n float64) bool { return n > bound }, ">=": func(n float64) bool { return n >= bound },
		}[pairs[i]]
		if !isNumber || compare == nil {
			return nil, invalid("FilterPolicy: numeric has an operator and a number")
		}
		all = append(all, compare)
	}
	if len(all) == 0 || len(pairs)%2 != 0 {
		return nil, invalid("FilterPolicy: numeric has an operator and a number")
	}
	return func(values []any) bool {
		return slices.ContainsFunc(values, func(v any) bool {
			n, is := v.(float64)
			return is && !slices.ContainsFunc(all, func(holds func(float64) bool) bool { return !holds(n) })
		})
	}, nil
}
