// Package bulletin makes of what staff wrote in Markdown what SES sends to many: an inline template for a call of
// SendBulkEmail, the data of each recipient, previews of both, and findings for staff before anything leaves.
//
// Nothing that a person typed can become structure. The text of the template is settled before any value is known; a value is
// data of a variable, escaped by us where it stands in HTML, because SES escapes nothing; and a brace or backslash of the
// text that Handlebars could read is itself a variable. Every recipient of a language gets the same template: no conditions,
// no tracking, no rewritten links.
package bulletin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"madoguchi/shared/policy"
)

// Content is one language variant as staff wrote it. Merge fields are {{name}} and {{name|fallback}} in every part; \{{name}}
// shows the braces.
type Content struct {
	Subject      string // one line
	BodyMarkdown string
	Preheader    string // one line that mail readers show beside the subject; "": the beginning of the body
	Text         string // the text part as edited by hand, without the footer; "": generated from the body
}

// Frame is what stands around a content. What the mail is (which list, why it came, which links it must hold) follows from the
// kind by the policy.
type Frame struct {
	Kind         policy.MailKind // a kind of campaign mail
	Language     policy.Language
	Organization policy.Organization
	Images       []string  // origins of the organisation's own pictures, "https://www.asean.or.jp"
	Event        string    // title of the event in the language; for mail about an event
	Embargo      time.Time // 報道解禁, for the press; zero: none
	Correction   string    // お詫びと訂正: what was wrong in the mail that this one follows; lines of plain text, "" for none
}

// Recipient is one person. Links are absolute.
type Recipient struct {
	Values      map[string]string // by field, as people read them: a prefecture's name, not its code
	Unsubscribe string            // list mail
	Preferences string            // list mail
	Link        string            // mail about an event: own registration, or the questionnaire
}

// Finding is something that staff should know of a content before it is sent.
type Finding struct {
	Code    string // stable for machines
	Field   string // subject, body_markdown, preheader, text; or the member of the frame: kind, event, embargo_until, correction
	Message policy.Text
	Stops   bool // whether it may not be sent so
}

// Refused is the error of a content that may not be sent. Findings holds those that stop it, in the order of Check.
type Refused struct{ Findings []Finding }

func (r *Refused) Error() string {
	codes := make([]string, 0, len(r.Findings))
	for _, f := range r.Findings {
		codes = append(codes, f.Field+": "+f.Code)
	}
	return "the content cannot be sent: " + strings.Join(codes, ", ")
}

// ErrRecipient is wrapped by every error about one recipient's values or links. The errors name the field, never the value.
var ErrRecipient = errors.New("the recipient's data cannot be used")

// Bulletin is a content in its frame, ready to be sent. It is safe for concurrent use.
type Bulletin struct {
	Subject, HTML, Text string // Handlebars as SES knows them
	Size                int    // bytes of the HTML with the largest values
	List                bool   // whether it is list mail, which carries the headers of RFC 8058

	subject, html, text pattern
	used                []variable // what Data gives, in a fixed order
}

// Check returns everything that is to be said of a content, by field. What Compile refuses is among it.
func Check(c Content, f Frame) []Finding {
	_, findings := build(c, f)
	return findings
}

// Compile makes the template. Its error is a *Refused where Check finds something that stops.
func Compile(c Content, f Frame) (*Bulletin, error) {
	b, findings := build(c, f)
	var stops []Finding
	for _, f := range findings {
		if f.Stops {
			stops = append(stops, f)
		}
	}
	if len(stops) > 0 {
		return nil, &Refused{Findings: stops}
	}
	return b, nil
}

// Uses are the names of the merge fields that the template holds: what must be known of each recipient.
func (b *Bulletin) Uses() []string {
	var names []string
	for _, v := range b.used {
		if !v.literal && !slices.Contains(names, v.mark.name) {
			names = append(names, v.mark.name)
		}
	}
	return names
}

// Header is a header of one recipient's mail.
type Header struct{ Name, Value string }

// Headers returns the headers that list mail carries (RFC 2369, RFC 8058), none for other mail. The error wraps ErrRecipient.
func (b *Bulletin) Headers(r Recipient) ([]Header, error) {
	if !b.List {
		return nil, nil
	}
	if err := checkLink(r.Unsubscribe); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRecipient, unsubscribe, err)
	}
	return []Header{{"List-Unsubscribe", "<" + r.Unsubscribe + ">"}, {"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}}, nil
}
