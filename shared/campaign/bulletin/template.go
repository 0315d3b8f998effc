package bulletin

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"

	"madoguchi/shared/text"
)

// variable is a variable of the SES template: a mark as it stands in HTML or elsewhere.
type variable struct {
	mark
	html bool
	name string // as the template calls it
	key  string // `"name":` as JSON
}

// pattern is one part in pieces: text, or a variable by its place in the list of them.
type pattern []piece

type piece struct {
	text     string
	variable int // -1 for text
}

// writer writes the parts of one template, which share their variables.
type writer struct {
	marks *marks
	used  []variable
	index map[variable]int
}

func newWriter(m *marks) *writer { return &writer{marks: m, index: map[variable]int{}} }

func (w *writer) variable(k mark, inHTML bool) int {
	v := variable{mark: k, html: inHTML && !k.literal}
	if i, ok := w.index[v]; ok {
		return i
	}
	i, unnamed := len(w.used), v
	kind := "t"
	switch {
	case v.html:
		kind = "h"
	case k.literal:
		kind = "c"
	}
	v.name = kind + strconv.Itoa(i)
	v.key = `"` + v.name + `":`
	w.index[unnamed] = i
	w.used = append(w.used, v)
	return i
}

// part makes a template of a text with marks. Handlebars reads {{, a backslash before it, and after a variable a third }: such
// characters become variables, whose values it does not read.
func (w *writer) part(s string, inHTML bool) pattern {
	var out pattern
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			out = append(out, piece{text: literal.String(), variable: -1})
			literal.Reset()
		}
	}
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
			literal.WriteRune(r)
			afterVariable = false
			continue
		}
		flush()
		out = append(out, piece{variable: w.variable(k, inHTML)})
		afterVariable = true
	}
	flush()
	return out
}

// handlebars is the template as SES reads it.
func (t pattern) handlebars(used []variable) string {
	var b strings.Builder
	for _, p := range t {
		if p.variable < 0 {
			b.WriteString(p.text)
			continue
		}
		b.WriteString("{{" + used[p.variable].name + "}}")
	}
	return b.String()
}

// fill renders the template with the values of its variables, by their place.
func (t pattern) fill(values []string) string {
	var b strings.Builder
	for _, p := range t {
		if p.variable < 0 {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(values[p.variable])
	}
	return b.String()
}

// Data returns the replacement data of one recipient as a JSON object: every variable of the template and no other. Its error
// wraps ErrRecipient: a value that no mail may hold (hard case 4), or a link that is missing.
func (b *Bulletin) Data(r Recipient) (string, error) {
	values, err := b.values(r)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteByte('{')
	for i, v := range b.used {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(v.key)
		encoded, err := json.Marshal(values[i])
		if err != nil {
			return "", fmt.Errorf("write the data of %s: %w", v.mark.name, err)
		}
		out.Write(encoded)
	}
	out.WriteByte('}')
	return out.String(), nil
}

// Render returns what one recipient will get: exactly what SES makes of the template and the recipient's data. Its error is
// that of Data.
func (b *Bulletin) Render(r Recipient) (subject, html, text string, err error) {
	values, err := b.values(r)
	if err != nil {
		return "", "", "", err
	}
	return b.subject.fill(values), b.html.fill(values), b.text.fill(values), nil
}

func (b *Bulletin) values(r Recipient) ([]string, error) {
	values := make([]string, len(b.used))
	for i, v := range b.used {
		value, err := v.value(r)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrRecipient, v.mark.name, err)
		}
		if v.html {
			value = html.EscapeString(value)
		}
		values[i] = value
	}
	return values, nil
}

func (k mark) value(r Recipient) (string, error) {
	target := ""
	switch {
	case k.literal:
		return k.name, nil
	case k.name == unsubscribe:
		target = r.Unsubscribe
	case k.name == preferences:
		target = r.Preferences
	case k.name == link:
		target = r.Link
	default:
		value, err := text.Line(r.Values[k.name])
		if err != nil {
			return "", err
		}
		if value == "" {
			value = k.fallback
		}
		return value, nil
	}
	return target, checkLink(target)
}

// longestLink is the longest of our links: List-Unsubscribe must stay a header that SES takes (995 bytes).
const longestLink = 900

var errLink = errors.New("not an absolute address of the web")

// checkLink holds one of the recipient's links to what can stand in an attribute, a text and a header.
func checkLink(s string) error {
	if len(s) > longestLink {
		return errLink
	}
	for i := range len(s) {
		if !inLink[s[i]] {
			return errLink
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return errLink
	}
	return nil
}

// inLink are the bytes of which our links consist: a table, because a campaign asks some hundred million times.
var inLink = func() (table [256]bool) {
	for b := byte('!'); b <= '~'; b++ {
		table[b] = !strings.ContainsRune("<>\"'\\^`{|}", rune(b))
	}
	return table
}()

// longest is how many bytes a value can take in HTML: five for each letter, as &amp; does.
func (v variable) longest(f Frame) int {
	field, _ := fieldOf(f.Kind, v.mark.name)
	switch {
	case v.literal:
		return 1
	case v.mark.name == unsubscribe, v.mark.name == preferences, field.IsLink:
		return longestLink
	}
	return 5 * max(field.longest, len([]rune(v.fallback)))
}
