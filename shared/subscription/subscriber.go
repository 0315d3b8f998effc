// Package subscription is the life of a list: sign-up, confirmation, preferences, change of address, unsubscription. The
// newsletter and the press list are the same workflow over different declarations (policy 3(2), 3(3)).
package subscription

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// State is where a subscriber stands.
type State string

// The states of a subscriber. Absent and expired are the same.
const (
	Unconfirmed  State = "unconfirmed"      // signed up, waits for the click in the mail
	Pending      State = "pending_approval" // confirmed, and waits for staff to approve the medium
	Confirmed    State = "confirmed"        // receives mail
	Unsubscribed State = "unsubscribed"     // left; the profile stays for the time to undo
	Bounced      State = "bounced"          // mail cannot be delivered
	Moved        State = "moved"            // of a pointer beside the list: the subscriber has another address now
	OnHold       State = "held"             // on no list any more: what was known is kept for a case, and for nothing else
)

// Subscriber is an item of a list's table. The key spreads the keyed hash of the address over 256 partitions, so that a
// list can be walked in hash order without a scan.
type Subscriber struct {
	PK     string            `dynamodbav:"pk"` // the hash's first two characters
	Person string            `dynamodbav:"sk"` // keyed hash of the address
	State  State             `dynamodbav:"state"`
	Email  string            `dynamodbav:"email,omitempty"`  // as typed, cleaned
	Fields map[string]string `dynamodbav:"fields,omitempty"` // the other fields of the form
	Proof
	ConfirmedAt    string       `dynamodbav:"confirmed_at,omitempty"`
	UnsubscribedAt string       `dynamodbav:"unsubscribed_at,omitempty"`
	BouncedAt      string       `dynamodbav:"bounced_at,omitempty"`
	KeptUntil      int64        `dynamodbav:"kept_until,omitempty"`   // expiry before unsubscribing or a bounce, for the undo
	Earlier        []Submission `dynamodbav:"earlier,omitempty"`      // older sign-ups of an unconfirmed address whose links still work
	Unmailed       bool         `dynamodbav:"unmailed,omitempty"`     // the newest sign-up got no mail, the day's were used up: no link leads to it
	Change         *Change      `dynamodbav:"change,omitempty"`       // new address that waits for its own confirmation
	BouncedFrom    State        `dynamodbav:"bounced_from,omitempty"` // where it stood before the bounce
	PutBack        *PutBack     `dynamodbav:"put_back,omitempty"`     // staff have found that a bounce was wrong
	LeftBy         string       `dynamodbav:"left_by,omitempty"`      // the import of old opt-outs that ended the subscription
	Seal           string       `dynamodbav:"seal,omitempty"`         // hash of what an import brought
	Asked          *Asked       `dynamodbav:"asked,omitempty"`        // the period ends, and the person was asked to stay
	Marks
	ExpiresAt int64 `dynamodbav:"expires_at"`
}

// Proof is what shows later how a consent was given: which form in which version was seen, when and how (R1; kept
// evidence of consent as the anti-spam act asks for).
type Proof struct {
	Ref         string          `dynamodbav:"ref"` // reference of the submission
	Policy      string          `dynamodbav:"policy_version"`
	FormVersion int             `dynamodbav:"form_version"`
	Language    policy.Language `dynamodbav:"lang"`
	Channel     string          `dynamodbav:"channel"`
	OpenedAt    string          `dynamodbav:"opened_at"`
	SubmittedAt string          `dynamodbav:"submitted_at"`
	Evidence    *Evidence       `dynamodbav:"evidence,omitempty"` // of a consent that was not given on a form of ours
}

// PutBack is who was put back on the list after a bounce that was wrong.
type PutBack struct {
	At     string `dynamodbav:"at" json:"at"`
	Reason string `dynamodbav:"reason" json:"reason"`
}

// Submission is one sign-up that waits for its confirmation.
type Submission struct {
	Email  string            `dynamodbav:"email"`
	Fields map[string]string `dynamodbav:"fields"`
	Proof
}

// maxEarlier bounds the sign-ups that wait beside the newest: as many as can have been mailed in the week that their links
// work, so that none of them is pushed out by what strangers send.
const maxEarlier = 7 * mailsPerDay

// changePrefix begins the references of changes of address; those of sign-ups begin with the service's letter.
const changePrefix = "A"

// Change is a change of address that waits for the confirmation of the new one.
type Change struct {
	Email     string `dynamodbav:"email"`
	Person    string `dynamodbav:"person"` // keyed hash of the new address
	Ref       string `dynamodbav:"ref"`
	ExpiresAt int64  `dynamodbav:"until"`              // not the table's TTL attribute: that would delete the subscriber
	AskedAt   string `dynamodbav:"asked_at,omitempty"` // RFC 3339; empty in changes that older versions stored
}

