package template

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parameter is one parameter of the template with the value that this run uses.
type Parameter struct {
	Name        string // as the template spells it: FormMinimumSeconds
	Variable    string // the environment variable that overrides it: FORM_MINIMUM_SECONDS
	Description string
	Value       string
	Overridden  bool // the value comes from the environment
}

// Variable is the environment variable of a parameter: its name in upper snake case (contract, "Local tools").
// Runs of capitals stay together: ApiURL is API_URL.
func Variable(parameter string) string {
	var b strings.Builder
	runes := []rune(parameter)
	for i, c := range runes {
		if i > 0 && unicode.IsUpper(c) {
			before := unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1])
			endOfRun := unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if before || endOfRun {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToUpper(c))
	}
	return b.String()
}

// parameters works out the value of every parameter. Every value that the template does not allow is reported, in one
// error, as CloudFormation would refuse the deployment.
func parameters(raw map[string]any, o Options) ([]Parameter, error) {
	declared, _ := raw["Parameters"].(map[string]any)
	var out []Parameter
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		d, _ := declared[name].(map[string]any)
		p := Parameter{Name: name, Variable: Variable(name), Description: text(d["Description"])}
		value, given := o.Environment[p.Variable]
		fallback, known := o.Defaults[name]
		switch {
		case given:
			p.Value, p.Overridden = value, true
		case known:
			p.Value = fallback
		case d["Default"] != nil:
			p.Value = text(d["Default"])
		default:
			problems = append(problems, fmt.Errorf("parameter %s has no default: set %s", name, p.Variable))
			continue
		}
		if err := check(d, p.Value); err != nil && !o.SkipChecks {
			problems = append(problems, fmt.Errorf("parameter %s (%s=%s): %w", name, p.Variable, shown(d, p.Value), err))
		}
		out = append(out, p)
	}
	return out, errors.Join(problems...)
}

// shown keeps NoEcho values out of messages.
func shown(declaration map[string]any, value string) string {
	if truth(declaration["NoEcho"]) {
		return "****"
	}
	return strconv.Quote(value)
}

// check holds a value to the declaration: type, AllowedValues, AllowedPattern (of the whole value), lengths, limits.
func check(d map[string]any, value string) error {
	values := []string{value}
	kind := text(d["Type"])
	if kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<") {
		values = strings.Split(value, ",")
	}
	for _, v := range values {
		if kind == "Number" || kind == "List<Number>" {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				return fmt.Errorf("must be a number")
			}
			if least, err := strconv.ParseFloat(text(d["MinValue"]), 64); err == nil && f < least {
				return fmt.Errorf("must be at least %s", text(d["MinValue"]))
			}
			if most, err := strconv.ParseFloat(text(d["MaxValue"]), 64); err == nil && f > most {
				return fmt.Errorf("must be at most %s", text(d["MaxValue"]))
			}
		}
		if allowed := texts(d["AllowedValues"]); len(allowed) > 0 && !slices.Contains(allowed, v) {
			return fmt.Errorf("must be one of %s", strings.Join(allowed, ", "))
		}
	}
	if n, err := strconv.Atoi(text(d["MinLength"])); err == nil && utf8.RuneCountInString(value) < n {
		return fmt.Errorf("must have at least %d characters", n)
	}
	if n, err := strconv.Atoi(text(d["MaxLength"])); err == nil && utf8.RuneCountInString(value) > n {
		return fmt.Errorf("must have at most %d characters", n)
	}
	if pattern := text(d["AllowedPattern"]); pattern != "" {
		re, err := regexp.Compile(`^(?:` + pattern + `)$`)
		if err != nil {
			return fmt.Errorf("AllowedPattern: %w", err)
		}
		if !re.MatchString(value) {
			if why := text(d["ConstraintDescription"]); why != "" {
				return errors.New(why)
			}
			return fmt.Errorf("must match %s", pattern)
		}
	}
	return nil
}
