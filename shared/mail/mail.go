// Package mail is the outbox: the mail that a form has promised, kept with the form's own record in one transaction
// and sent by the mailer afterwards (design: "Life of a mail"). A form function needs Mail and Enqueue; the mailer and
// the feedback function use Store. Letters are in mail/letter, the MIME source in mail/message.
package mail

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Mail is one mail to one person, as a form function asks for it.
type Mail struct {
	ID       string          // empty: Enqueue makes a random one
	Service  policy.Code     // service whose record causes the mail
	Kind     policy.MailKind // must be declared by the service (R7, R57)
	Language policy.Language // language of the letter
	To       string          // ASCII addr-spec: Punycode domain, local part quoted where needed (address.ASCII)
	Person   string          // keyed hash of the address (address.Key)

	// Data are the values of the letter. Links (link, preferences, unsubscribe) are path and query on the public address;
	// times (expires, deleted_on) are RFC 3339. Which keys a letter needs is said in its source.
	Data map[string]string

	// Unsubscribe is path and query of the RFC 8058 link, for mail that carries list headers; else empty.
	Unsubscribe string

	// ReplyTo is where an answer goes, an ASCII addr-spec of the office; empty for the privacy contact. It never is an address
	// that a visitor typed.
	ReplyTo string

	// Thread is the reference of the record that an answer to this mail belongs to; empty where none is taken in. It alone of
	// the contents outlives the sending, so that FindThread tells it by the Message-ID: it must name nobody.
	Thread string
}

const (
	// UnsettledFor is how long a row lives whose mail has no outcome yet: a promise older than that is void.
	UnsettledFor = 7 * 24 * time.Hour
	// SettledFor is how long an outcome is kept, without address and contents, so that staff can tell what became of a mail.
	SettledFor = 30 * 24 * time.Hour
	// streamHeadStart is how long the sweep leaves a new row to the stream, which delivers it within a second.
	streamHeadStart = 15 * time.Second
	// Shards is the number of partitions of the "due" index.
	Shards = 4
)

// Enqueue adds the mail to a transaction: the mail is promised exactly if the transaction is committed. A mail that
// the policy does not name, or one that cannot be sent, is a defect of the program and fails the transaction.
func Enqueue(tx *record.Transaction, outboxTable string, m Mail, now time.Time) {
	name := "mail " + string(m.Kind)
	if err := check(m); err != nil {
		tx.Fail(name, fmt.Errorf("mail of service %q: %w", m.Service, err))
		return
	}
	if m.ID == "" {
		m.ID = rand.Text()
	}
	tx.Put(name, outboxTable, newRow(m, now), record.Condition{Expression: "attribute_not_exists(pk)"})
}

// check refuses what no form function may ask for. Its errors hold no value of the mail.
func check(m Mail) error {
	kind, known := policy.MailOf(m.Kind)
	switch {
	case !known || !policy.Get(m.Service).MayMail(m.Kind):
		return fmt.Errorf("the policy names no mail of kind %q (R57)", m.Kind)
	case kind.Class == policy.CampaignMail && !kind.ByClock():
		return fmt.Errorf("a mail of kind %q is sent by a campaign, not through the outbox", m.Kind)
	case m.Language != policy.Japanese && m.Language != policy.English:
		return fmt.Errorf("no language %q", m.Language)
	case m.Person == "":
		return errors.New("no person")
	case strings.ContainsFunc(m.Thread, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' }):
		return errors.New("the thread is no reference")
	case m.Unsubscribe != "" && !strings.HasPrefix(m.Unsubscribe, "/"):
		return errors.New("the unsubscribe link is not a path")
	}
	if m.ReplyTo != "" {
		if err := checkAddress(m.ReplyTo); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
	return checkAddress(m.To)
}

// checkAddress refuses what cannot stand in a header or an SMTP command (hard case 4): everything that is not
// printable ASCII with an @ in it. Whether the address is a good one was decided by shared/address.
func checkAddress(addr string) error {
	if strings.ContainsFunc(addr, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("the address is not printable ASCII")
	}
	if at := strings.LastIndexByte(addr, '@'); at < 1 || at == len(addr)-1 {
		return errors.New("the address has no local part or no domain")
	}
	return nil
}