// pointer leads from an address that was given up to the one that took its place, so that the links in old mails still
// reach the person. It is an item of its own: a sign-up with the old address, by whomever, must not break those links.
type pointer struct {
	PK        string `dynamodbav:"pk"`
	SK        string `dynamodbav:"sk"`
	State     State  `dynamodbav:"state"`
	To        string `dynamodbav:"moved_to"` // keyed hash of the new address
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// consent is the evidence of a consent, an item of its own that outlives the profile.
type consent struct {
	PK          string `dynamodbav:"pk"`
	SK          string `dynamodbav:"sk"`
	Person      string `dynamodbav:"person"`
	Proof              //
	ConfirmedAt string `dynamodbav:"confirmed_at"`
	EndedAt     string `dynamodbav:"ended_at,omitempty"`
	ExpiresAt   int64  `dynamodbav:"expires_at"`
}

// suppression says that an address must not be written to for a list. It holds the keyed hash only, and has no expiry:
// it ends with a new confirmed consent. Reasons: unsubscribed, bounced, complained.
type suppression struct {
	Person  string `dynamodbav:"pk"`
	List    string `dynamodbav:"sk"`
	Reason  string `dynamodbav:"reason"`
	Since   string `dynamodbav:"since"`
	Channel string `dynamodbav:"channel,omitempty"`   // by which the person told staff; empty: by a link of ours
	Import  string `dynamodbav:"import_id,omitempty"` // the import of old opt-outs that it came with
}

// List is one list with its store.
type List struct {
	Service     *policy.Service
	Periods     policy.Periods
	Approval    bool // a confirmed request waits for staff (the press list, where the office wishes)
	Client      *dynamodb.Client
	Table       string
	Outbox      string
	Suppression string
	Guard       guard.Store
	AddressKey  config.Key
	Links       link.Signer
	Now         func() time.Time

	// Commit, where it is set, carries out what staff do: together with its entry in the ledger, or not at all.
	Commit func(context.Context, *record.Transaction) error

	tallied string // shard of what is counted (numbers.go), where it is not the person's
}

// commit carries out what staff do.
func (l *List) commit(ctx context.Context, tx *record.Transaction) error {
	if l.Commit != nil {
		return l.Commit(ctx, tx)
	}
	return tx.Commit(ctx, l.Client)
}

// Key is the key of a subscriber by the keyed hash of the address.
func Key(person string) record.Item { return record.Key(person[:2], person) }

// pointerKey is the key of the pointer from an address that was given up, outside the 256 partitions of the list.
func pointerKey(person string) (pk, sk string) { return "moved#" + person[:2], person }

// leftKey is the key of the profile of somebody who has left, where a sign-up that waits has taken its place on the list:
// the person can still undo, and the profile still goes on its day.
func leftKey(person string) (pk, sk string) { return "left#" + person[:2], person }

// consentKey is the key of the evidence of one consent; it stands outside the 256 partitions of the list.
func consentKey(person, ref string) (pk, sk string) {
	return "consent#" + person[:2], person + "#" + ref
}

// personLength is the length of a keyed hash in hex characters.
const personLength = 32

// find reads the subscriber that a link belongs to. It follows the pointers of changed addresses, so that a link in an old
// mail still reaches the person (a bounded number: each takes a confirmed change). A sign-up that only waits is what a
// link belongs to if the link confirms it, or if there is nobody else.
func (l *List) find(ctx context.Context, t link.Token) (s Subscriber, found bool, err error) {
	person := t.Person
	for range 8 {
		if len(person) != personLength {
			return Subscriber{}, false, nil
		}
		s = Subscriber{}
		if found, err = record.Get(ctx, l.Client, l.Table, Key(person), l.Now(), &s); err != nil {
			return Subscriber{}, false, err
		}
		if found && (s.State != Unconfirmed || s.waitsFor(t)) {
			return s, true, nil
		}
		var p pointer
		moved, err := record.Get(ctx, l.Client, l.Table, record.Key(pointerKey(person)), l.Now(), &p)
		if err != nil || !moved {
			return s, found, err
		}
		person = p.To
	}
	return Subscriber{}, false, nil
}

// enqueue adds a mail to a person to a transaction.
func (l *List) enqueue(tx *record.Transaction, kind string, to address.Address, data map[string]string, unsubscribe string) {
	mail.Enqueue(tx, l.Outbox, mail.Mail{Service: l.Service.Code, Kind: policy.MailKind(string(l.Service.Code) + "_" + kind),
		Language: policy.Japanese, To: to.ASCII(), Person: to.Key(l.AddressKey), Data: data, Unsubscribe: unsubscribe}, l.Now())
}

// links are the links of a confirmed subscriber's mail, issued now.
func (l *List) preferencesLink(person string) string {
	return l.Links.Path(l.Service.Path+"/preferences", link.Token{Service: string(l.Service.Code), Purpose: link.Preferences, Person: person, Issued: l.Now()})
}

// UnsubscribeLink is path and query of the link that ends a subscription, by page or by RFC 8058.
func (l *List) UnsubscribeLink(person string) string {
	return l.Links.Path(l.Service.Path+"/unsubscribe", link.Token{Service: string(l.Service.Code), Purpose: link.Unsubscribe, Person: person, Issued: l.Now()})
}

func (l *List) confirmLink(person, ref string) string {
	return l.Links.Path(l.Service.Path+"/confirm", link.Token{Service: string(l.Service.Code), Purpose: link.Confirm, Person: person, Ref: ref, Issued: l.Now()})
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// unixText writes a moment given in epoch seconds as RFC 3339, for the data of a letter.
func unixText(seconds int64) string { return stamp(time.Unix(seconds, 0)) }

// without returns the values without the address, which has an attribute of its own.
func without(values map[string]string, name string) map[string]string {
	rest := make(map[string]string, len(values))
	for k, v := range values {
		if k != name {
			rest[k] = v
		}
	}
	return rest
}

// unchanged is the condition that an item is still the one that was read: its state, its submission, its expiry, and whether the person
// has been asked to stay.
func unchanged(s Subscriber) record.Condition {
	c := record.Condition{Expression: "#state = :was_state AND #ref = :was_ref AND expires_at = :was_expires AND attribute_not_exists(asked)",
		Values: record.Values{"was_state": s.State, "was_ref": s.Ref, "was_expires": s.ExpiresAt},
		Names:  []string{"state", "ref"}}
	if s.Asked != nil {
		c.Expression = "#state = :was_state AND #ref = :was_ref AND expires_at = :was_expires AND asked = :was_asked"
		c.Values["was_asked"] = *s.Asked
	}
	return c
}
