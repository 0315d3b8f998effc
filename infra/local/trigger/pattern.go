package trigger

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// pattern is an EventBridge content pattern, as rules and the filters of event sources use them: a map of members whose leaves
// are lists of alternatives.
type pattern map[string]any

func parsePattern(text string) (pattern, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var p pattern
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("pattern %s: %w", text, err)
	}
	if err := p.check(""); err != nil {
		return nil, fmt.Errorf("pattern %s: %w", text, err)
	}
	return p, nil
}

// check refuses operators that are not known here: to ignore one would let too much, or too little, through.
func (p pattern) check(path string) error {
	for name, v := range p {
		at := path + "." + name
		switch v := v.(type) {
		case map[string]any:
			if err := pattern(v).check(at); err != nil {
				return err
			}
		case []any:
			for _, alternative := range v {
				m, ok := alternative.(map[string]any)
				if !ok {
					continue
				}
				if name == "$or" {
					if err := pattern(m).check(at); err != nil {
						return err
					}
					continue
				}
				for operator := range m {
					switch operator {
					case "exists", "prefix", "suffix", "anything-but", "equals-ignore-case", "numeric":
					default:
						return fmt.Errorf("%s: the local stack does not know the operator %q", at, operator)
					}
				}
			}
		default:
			return fmt.Errorf("%s must be a list of values or an object", at)
		}
	}
	return nil
}

// matches says whether an event (JSON) fits. Numbers are compared by their spelling or, with "numeric", by value.
func (p pattern) matches(event []byte) bool {
	d := json.NewDecoder(bytes.NewReader(event))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return false
	}
	return p.fits(v)
}

func (p pattern) fits(v any) bool {
	object, _ := v.(map[string]any)
	for name, wanted := range p {
		if name == "$or" {
			if !or(wanted, v) {
				return false
			}
			continue
		}
		found, there := object[name]
		switch wanted := wanted.(type) {
		case map[string]any:
			if !pattern(wanted).fits(found) {
				return false
			}
		case []any:
			if !anyOf(wanted, found, there) {
				return false
			}
		}
	}
	return true
}

func or(alternatives, v any) bool {
	list, _ := alternatives.([]any)
	for _, a := range list {
		if m, ok := a.(map[string]any); ok && pattern(m).fits(v) {
			return true
		}
	}
	return false
}

// anyOf says whether one alternative fits the value; of a list, whether one fits one element.
func anyOf(alternatives []any, v any, there bool) bool {
	values := []any{v}
	if list, ok := v.([]any); ok {
		values = list
	}
	for _, a := range alternatives {
		if m, ok := a.(map[string]any); ok {
			if exists, ok := m["exists"].(bool); ok {
				_, object := v.(map[string]any)
				if exists == (there && !object) { // exists looks at leaves only
					return true
				}
				continue
			}
			if !there {
				continue
			}
			for _, value := range values {
				if operators(m, value) {
					return true
				}
			}
			continue
		}
		if !there {
			continue
		}
		for _, value := range values {
			if value == a {
				return true
			}
		}
	}
	return false
}

func operators(m map[string]any, v any) bool {
	text, isText := v.(string)
	for operator, operand := range m {
		ok := false
		switch operator {
		case "prefix":
			s, _ := operand.(string)
			ok = isText && strings.HasPrefix(text, s)
		case "suffix":
			s, _ := operand.(string)
			ok = isText && strings.HasSuffix(text, s)
		case "equals-ignore-case":
			s, _ := operand.(string)
			ok = isText && strings.EqualFold(text, s)
		case "anything-but":
			ok = anythingBut(operand, v)
		case "numeric":
			ok = numeric(operand, v)
		}
		if !ok {
			return false
		}
	}
	return true
}

func anythingBut(operand, v any) bool {
	switch o := operand.(type) {
	case []any:
		for _, e := range o {
			if e == v {
				return false
			}
		}
		return true
	case map[string]any:
		return !operators(o, v)
	default:
		return o != v
	}
}

// numeric is ["<", 10], [">=", 0, "<", 5], ["=", 3].
func numeric(operand, v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	value, err := n.Float64()
	list, _ := operand.([]any)
	if err != nil || len(list) == 0 {
		return false
	}
	for i := 0; i+1 < len(list); i += 2 {
		operator, _ := list[i].(string)
		limit, _ := list[i+1].(json.Number)
		l, err := limit.Float64()
		if err != nil {
			return false
		}
		fits := map[string]bool{"<": value < l, "<=": value <= l, ">": value > l, ">=": value >= l, "=": value == l}[operator]
		if !fits {
			return false
		}
	}
	return true
}
