package template

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// call is an intrinsic function of CloudFormation that waits for its resolution: !Ref X, Fn::Sub and the like.
type call struct {
	name string // without "Fn::" and "!": "Ref", "Sub", "GetAtt", ...
	arg  any
	line int
}

// none is the value of AWS::NoValue: the member or element that holds it is left out.
type none struct{}

// decode turns a YAML node into maps, slices, scalars and calls. Both spellings of a function become a call.
func decode(n *yaml.Node) (any, error) {
	if n.Kind == yaml.DocumentNode {
		return decode(n.Content[0])
	}
	if n.Kind == yaml.AliasNode {
		return decode(n.Alias)
	}
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		plain := *n
		plain.Tag = ""
		arg, err := decode(&plain)
		if err != nil {
			return nil, err
		}
		return call{name: strings.TrimPrefix(n.Tag, "!"), arg: arg, line: n.Line}, nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := decode(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = v
		}
		if len(m) == 1 {
			for key, arg := range m {
				if name, ok := strings.CutPrefix(key, "Fn::"); ok || key == "Ref" {
					return call{name: name, arg: arg, line: n.Line}, nil
				}
			}
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := decode(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	default:
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		switch v := v.(type) {
		case string, bool, nil:
			return v, nil
		default:
			// Numbers and dates keep their spelling: CloudFormation hands them on as text.
			return number(n.Value), nil
		}
	}
}

// reference matches ${Name} and ${Name.Attribute} in a Fn::Sub; ${!Literal} is left as ${Literal}.
var reference = regexp.MustCompile(`\$\{(!?)([^}]*)\}`)

// resolve replaces every call below v by its value. Members and elements that are AWS::NoValue disappear.
func (r *resolver) resolve(v any) (any, error) {
	switch v := v.(type) {
	case call:
		out, err := r.call(v)
		if err != nil {
			return nil, fmt.Errorf("line %d: !%s: %w", v.line, v.name, err)
		}
		return out, nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out, err := r.resolve(v[key])
			if err != nil {
				return nil, err
			}
			if _, gone := out.(none); !gone {
				m[key] = out
			}
		}
		return m, nil
	case []any:
		list := make([]any, 0, len(v))
		for _, e := range v {
			out, err := r.resolve(e)
			if err != nil {
				return nil, err
			}
			if _, gone := out.(none); !gone {
				list = append(list, out)
			}
		}
		return list, nil
	default:
		return v, nil
	}
}

func (r *resolver) call(c call) (any, error) {
	switch c.name {
	case "Ref":
		return r.ref(text(c.arg))
	case "Condition":
		return r.condition(text(c.arg))
	case "If":
		// Only the branch that is taken is looked at: the other one may name what does not exist.
		args, ok := c.arg.([]any)
		if !ok || len(args) != 3 {
			return nil, fmt.Errorf("wants [condition, value, value]")
		}
		yes, err := r.condition(text(args[0]))
		if err != nil {
			return nil, err
		}
		if yes {
			return r.resolve(args[1])
		}
		return r.resolve(args[2])
	}
	arg, err := r.resolve(c.arg)
	if err != nil {
		return nil, err
	}
	args, _ := arg.([]any)
	switch c.name {
	case "GetAtt":
		if s, ok := arg.(string); ok {
			id, attribute, _ := strings.Cut(s, ".")
			return r.attribute(id, attribute)
		}
		if len(args) != 2 {
			return nil, fmt.Errorf("wants resource.attribute")
		}
		return r.attribute(text(args[0]), text(args[1]))
	case "Sub":
		return r.sub(arg)
	case "Join":
		if len(args) != 2 {
			return nil, fmt.Errorf("wants [separator, list]")
		}
		return strings.Join(texts(args[1]), text(args[0])), nil
	case "Split":
		if len(args) != 2 {
			return nil, fmt.Errorf("wants [separator, text]")
		}
		var parts []any
		for p := range strings.SplitSeq(text(args[1]), text(args[0])) {
			parts = append(parts, p)
		}
		return parts, nil
	case "Select":
		if len(args) != 2 {
			return nil, fmt.Errorf("wants [index, list]")
		}
		list := texts(args[1])
		i, err := strconv.Atoi(text(args[0]))
		if err != nil || i < 0 || i >= len(list) {
			return nil, fmt.Errorf("no element %s in a list of %d", text(args[0]), len(list))
		}
		return list[i], nil
	case "Equals":
		if len(args) != 2 {
			return nil, fmt.Errorf("wants two values")
		}
		return text(args[0]) == text(args[1]), nil
	case "Not":
		if len(args) != 1 {
			return nil, fmt.Errorf("wants one condition")
		}
		return !truth(args[0]), nil
	case "And":
		return !slices.ContainsFunc(args, func(a any) bool { return !truth(a) }), nil
	case "Or":
		return slices.ContainsFunc(args, truth), nil
	case "FindInMap":
		if len(args) < 3 {
			return nil, fmt.Errorf("wants [map, key, key]")
		}
		m, _ := r.raw["Mappings"].(map[string]any)
		for i, key := range args[:3] {
			next, ok := m[text(key)]
			if !ok {
				return nil, fmt.Errorf("no %s in Mappings", strings.Join(texts(args[:i+1]), "."))
			}
			if i == 2 {
				return next, nil
			}
			m, _ = next.(map[string]any)
		}
	}
	return nil, fmt.Errorf("the local stack does not know this function")
}

// sub is Fn::Sub: a text, or [text, {name: value}].
func (r *resolver) sub(arg any) (any, error) {
	own := map[string]any{}
	format := text(arg)
	if args, ok := arg.([]any); ok {
		if len(args) != 2 {
			return nil, fmt.Errorf("wants a text, or [text, map]")
		}
		format = text(args[0])
		own, _ = args[1].(map[string]any)
	}
	var failed error
	out := reference.ReplaceAllStringFunc(format, func(m string) string {
		parts := reference.FindStringSubmatch(m)
		if parts[1] == "!" {
			return "${" + parts[2] + "}"
		}
		name := strings.TrimSpace(parts[2])
		if v, ok := own[name]; ok {
			return text(v)
		}
		var v any
		var err error
		if id, attribute, dotted := strings.Cut(name, "."); dotted {
			v, err = r.attribute(id, attribute)
		} else {
			v, err = r.ref(name)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return text(v)
	})
	return out, failed
}
