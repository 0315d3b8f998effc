// Package inquiries keeps what people ask the office, by the form or by mail (policy 3(6), R37-R41): one case per inquiry with
// its messages, in states that the staff desk walks through. The form's function adds cases, the inbound function cases and
// further messages; the staff desk lists, shows and moves them.
package inquiries

import (
	"strings"

	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

// State is where a case stands. The desk lists cases by it, newest first.
type State string

// The states of a case. Machine and Spam are bins: nobody waits for an answer, nothing in them causes a mail, and they live
// as long as a closed case. Staff can take a case out of a bin.
const (
	New     State = "new"     // nobody has looked at the newest message yet
	Open    State = "open"    // somebody works on it
	Waiting State = "waiting" // answered with a question; the person is to reply
	Closed  State = "closed"
	Machine State = "machine" // an automatic reply, a bounce, a list (hard case 35)
	Spam    State = "spam"    // SES says so, or found a virus
)

// Ended tells whether records in the state live as closed ones do.
func (s State) Ended() bool { return s == Closed || s == Machine || s == Spam }

// moves are what the desk may do; a message from the person takes every state back to New.
var moves = map[State][]State{
	New:     {Open, Waiting, Closed, Machine, Spam},
	Open:    {New, Waiting, Closed, Spam},
	Waiting: {Open, Closed},
	Closed:  {Open},
	Machine: {New, Closed},
	Spam:    {New, Closed},
}

// Case is the head of an inquiry: what a list shows, and nothing that was written. Its key is the reference.
type Case struct {
	Reference  string          `dynamodbav:"pk"`
	SK         string          `dynamodbav:"sk"`
	State      State           `dynamodbav:"state"`
	ActiveAt   string          `dynamodbav:"active_at"` // the last message or move; sort key of the index "state"
	Channel    policy.Channel  `dynamodbav:"channel"`
	Language   policy.Language `dynamodbav:"lang"`
	Person     string          `dynamodbav:"person,omitempty"` // keyed hash of the address, key of the index "person"
	Created    string          `dynamodbav:"created_at"`
	Opened     string          `dynamodbav:"opened_at,omitempty"` // when the form was opened
	Policy     string          `dynamodbav:"policy_version"`
	Form       int             `dynamodbav:"form_version,omitempty"` // that the person saw
	About      string          `dynamodbav:"about,omitempty"`        // of a machine's answer: the case whose mail it answers
	Messages   int             `dynamodbav:"messages"`
	Identities int             `dynamodbav:"identities"` // places that look like the number of an identity document (R10)
	ClosedAt   string          `dynamodbav:"closed_at,omitempty"`
	ExpiresAt  int64           `dynamodbav:"expires_at"`
}

// Message is one message of a case. Of a form it has name, e-mail address and text; of a mail what the mail carried, and no
// field of the form is guessed from it (R38).
type Message struct {
	Reference string         `dynamodbav:"pk"`
	SK        string         `dynamodbav:"sk"` // "message#" and the time of receipt
	Channel   policy.Channel `dynamodbav:"channel"`
	Person    string         `dynamodbav:"person,omitempty"` // keyed hash of the sender's address, key of the index "person"
	Created   string         `dynamodbav:"created_at"`       // time of receipt
	ExpiresAt int64          `dynamodbav:"expires_at"`

	Name  string `dynamodbav:"name,omitempty"`
	Email string `dynamodbav:"email,omitempty"`
	Text  string `dynamodbav:"message,omitempty"`

	From        string       `dynamodbav:"from,omitempty"`     // bare address, as the header says
	ReplyTo     string       `dynamodbav:"reply_to,omitempty"` // kept apart from From, never used by itself (R39)
	Subject     string       `dynamodbav:"subject,omitempty"`
	MessageID   string       `dynamodbav:"message_id,omitempty"`
	Verdict     *Verdict     `dynamodbav:"verdict,omitempty"`
	Attachments []Attachment `dynamodbav:"attachments,omitempty"`
	Source      string       `dynamodbav:"source,omitempty"` // key of the mail as it came, in the inbound bucket
	Size        int64        `dynamodbav:"size,omitempty"`   // of the mail in bytes
	Reason      string       `dynamodbav:"reason,omitempty"` // why it is in a bin, as a code
	Problem     string       `dynamodbav:"problem,omitempty"`
	Mark        string       `dynamodbav:"mark,omitempty"` // sort key of its mark by Message-ID, for the same expiry
	MarkPK      string       `dynamodbav:"mark_pk,omitempty"`
}

// original notes what of a message lies in the inbound bucket; false where nothing does.
func (m Message) original() (originals.Note, bool) {
	if m.Source == "" {
		return originals.Note{}, false
	}
	note := originals.Note{Reference: m.Reference, Message: m.SK, Objects: []string{m.Source}}
	for _, a := range m.Attachments {
		if a.Key != "" {
			note.Objects = append(note.Objects, a.Key)
		}
	}
	return note, true
}

// Verdict is what SES found out about a mail (R39). An empty verdict was not given: nothing that a sender writes can
// fill it.
type Verdict struct {
	Spam  string `dynamodbav:"spam"` // PASS, FAIL, GRAY, PROCESSING_FAILED, or empty
	Virus string `dynamodbav:"virus"`
	SPF   string `dynamodbav:"spf"` // pass, fail, softfail, neutral, none, temperror, permerror, or empty
	DKIM  string `dynamodbav:"dkim"`
	DMARC string `dynamodbav:"dmarc"`
}

// Forged tells whether SES's checks speak against the sender: DMARC failed, or without a policy of the domain SPF failed and
// no signature held. Staff are warned, and such a sender gets no acknowledgement.
func (v Verdict) Forged() bool {
	switch {
	case v.DMARC == "pass" || v.DKIM == "pass" && v.DMARC != "fail":
		return false
	}
	return v.DMARC == "fail" || v.SPF == "fail" || v.SPF == "softfail"
}

// Attachment is a file of a mail. One that was not taken aside is in the mail's source alone.
type Attachment struct {
	Name string `dynamodbav:"name"`
	Type string `dynamodbav:"type"` // media type, as the mail says
	Size int64  `dynamodbav:"size"`
	Key  string `dynamodbav:"key,omitempty"`  // in the inbound bucket; empty where it was not taken aside
	Held string `dynamodbav:"held,omitempty"` // why not: type, size, number, virus
}

// View is a message as staff see it: what looks like the number of an identity document is masked (R10). The record keeps
// what was written.
type View struct {
	Name, Email, From, ReplyTo, Subject, Text string
	Attachments                               []Attachment
	Identities                                []text.Identity // kinds that were found, each once: the warning
	Forged                                    bool
}

// View masks the message.
func (m Message) View() View {
	v := View{Name: m.Name, Email: m.Email, From: m.From, ReplyTo: m.ReplyTo, Attachments: append([]Attachment(nil), m.Attachments...),
		Forged: m.Verdict != nil && m.Verdict.Forged()}
	seen := map[text.Identity]bool{}
	mask := func(s string) string {
		for _, span := range text.FindIdentities(s) {
			if !seen[span.Kind] {
				seen[span.Kind] = true
				v.Identities = append(v.Identities, span.Kind)
			}
		}
		return text.Mask(s)
	}
	v.Subject, v.Text = mask(m.Subject), mask(m.Text)
	v.Name, v.Email, v.From, v.ReplyTo = mask(m.Name), mask(m.Email), mask(m.From), mask(m.ReplyTo)
	for i, a := range v.Attachments {
		v.Attachments[i].Name = mask(a.Name)
	}
	return v
}

// identities counts the places that look like the number of an identity document.
func (m Message) identities() int {
	n := 0
	for _, s := range []string{m.Name, m.Subject, m.Text} {
		n += len(text.FindIdentities(s))
	}
	for _, a := range m.Attachments {
		n += len(text.FindIdentities(a.Name))
	}
	return n
}

const (
	caseSK        = "case"
	messagePrefix = "message#"
)

// isMessage tells a message from the head of its case by the sort key.
func isMessage(sk string) bool { return strings.HasPrefix(sk, messagePrefix) }

// Prefix begins the references of inquiries.
const Prefix = "I"
