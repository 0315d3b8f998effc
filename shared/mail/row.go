package mail

import (
	"strconv"
	"time"

	"madoguchi/shared/policy"
)

// State is where a mail stands.
type State string

// The states of a mail (design: "Life of a mail").
//
//	queued  -> claimed            a mailer holds it for the time of a lease
//	claimed -> claimed            the lease is over and nothing has left: taken again
//	claimed -> calling            the mark: from here on SES may have the mail
//	calling -> accepted | failed  SES answered
//	calling -> queued             SES certainly does not have it (throttled, not reached): later
//	calling -> unknown            no answer, or the lease is over
//	unknown -> queued             once, after a time without an event: the one resend
//	unknown -> failed             the second silence (no_answer)
//
// An event of SES settles a mail from any state, also a failed(no_answer).
const (
	Queued   State = "queued"
	Claimed  State = "claimed"
	Calling  State = "calling"
	Accepted State = "accepted"
	Failed   State = "failed"
	Unknown  State = "unknown"
)

// Row is an item of the outbox table. Times named _at are Unix milliseconds except expires_at (Unix seconds, the
// table's TTL) and created_at (RFC 3339 in UTC, because it is a sort key of text).
type Row struct {
	ID       string            `dynamodbav:"pk"`
	State    State             `dynamodbav:"state"`
	Service  policy.Code       `dynamodbav:"service"`
	Kind     policy.MailKind   `dynamodbav:"kind"`
	Language policy.Language   `dynamodbav:"lang"`
	Person   string            `dynamodbav:"person"`           // keyed hash of the address, key of the index "person"
	Created  string            `dynamodbav:"created_at"`       //
	Expires  int64             `dynamodbav:"expires_at"`       //
	To       string            `dynamodbav:"to,omitempty"`     // removed with the outcome
	Data     map[string]string `dynamodbav:"data,omitempty"`   // removed with the outcome
	Unsub    string            `dynamodbav:"unsub,omitempty"`  // path of the RFC 8058 link; removed with the outcome
	ReplyTo  string            `dynamodbav:"reply,omitempty"`  // where an answer goes; removed with the outcome
	Thread   string            `dynamodbav:"thread,omitempty"` // reference that an answer belongs to; stays, for the index "thread"
	Due      string            `dynamodbav:"due,omitempty"`    // shard of the sparse index "due"; removed with the outcome
	DueAt    int64             `dynamodbav:"due_at,omitempty"` // when the sweep looks at it; of a claim: end of the lease

	Lease    string `dynamodbav:"lease,omitempty"`     // random name of the claim that holds or last held the mail
	Tries    int    `dynamodbav:"tries,omitempty"`     // claims so far
	Delays   int    `dynamodbav:"delays,omitempty"`    // times that it was put off: the waits grow with it
	Unknowns int    `dynamodbav:"unknowns,omitempty"`  // calls that were never answered: 1 allows the resend, 2 end it
	CalledAt int64  `dynamodbav:"called_at,omitempty"` // the last mark

	SettledAt  int64  `dynamodbav:"settled_at,omitempty"`
	MessageID  string `dynamodbav:"message_id,omitempty"` // SES's, of the call that settled it
	Reason     string `dynamodbav:"reason,omitempty"`     // why it failed, or why it was put off last: a code, never a value
	SentAt     int64  `dynamodbav:"sent_at,omitempty"`
	Delivered  int64  `dynamodbav:"delivered_at,omitempty"`
	Bounced    int64  `dynamodbav:"bounced_at,omitempty"`
	Bounce     string `dynamodbav:"bounce,omitempty"` // bounceType/bounceSubType
	Complained int64  `dynamodbav:"complained_at,omitempty"`
	Complaint  string `dynamodbav:"complaint,omitempty"` // complaintFeedbackType
}

func newRow(m Mail, now time.Time) Row {
	return Row{
		ID: m.ID, State: Queued, Service: m.Service, Kind: m.Kind, Language: m.Language, Person: m.Person,
		Created: now.UTC().Format("2006-01-02T15:04:05.000Z"), Expires: now.Add(UnsettledFor).Unix(),
		To: m.To, Data: m.Data, Unsub: m.Unsubscribe, ReplyTo: m.ReplyTo, Thread: m.Thread, Due: shard(m.ID),
		DueAt: now.Add(streamHeadStart).UnixMilli(),
	}
}

// Mail returns what the form function asked for.
func (r Row) Mail() Mail {
	return Mail{ID: r.ID, Service: r.Service, Kind: r.Kind, Language: r.Language, To: r.To, Person: r.Person, Data: r.Data,
		Unsubscribe: r.Unsub, ReplyTo: r.ReplyTo, Thread: r.Thread}
}

// shard spreads the due mail over the partitions of the index. IDs are random, so their last byte is.
func shard(id string) string { return strconv.Itoa(int(id[len(id)-1]) % Shards) }
