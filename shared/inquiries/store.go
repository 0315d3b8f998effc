package inquiries

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Settings are what every function of inquiries reads.
type Settings struct {
	Table   string `env:"INQUIRIES_TABLE"`
	Staff   string `env:"INQUIRY_STAFF_ADDRESS"`    // who is told that an inquiry waits
	Inbound string `env:"INBOUND_ADDRESS,optional"` // address at which mail is received; empty where none is
}

// Store keeps inquiries. NewStore checks and completes it.
type Store struct {
	Client     *dynamodb.Client
	Table      string
	Outbox     string
	Guard      guard.Store
	AddressKey config.Key
	Keys       config.Keys // of links, and of the addresses of threads
	Periods    policy.Periods
	Inbound    string

	staff address.Address
	full  *sync.Map // counters of notices that are known to be full: shard and day
}

// NewStore completes a store by the settings. Its error names the setting that is wrong: a notice to the address at which we receive
// mail would come back as an inquiry, for ever (hard case 35).
func NewStore(s Store, cfg Settings) (*Store, error) {
	var err error
	if s.staff, err = address.Parse(cfg.Staff); err != nil {
		return nil, fmt.Errorf("INQUIRY_STAFF_ADDRESS is no mail address: %w", err)
	}
	if cfg.Inbound != "" {
		inbound, err := address.Parse(cfg.Inbound)
		if err != nil {
			return nil, fmt.Errorf("INBOUND_ADDRESS is no mail address: %w", err)
		}
		if inbound.Normal() == s.staff.Normal() {
			return nil, errors.New("INQUIRY_STAFF_ADDRESS is INBOUND_ADDRESS: each notice would come in as a new inquiry")
		}
	}
	s.Table, s.Inbound, s.full = cfg.Table, cfg.Inbound, &sync.Map{}
	return &s, nil
}

const (
	// AcknowledgementsPerForm is how many acknowledgements go to one address a day for what was sent by the form, whoever
	// typed the address (hard case 34).
	AcknowledgementsPerForm = 3
	// AcknowledgementsPerMail is the same for mails (hard case 35).
	AcknowledgementsPerMail = 1
	// NoticesPerDay is how many notices staff get a day at most. A flood fills the desk's list and not the staff's mailbox.
	NoticesPerDay = 100
	// noticeShards are the counters that share that number, so that inquiries at one moment do not wait for one item. A notice is
	// left out once the counter of its reference is full: on a day with many dozens of inquiries, some before the hundredth.
	noticeShards = 5

	// rounds bounds how often an arrival is tried again without what stood in its way: two caps, and a thread that has ended.
	rounds = 4
)

// names of the actions of a transaction.
const (
	actCase    = "case"
	actMessage = "message"
	actAck     = "acknowledgement cap"
	actNotice  = "notice cap"
)

// ErrNoCase says that the case that a message follows has ended or never was.
var ErrNoCase = errors.New("no such case")

// Arrival is an inquiry, or one more message of it, on its way in.
type Arrival struct {
	Case    Case    // reference, channel, language, person and what the form says of itself; the rest is filled in
	Message Message // what was written
	Follows bool    // the message belongs to the case that exists under the reference
	Bin     State   // Machine or Spam; empty for people
	At      time.Time
	// Ack is who gets an acknowledgement; the zero address for nobody. It is never sent out of a bin.
	Ack address.Address
	// Once joins what makes the arrival happen once: the form's token, the mark of the Message-ID.
	Once func(*record.Transaction)
}

// period is the state of the policy by which the arrival is kept.
func (a Arrival) period() string {
	if a.Bin != "" {
		return "closed"
	}
	return "open"
}

