package template

import (
	"fmt"
	"strconv"
	"strings"
)

// number is a scalar that YAML reads as something else than text, a truth value or nothing.
type number string

// text is a scalar as CloudFormation hands it on: numbers in their spelling, true and false, "" for nothing.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case number:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return strings.Join(texts(v), ",") // CommaDelimitedList
	}
	return ""
}

func texts(v any) []string {
	switch v := v.(type) {
	case []any:
		out := make([]string, 0, len(v))
		for _, e := range v {
			out = append(out, text(e))
		}
		return out
	case nil:
		return nil
	default:
		return []string{text(v)}
	}
}

func truth(v any) bool { return text(v) == "true" }

// integer reads a whole number, or fails with the name of what should have been one.
func integer(name string, v any, otherwise int) (int, error) {
	if v == nil {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text(v))
	if err != nil {
		return 0, fmt.Errorf("%s: %q is not a whole number", name, text(v))
	}
	return n, nil
}

// member walks a path of map members; nil where one is missing.
func member(v any, path ...string) any {
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[p]
	}
	return v
}

// plain turns resolved values into what encoding/json writes as the same data: numbers as numbers.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, e := range v {
			m[k] = plain(e)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plain(e)
		}
		return list
	case number:
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			return f
		}
		return string(v)
	default:
		return v
	}
}
