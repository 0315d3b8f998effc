package main

import (
	"fmt"
	"strings"

	"madoguchi/shared/calendar"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/message"
	"madoguchi/shared/policy"
)

// outgoing is a mail as SES takes it.
type outgoing struct {
	to     string // ASCII addr-spec
	source []byte // MIME
	ref    string // ID of the row, found again in SES's events
	kind   string
}

// refHeader carries the row's ID beside the tag of the same meaning: SES's events show either.
const refHeader = "X-Madoguchi-Ref"

// compose renders the letter and wraps it. The error names the letter or the header, never a value.
func (m *mailer) compose(row mail.Row) (outgoing, error) {
	source, err := m.message(row)
	if err != nil {
		return outgoing{}, err
	}
	raw, err := source.Source()
	if err != nil {
		return outgoing{}, fmt.Errorf("compose %s: %w", row.Kind, err)
	}
	return outgoing{to: row.To, source: raw, ref: row.ID, kind: string(row.Kind)}, nil
}

func (m *mailer) message(row mail.Row) (message.Message, error) {
	rendered, err := m.letters.Render(row.Mail())
	if err != nil {
		return message.Message{}, err
	}
	org := m.cfg.Organization
	headers := []message.Header{
		{Name: "Auto-Submitted", Value: "auto-generated"},
		{Name: refHeader, Value: row.ID},
	}
	if row.Unsub != "" {
		_, domain, _ := strings.Cut(m.cfg.Sender, "@")
		headers = append(headers,
			message.Header{Name: "List-Id", Value: "<" + string(row.Service) + "." + domain + ">"},
			// RFC 8058: both headers, an https address, and a DKIM signature over them, which SES makes.
			message.Header{Name: "List-Unsubscribe", Value: "<" + org.PublicURL + row.Unsub + ">"},
			message.Header{Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"})
	}
	replies := row.ReplyTo
	if replies == "" {
		replies = org.PrivacyContact
	}
	attached, err := m.attached(row)
	if err != nil {
		return message.Message{}, err
	}
	return message.Message{
		FromName: org.ShortName.In(row.Language), From: m.cfg.Sender, To: row.To, ReplyTo: replies,
		Subject: rendered.Subject, Date: m.now().In(policy.JapanTime), Headers: headers, Text: rendered.Text, HTML: rendered.HTML,
		Attached: attached,
	}, nil
}

// calendarFile is how the calendar entry of a mail is called.
const calendarFile = "event.ics"

// attached are the files of a mail: the calendar entry where its data hold one.
func (m *mailer) attached(row mail.Row) ([]message.Attachment, error) {
	entry, found, err := calendar.From(row.Data)
	if err != nil || !found {
		return nil, err
	}
	return []message.Attachment{{Name: calendarFile, Type: entry.Type(),
		Content: entry.File(m.cfg.Organization, row.Language, m.cfg.Sender, row.To, m.now())}}, nil
}