// Receive stores an arrival and promises its mails in one transaction without a read. Where a cap is reached the inquiry is stored
// without that mail. It returns a *record.Cancelled in which what Once joined stood in the way, ErrNoCase, or
// record.ErrUnavailable.
func (s *Store) Receive(ctx context.Context, a Arrival) error {
	s.complete(&a)
	acknowledge, notify := !a.Ack.IsZero() && a.Bin == "", a.Bin == ""
	if notify {
		_, full := s.full.Load(noticeDay(a))
		notify = !full // without asking the counter again: a flood costs one transaction a post
	}
	for range rounds {
		var tx record.Transaction
		a.Once(&tx)
		if a.Follows {
			tx.Update(actCase, s.Table, record.Key(a.Case.Reference, caseSK),
				"SET #state = :new, active_at = :at, expires_at = :expires REMOVE closed_at ADD messages :one, identities :n",
				record.Values{"new": New, "at": a.Case.ActiveAt, "expires": a.Case.ExpiresAt, "one": 1, "n": a.Case.Identities},
				record.Condition{Expression: "attribute_exists(pk) AND expires_at > :now", Values: record.Values{"now": a.At.Unix()}}, "state")
		} else {
			tx.Put(actCase, s.Table, a.Case, record.IfAbsent(a.At))
		}
		tx.Put(actMessage, s.Table, a.Message, record.Condition{})
		if note, has := a.Message.original(); has {
			tx.Put(originals.Action, s.Table, note.On(a.Message.ExpiresAt), record.Condition{})
		}
		if acknowledge {
			s.acknowledge(&tx, a)
		}
		if notify {
			s.notify(&tx, a)
		}
		err := tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err
		}
		known := map[string]bool{}
		for name := range cancelled.Failed {
			known[name] = true
		}
		switch {
		case known[actCase] && a.Follows:
			return ErrNoCase
		case known[actAck] || known[actNotice]:
			if known[actNotice] {
				s.full.Store(noticeDay(a), true)
			}
			acknowledge, notify = acknowledge && !known[actAck], notify && !known[actNotice]
		default:
			return err
		}
		delete(known, actAck)
		delete(known, actNotice)
		if len(known) > 0 {
			return err // a repetition, whatever the caps say
		}
	}
	return fmt.Errorf("inquiry: caps changed under every attempt: %w", record.ErrUnavailable)
}

// complete fills in what follows from the arrival itself.
func (s *Store) complete(a *Arrival) {
	state := New
	if a.Bin != "" {
		state = a.Bin
	}
	stamp, expires := stamp(a.At), s.Periods.Expiry(a.period(), a.At).Unix()
	c, m := &a.Case, &a.Message
	c.SK, c.State, c.ActiveAt, c.Created, c.Policy = caseSK, state, stamp, stamp, policy.Version
	c.Messages, c.Identities, c.ExpiresAt = 1, m.identities(), expires
	if state.Ended() {
		c.ClosedAt = stamp
	}
	m.Reference, m.SK = c.Reference, messagePrefix+stamp+"#"+rand.Text()[:8]
	m.Channel, m.Created, m.ExpiresAt = c.Channel, stamp, expires
	if m.Person == "" {
		m.Person = c.Person
	}
}

func (s *Store) acknowledge(tx *record.Transaction, a Arrival) {
	what, limit := "mail/inquiry", AcknowledgementsPerForm
	if a.Case.Channel == policy.ChannelMail {
		what, limit = "acknowledgement/inbound", AcknowledgementsPerMail
	}
	person := a.Ack.Key(s.AddressKey)
	s.Guard.Cap(tx, actAck, what, person, limit, a.At)
	mail.Enqueue(tx, s.Outbox, mail.Mail{Service: policy.Inquiry, Kind: policy.InquiryReceived, Language: a.Case.Language,
		To: a.Ack.ASCII(), Person: person, ReplyTo: Thread(s.Keys, s.Inbound, a.Case.Reference), Thread: s.answerable(a.Case.Reference),
		Data: map[string]string{"reference": a.Case.Reference, "channel": string(a.Case.Channel),
			"deleted_on": time.Unix(a.Message.ExpiresAt, 0).UTC().Format(time.RFC3339)}}, a.At)
}

// notify tells staff, in the language of the inquiry. A reply to the notice stays with staff: it reaches neither the person nor
// the address at which we receive mail.
func (s *Store) notify(tx *record.Transaction, a Arrival) {
	person := s.staff.Key(s.AddressKey)
	s.Guard.Cap(tx, actNotice, "notice/inquiry/"+noticeShard(a), person, NoticesPerDay/noticeShards, a.At)
	data := map[string]string{"reference": a.Case.Reference, "channel": string(a.Case.Channel), "limit": strconv.Itoa(NoticesPerDay)}
	for name, n := range map[string]int{"attachments": len(a.Message.Attachments), "numbers": a.Case.Identities} {
		if n > 0 {
			data[name] = strconv.Itoa(n)
		}
	}
	if a.Follows {
		data["follows"] = "yes"
	}
	mail.Enqueue(tx, s.Outbox, mail.Mail{Service: policy.Inquiry, Kind: policy.InquiryStaffNotice, Language: a.Case.Language,
		To: s.staff.ASCII(), Person: person, ReplyTo: s.staff.ASCII(), Data: data}, a.At)
}

