// Package edition is what a campaign says in one language as SES takes it: an inline template for a call of SendBulkEmail, and the data
// that each recipient gives it. Package bulletin makes it of what staff wrote when a campaign is scheduled; it is stored then, so that
// what was looked at is what goes out, and so that who sends it needs to know nothing of Markdown.
package edition

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"

	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

// Edition is a campaign in one language, ready to be sent. It is safe for concurrent use. It holds nothing of any recipient.
type Edition struct {
	Language  policy.Language `dynamodbav:"language"`
	Subject   string          `dynamodbav:"subject"` // these three are Handlebars as SES knows them, and hold nothing but variables
	HTML      string          `dynamodbav:"html"`
	Text      string          `dynamodbav:"text"`
	List      bool            `dynamodbav:"list"` // whether it is list mail, which carries the headers of RFC 8058
	Size      int             `dynamodbav:"size"` // bytes of the HTML with the largest values
	Variables []Variable      `dynamodbav:"variables"`
	Page      Page            `dynamodbav:"page"` // for the public archive; empty for what nobody else shall read
}

// Variable is a variable of the template, by the order in which Data gives them.
type Variable struct {
	Name     string `dynamodbav:"name"`     // as the template calls it
	Value    string `dynamodbav:"value"`    // the merge field, a link (Unsubscribe, Preferences, Link), or the characters themselves
	Fallback string `dynamodbav:"fallback"` // where a recipient has no value
	Literal  bool   `dynamodbav:"literal"`  // Value are characters that Handlebars would read
	HTML     bool   `dynamodbav:"escaped"`  // it stands in HTML: SES escapes nothing
}

// Page is what an edition says as a page that everybody may read: of no recipient.
type Page struct {
	Title string `dynamodbav:"title"`
	HTML  string `dynamodbav:"html"` // a fragment without styles; headings begin with the second level
}

// The names of the recipient's own links, as Variable.Value.
const (
	Unsubscribe = "unsubscribe"
	Preferences = "preferences"
	Link        = "link"
)

// Recipient is one person. Links are absolute.
type Recipient struct {
	Values      map[string]string // by field, as people read them: a prefecture's name, not its code
	Unsubscribe string            // list mail
	Preferences string            // list mail
	Link        string            // mail about an event: own registration, or the questionnaire
}

// ErrRecipient is wrapped by every error about one recipient's values or links. The errors name the field, never the value.
var ErrRecipient = errors.New("the recipient's data cannot be used")

// Uses are the names of the merge fields that the template holds: what must be known of each recipient.
func (e *Edition) Uses() []string {
	var names []string
	for _, v := range e.Variables {
		if !v.Literal && !slices.Contains(names, v.Value) {
			names = append(names, v.Value)
		}
	}
	return names
}

// Header is a header of one recipient's mail.
type Header struct{ Name, Value string }

// Headers returns the headers that list mail carries (RFC 2369, RFC 8058), none for other mail. The error wraps ErrRecipient.
func (e *Edition) Headers(r Recipient) ([]Header, error) {
	if !e.List {
		return nil, nil
	}
	if err := checkLink(r.Unsubscribe); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRecipient, Unsubscribe, err)
	}
	return []Header{{"List-Unsubscribe", "<" + r.Unsubscribe + ">"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}}, nil
}

// Data returns the replacement data of one recipient as a JSON object: every variable of the template and no other. Its error
// wraps ErrRecipient: a value that no mail may hold (hard case 4), or a link that is missing.
func (e *Edition) Data(r Recipient) (string, error) {
	var out strings.Builder
	out.WriteByte('{')
	for i, v := range e.Variables {
		value, err := v.of(r)
		if err != nil {
			return "", err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`"` + v.Name + `":`)
		if isOneOf(&inLink, value) { // most values are links: no byte of them needs to be escaped
			out.WriteString(`"` + value + `"`)
			continue
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			return "", fmt.Errorf("write the data of %s: %w", v.Value, err)
		}
		out.Write(encoded)
	}
	out.WriteByte('}')
	return out.String(), nil
}

// Render returns what one recipient will get: exactly what SES makes of the template and the recipient's data. Its error is
// that of Data.
func (e *Edition) Render(r Recipient) (subject, html, text string, err error) {
	pairs := make([]string, 0, 2*len(e.Variables))
	for _, v := range e.Variables {
		value, err := v.of(r)
		if err != nil {
			return "", "", "", err
		}
		pairs = append(pairs, v.Tag(), value)
	}
	fill := strings.NewReplacer(pairs...) // it does not look at what it has filled in
	return fill.Replace(e.Subject), fill.Replace(e.HTML), fill.Replace(e.Text), nil
}

// Tag is the variable as it stands in the template.
func (v *Variable) Tag() string { return "{{" + v.Name + "}}" }

// of is the variable's value for a recipient.
func (v *Variable) of(r Recipient) (string, error) {
	value, err := v.raw(r)
	if err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrRecipient, v.Value, err)
	}
	if v.HTML {
		value = html.EscapeString(value)
	}
	return value, nil
}

func (v *Variable) raw(r Recipient) (string, error) {
	target := ""
	switch {
	case v.Literal:
		return v.Value, nil
	case v.Value == Unsubscribe:
		target = r.Unsubscribe
	case v.Value == Preferences:
		target = r.Preferences
	case v.Value == Link:
		target = r.Link
	default:
		value, err := text.Line(r.Values[v.Value])
		if err != nil {
			return "", err
		}
		if value == "" {
			value = v.Fallback
		}
		return value, nil
	}
	return target, checkLink(target)
}

// LongestLink is the longest of a recipient's links, in bytes: List-Unsubscribe must stay a header that SES takes (995 bytes).
const LongestLink = 900

var errLink = errors.New("not an absolute address of the web")

// checkLink holds one of the recipient's links to what can stand in an attribute, a text and a header.
func checkLink(s string) error {
	if len(s) > LongestLink || !isOneOf(&inLink, s) {
		return errLink
	}
	scheme, rest, _ := strings.Cut(s, "://")
	host, _, _ := strings.Cut(rest, "/")
	if (scheme == "https" || scheme == "http") && host != "" && isOneOf(&inHost, host) && !strings.Contains(s, "%") {
		return nil // as nearly all are; net/url would take a twentieth of a campaign's CPU time
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return errLink
	}
	return nil
}

// isOneOf tells whether s consists of such bytes.
func isOneOf(table *[256]bool, s string) bool {
	for i := range len(s) {
		if !table[s[i]] {
			return false
		}
	}
	return true
}

// inLink are the bytes of which our links consist, none of which HTML, JSON or a header would read: a table, because a campaign asks
// some hundred million times.
var inLink = func() (table [256]bool) {
	for b := byte('!'); b <= '~'; b++ {
		table[b] = !strings.ContainsRune("<>\"'\\^`{|}", rune(b))
	}
	return table
}()

// inHost are the bytes of a host's name.
var inHost = func() (table [256]bool) {
	for b := byte('!'); b <= '~'; b++ {
		table[b] = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '.' || b == '-'
	}
	return table
}()
