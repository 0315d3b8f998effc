// Package bulletin makes of what staff wrote in Markdown what SES sends to many: an inline template for a call of
// SendBulkEmail, the data of each recipient, previews of both, and findings for staff before anything leaves.
//
// Nothing that a person typed can become structure. The text of the template is settled before any value is known; a value is
// data of a variable, escaped by us where it stands in HTML, because SES escapes nothing; and a brace or backslash of the
// text that Handlebars could read is itself a variable. Every recipient of a language gets the same template: no conditions,
// no tracking, no rewritten links.
package bulletin

import (
	"strings"
	"time"

	"madoguchi/shared/campaign/edition"
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

// Recipient is one person.
type Recipient = edition.Recipient

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

// Check returns everything that is to be said of a content, by field. What Compile refuses is among it.
func Check(c Content, f Frame) []Finding {
	_, findings := build(c, f)
	return findings
}

// Compile makes the template. Its error is a *Refused where Check finds something that stops.
func Compile(c Content, f Frame) (*edition.Edition, error) {
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