// noticeShard is the counter that an arrival's notice counts on: the end of a reference is random.
func noticeShard(a Arrival) string {
	return strconv.Itoa(int(a.Case.Reference[len(a.Case.Reference)-1]) % noticeShards)
}

// noticeDay is that counter on its day in Japan.
func noticeDay(a Arrival) string {
	return noticeShard(a) + "/" + a.At.In(policy.JapanTime).Format(time.DateOnly)
}

// Mark is the trace of a mail by its Message-ID: the same mail is taken once, and replies find their case. It holds keyed hashes
// and the reference.
type Mark struct {
	PK        string `dynamodbav:"pk"` // "mail#" and the keyed hash of the Message-ID
	SK        string `dynamodbav:"sk"` // keyed hash of the sender's address: another sender cannot take a Message-ID away
	Reference string `dynamodbav:"ref"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// MarkAction is the name of the action that sets a mark in a record.Transaction.
const MarkAction = "mark"

// MarkOf is the mark of a mail of a sender (keyed hash, may be empty).
func (s *Store) MarkOf(messageID, person string) Mark {
	if person == "" {
		person = "unknown"
	}
	return Mark{PK: "mail#" + s.Guard.Hash("message-id", messageID), SK: person}
}

// SetMark adds the mark to the transaction of an arrival, which fails where the mail has been taken before. The mark lives as long
// as the message.
func (s *Store) SetMark(tx *record.Transaction, m Mark, a Arrival) {
	m.ExpiresAt = s.Periods.Expiry(a.period(), a.At).Unix()
	tx.Put(MarkAction, s.Table, m, record.IfAbsent(a.At))
}

// Taken tells whether the mail of a mark has been taken before. The error is record.ErrUnavailable.
func (s *Store) Taken(ctx context.Context, m Mark, now time.Time) (bool, error) {
	marks, _, err := record.Query[Mark](ctx, s.Client, s.query("", "pk", m.PK, 100), now, nil)
	for _, known := range marks {
		if known.SK == m.SK {
			return true, err
		}
	}
	return false, err
}

// IsStaff tells whether an address is the one of the staff who are told.
func (s *Store) IsStaff(a address.Address) bool { return a.Normal() == s.staff.Normal() }

// answerable is the reference as the outbox keeps it with a mail, for the answers; none where no mail is received.
func (s *Store) answerable(reference string) string {
	if s.Inbound == "" {
		return ""
	}
	return reference
}

// FindThread returns the reference of the case to which a mail belongs that answers the mails with these Message-IDs, the first
// that is known: a mail of ours, which the outbox knows, or one that was taken in. "" where none is known; then early tells that
// one of them may be a mail of ours of which SES's name has not been heard yet. A Message-ID is no secret among those who have
// the mail, and whoever has it may add to the case, as with the address of the thread; nobody else can guess it. The error is
// record.ErrUnavailable.
func (s *Store) FindThread(ctx context.Context, messageIDs []string, now time.Time) (reference string, early bool, err error) {
	for _, id := range messageIDs {
		name, ours := mail.SESMessage(id, s.Client.Options().Region)
		if ours {
			reference, found, err := mail.FindThread(ctx, s.Client, s.Outbox, name, now)
			if err != nil || found {
				return reference, false, err
			}
		}
		marks, _, err := record.Query[Mark](ctx, s.Client, s.query("", "pk", s.MarkOf(id, "").PK, 10), now, nil)
		if err != nil {
			return "", false, err
		}
		if len(marks) > 0 {
			return marks[0].Reference, false, nil
		}
		early = early || ours
	}
	return "", early, nil
}

func (s *Store) query(index, key, value string, limit int32) *dynamodb.QueryInput {
	input := &dynamodb.QueryInput{TableName: &s.Table, KeyConditionExpression: aws.String("#key = :value"), Limit: &limit,
		ExpressionAttributeNames:  map[string]string{"#key": key},
		ExpressionAttributeValues: map[string]types.AttributeValue{":value": &types.AttributeValueMemberS{Value: value}}}
	if index != "" {
		input.IndexName, input.ScanIndexForward = &index, aws.Bool(false)
	} else {
		input.ConsistentRead = aws.Bool(true)
	}
	return input
}

// stamp writes a time so that its order is that of the texts.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
