package deployment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// ofType returns the logical names of the resources of a type, sorted.
func (t *Template) ofType(kind string) []string {
	var names []string
	for _, name := range t.names() {
		if t.kind(name) == kind {
			names = append(names, name)
		}
	}
	return names
}

// names returns the logical names of all resources, sorted.
func (t *Template) names() []string { return slices.Sorted(maps.Keys(t.Resources)) }

func (t *Template) kind(name string) string { return words(at(t.Resources[name], "Type")) }

// property returns a property of a resource by its path, or nil.
func (t *Template) property(name string, path ...string) any {
	return at(t.Resources[name], append([]string{"Properties"}, path...)...)
}

// at goes down a path of members.
func at(v any, path ...string) any {
	for _, step := range path {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	return v
}

// words is a text, or the readable form of what is none: {"Ref": "X"} is "Ref X".
func words(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			return strings.TrimPrefix(key, "Fn::") + " " + words(v[key])
		}
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = words(part)
		}
		return strings.Join(parts, ".")
	}
	return fmt.Sprint(v)
}

// list is what stands in a place that takes one value or several; of an Fn::If every branch, for a rule holds whatever
// the conditions say.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		var all []any
		for _, part := range v {
			all = append(all, list(part)...)
		}
		return all
	case map[string]any:
		if branches, ok := v["Fn::If"].([]any); ok && len(branches) == 3 {
			return append(list(branches[1]), list(branches[2])...)
		}
		if v["Ref"] == "AWS::NoValue" {
			return nil
		}
	}
	return []any{v}
}

var inSub = regexp.MustCompile(`\$\{([A-Za-z0-9]+)[.}]`)

// references returns the logical names of the resources that a value names by Ref, GetAtt, Sub or DependsOn, sorted.
func (t *Template) references(v any) []string {
	found := map[string]bool{}
	t.refer(v, found)
	return slices.Sorted(maps.Keys(found))
}

func (t *Template) refer(v any, found map[string]bool) {
	mark := func(name string) {
		if t.Resources[name] != nil {
			found[name] = true
		}
	}
	switch v := v.(type) {
	case []any:
		for _, part := range v {
			t.refer(part, found)
		}
	case map[string]any:
		for key, value := range v {
			switch key {
			case "Ref":
				mark(words(value))
			case "Fn::GetAtt":
				name, _, _ := strings.Cut(words(value), ".")
				mark(name)
			case "DependsOn":
				for _, name := range list(value) {
					mark(words(name))
				}
			case "Fn::Sub":
				for _, m := range inSub.FindAllStringSubmatch(words(value), -1) {
					mark(m[1])
				}
				t.refer(value, found)
			default:
				t.refer(value, found)
			}
		}
	}
}

// statement is one statement of an IAM policy document.
type statement struct {
	where     string // logical name of the role or policy, and the statement's Sid
	effect    string
	actions   []string
	resources []any
	raw       map[string]any
}

// statements reads a policy document.
func statements(where string, document any) []statement {
	var all []statement
	for i, v := range list(at(document, "Statement")) {
		raw, _ := v.(map[string]any)
		s := statement{effect: words(raw["Effect"]), resources: list(raw["Resource"]), raw: raw}
		s.where = fmt.Sprintf("%s, statement %d", where, i+1)
		if sid := words(raw["Sid"]); sid != "" {
			s.where = where + ", " + sid
		}
		for _, action := range list(raw["Action"]) {
			s.actions = append(s.actions, words(action))
		}
		all = append(all, s)
	}
	return all
}

// granted returns every statement of a role's own policies.
func (t *Template) granted(role string) []statement {
	var all []statement
	for _, policy := range list(t.property(role, "Policies")) {
		all = append(all, statements(role, at(policy, "PolicyDocument"))...)
	}
	return all
}

// role returns the logical name of a function's role, or "".
func (t *Template) role(function string) string {
	attribute := strings.Fields(words(t.property(function, "Role")))
	if len(attribute) != 2 || attribute[0] != "GetAtt" {
		return ""
	}
	name, _, _ := strings.Cut(attribute[1], ".")
	return name
}
