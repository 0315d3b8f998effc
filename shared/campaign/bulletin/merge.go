package bulletin

import (
	"regexp"
	"strings"
	"sync"
)

// mark is a place in a text that is not text: a merge field, one of the links, or a character that Handlebars could read.
type mark struct {
	name        string // of the field, or unsubscribe, preferences, link
	fallback    string
	hasFallback bool
	literal     bool // name is the character itself
}

// A mark stands in texts as one character of the last private plane, which no content may hold, until the template is
// written: so it goes through Markdown, sanitising, layout and the breaking of lines as a letter of a word would.
const (
	firstMark = '\U00100000'
	lastMark  = '\U0010FFFD'
)

func isMark(r rune) bool { return r >= firstMark && r <= lastMark }

// marks are the marks of one content.
type marks struct {
	list  []mark
	index map[mark]rune
}

func newMarks() *marks { return &marks{index: map[mark]rune{}} }

// put returns the character that stands for a mark. There are 65,534 of them, more than there can be different fields that
// are allowed in four parts of longSource bytes; the space beyond stands in a content that is refused already.
func (m *marks) put(k mark) rune {
	if r, ok := m.index[k]; ok {
		return r
	}
	if len(m.list) > lastMark-firstMark {
		return ' '
	}
	r := firstMark + rune(len(m.list)) //nolint:gosec // there are no more than fit
	m.list = append(m.list, k)
	m.index[k] = r
	return r
}

func (m *marks) of(r rune) mark { return m.list[r-firstMark] }

// expression is one that is compiled when it is first used: a function that starts to send one mail of many needs none, and
// the letters of all scripts take milliseconds.
func expression(s string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(s) })
}

var (
	// braced finds what could be a merge field with all braces around it: more than two before it make none.
	braced = expression(`\\?\{+[^{}\r\n]*\}+`)
	// field is the inside of a merge field. In a table of Markdown the bar may be written \|.
	field = expression(`^\s*([\pL\pN_.-]{1,64})\s*(?:\\?\|(.*))?$`)
)

// merge replaces the merge fields of a text by marks. What is no field stays as it is written, and \{{name}} becomes {{name}}.
// seen is told every field.
func (m *marks) merge(text string, seen func(mark)) string {
	return braced().ReplaceAllStringFunc(text, func(found string) string {
		inner, escaped := strings.CutPrefix(found, `\`)
		body := strings.Trim(inner, "{}")
		rest, is := strings.CutPrefix(inner, "{{"+body+"}}")
		if !is {
			return found
		}
		parts := field().FindStringSubmatch(body)
		if parts == nil {
			return found
		}
		if escaped {
			return inner
		}
		k := mark{name: parts[1], fallback: strings.TrimSpace(parts[2]), hasFallback: strings.Contains(body, "|")}
		seen(k)
		return string(m.put(k)) + rest
	})
}

// holds tells whether a text has a mark of that name.
func (m *marks) holds(text, name string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return isMark(r) && !m.of(r).literal && m.of(r).name == name })
}
