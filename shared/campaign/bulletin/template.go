package bulletin

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"madoguchi/shared/campaign/edition"
)

// writer writes the parts of one template, which share their variables.
type writer struct {
	frame Frame
	marks *marks
	used  []edition.Variable
	index map[edition.Variable]int
}

func newWriter(m *marks, f Frame) *writer {
	return &writer{frame: f, marks: m, index: map[edition.Variable]int{}}
}

// variable is the place of a mark among the variables.
func (w *writer) variable(k mark, inHTML bool) int {
	v := edition.Variable{Value: k.name, Fallback: k.fallback, Literal: k.literal, HTML: inHTML && !k.literal}
	if i, ok := w.index[v]; ok {
		return i
	}
	i, unnamed := len(w.used), v
	kind := "t"
	switch {
	case v.HTML:
		kind = "h"
	case v.Literal:
		kind = "c"
	}
	v.Name = kind + strconv.Itoa(i)
	w.index[unnamed] = i
	w.used = append(w.used, v)
	return i
}

// part makes a template of a text with marks. Handlebars reads {{, a backslash before it, and after a variable a third }: such
// characters become variables, whose values it does not read. size is how many bytes it has with the largest values.
func (w *writer) part(s string, inHTML bool) (template string, size int) {
	var out strings.Builder
	afterVariable := false
	runes := []rune(s)
	for i, r := range runes {
		k := mark{name: string(r), literal: true}
		switch {
		case isMark(r):
			k = w.marks.of(r)
		case r == '\\', r == '}' && afterVariable,
			r == '{' && (i+1 == len(runes) || runes[i+1] == '{' || runes[i+1] == '\\' || isMark(runes[i+1])):
		default:
			out.WriteRune(r)
			size += utf8.RuneLen(r)
			afterVariable = false
			continue
		}
		v := &w.used[w.variable(k, inHTML)]
		out.WriteString(v.Tag())
		size += longest(v, w.frame)
		afterVariable = true
	}
	return out.String(), size
}

// longest is how many bytes a value can take in HTML: five for each letter, as &amp; does.
func longest(v *edition.Variable, f Frame) int {
	field, _ := fieldOf(f.Kind, v.Value)
	switch {
	case v.Literal:
		return 1
	case v.Value == edition.Unsubscribe, v.Value == edition.Preferences, field.IsLink:
		return edition.LongestLink
	}
	return 5 * max(field.longest, len([]rune(v.Fallback)))
}
