package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/record"
)

// Times are the two periods by which mail is claimed and settled.
type Times struct {
	Lease  time.Duration // how long one claim, and one call, may hold a mail
	Settle time.Duration // how long an unanswered call waits for an event of SES
}

// Store is the outbox as the mailer and the feedback function see it. Every change is conditional on the state that
// it starts from, so that two mailers, an event and a sweep can meet on one row. A change whose own answer was lost and
// that is asked for again by the client has the same effect as one. Errors wrap record.ErrUnavailable.
type Store struct {
	client *dynamodb.Client
	table  string
	times  Times
	now    func() time.Time
}

// NewStore opens the outbox. The feedback function needs no times.
func NewStore(client *dynamodb.Client, table string, times Times, now func() time.Time) *Store {
	return &Store{client: client, table: table, times: times, now: now}
}

// Claim takes a mail for the time of a lease: a new one at once, one that was put off when it is due, one whose claim
// ran out before the mark. It reports false where there is nothing to take.
func (s *Store) Claim(ctx context.Context, id string) (Row, bool, error) {
	now := s.now()
	var row Row
	ok, err := s.update(ctx, id, `SET #state = :claimed, lease = :lease, due_at = :until ADD tries :one`,
		`#state = :queued AND (attribute_not_exists(tries) OR due_at <= :ms) OR #state = :claimed AND (due_at <= :ms OR lease = :lease)`,
		record.Values{"claimed": Claimed, "queued": Queued, "lease": rand.Text(), "one": 1,
			"until": now.Add(s.times.Lease).UnixMilli(), "ms": now.UnixMilli()}, &row)
	if err != nil {
		return Row{}, false, fmt.Errorf("claim mail: %w", err)
	}
	return row, ok, nil
}

// Mark says that SES is about to be called. Without it, nothing has left; with it, SES may have the mail. The lease
// begins anew; until is its end. It reports false where the mail is no longer this claim's: it must not be sent.
func (s *Store) Mark(ctx context.Context, row Row) (until time.Time, ok bool, err error) {
	now := s.now()
	until = now.Add(s.times.Lease)
	ok, err = s.update(ctx, row.ID, `SET #state = :calling, due_at = :until, called_at = :ms`, held,
		record.Values{"claimed": Claimed, "calling": Calling, "lease": row.Lease, "until": until.UnixMilli(), "ms": now.UnixMilli()}, nil)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("mark mail: %w", err)
	}
	return until, ok, nil
}

// held is the condition that a mail is still in the hands of the claim ":lease".
const held = `lease = :lease AND (#state = :claimed OR #state = :calling)`

// settled ends an update expression that gives a mail its outcome: address and contents go.
const settled = `settled_at = :ms, expires_at = :keep REMOVE #to, #data, unsub, reply, due, due_at, lease`

// Fail settles a held mail that cannot be sent. reason is a code.
func (s *Store) Fail(ctx context.Context, row Row, reason string) (bool, error) {
	ok, err := s.update(ctx, row.ID, `SET #state = :failed, reason = :reason, `+settled, held,
		s.settling(record.Values{"claimed": Claimed, "calling": Calling, "failed": Failed, "lease": row.Lease, "reason": reason}), nil, "to", "data")
	if err != nil {
		return false, fmt.Errorf("fail mail: %w", err)
	}
	return ok, nil
}

// Postpone puts a held mail back that SES certainly does not have. Where the next try would come after the row's end,
// the mail fails with the reason instead; outcome tells which.
func (s *Store) Postpone(ctx context.Context, row Row, reason string, until time.Time) (outcome State, err error) {
	if until.After(time.Unix(row.Expires, 0).Add(-time.Hour)) {
		_, err := s.Fail(ctx, row, reason)
		return Failed, err
	}
	_, err = s.update(ctx, row.ID, `SET #state = :queued, due_at = :until, reason = :reason ADD delays :one`, held,
		record.Values{"claimed": Claimed, "calling": Calling, "queued": Queued, "lease": row.Lease, "reason": reason,
			"until": until.UnixMilli(), "one": 1}, nil)
	if err != nil {
		return "", fmt.Errorf("put mail off: %w", err)
	}
	return Queued, nil
}

// Silence records that the call of this claim was not answered: SES may have the mail or not.
func (s *Store) Silence(ctx context.Context, row Row) (bool, error) {
	ok, err := s.update(ctx, row.ID, `SET #state = :unknown, due_at = :until ADD unknowns :one`, `#state = :calling AND lease = :lease`,
		record.Values{"calling": Calling, "unknown": Unknown, "lease": row.Lease, "until": s.now().Add(s.times.Settle).UnixMilli(), "one": 1}, nil)
	if err != nil {
		return false, fmt.Errorf("record silence: %w", err)
	}
	return ok, nil
}

// Settle moves a mail that is overdue by one step: a call whose lease is over becomes unknown; an unknown one is queued
// once more, the one resend, or fails after the second silence. It returns the row, with the reason no_answer, and the
// state that it moved to, or "" where nothing was due.
func (s *Store) Settle(ctx context.Context, id string) (Row, State, error) {
	var row Row
	now := s.now()
	found, err := record.Get(ctx, s.client, s.table, record.Key(id, ""), now, &row)
	if err != nil {
		return Row{}, "", fmt.Errorf("settle mail: %w", err)
	}
	if !found || row.DueAt > now.UnixMilli() {
		return row, "", nil
	}
	to := State("")
	var ok bool
	row.Reason = NoAnswer
	switch {
	case row.State == Calling:
		to = Unknown
		ok, err = s.Silence(ctx, row)
	case row.State == Unknown && row.Unknowns < 2:
		to = Queued
		ok, err = s.fromUnknown(ctx, row, `SET #state = :queued, due_at = :ms`, record.Values{"queued": Queued, "ms": now.UnixMilli()})
	case row.State == Unknown:
		to = Failed
		ok, err = s.fromUnknown(ctx, row, `SET #state = :failed, reason = :reason, `+settled,
			s.settling(record.Values{"failed": Failed, "reason": NoAnswer}), "to", "data")
	}
	if err != nil {
		return row, "", fmt.Errorf("settle mail: %w", err)
	}
	if !ok {
		return row, "", nil // an event or another sweep was first
	}
	return row, to, nil
}

// Find reads a mail, whatever its state. It reports false where there is none any more.
func (s *Store) Find(ctx context.Context, id string) (row Row, found bool, err error) {
	found, err = record.Get(ctx, s.client, s.table, record.Key(id, ""), s.now(), &row)
	return row, found, err
}

// NoAnswer is the reason of a mail that failed because SES was silent twice.
const NoAnswer = "no_answer"

func (s *Store) fromUnknown(ctx context.Context, row Row, update string, values record.Values, names ...string) (bool, error) {
	values["unknown"], values["seen"] = Unknown, row.Unknowns
	return s.update(ctx, row.ID, update, `#state = :unknown AND unknowns = :seen`, values, nil, names...)
}

// Due returns a page of a shard's mail that needs something now, the longest overdue first, and the cursor of the next.
func (s *Store) Due(ctx context.Context, shard int, limit int32, cursor record.Item) (ids []string, next record.Item, err error) {
	type key struct {
		ID string `dynamodbav:"pk"`
	}
	values, err := attributevalue.MarshalMap(map[string]any{":shard": strconv.Itoa(shard), ":ms": s.now().UnixMilli()})
	if err != nil {
		return nil, nil, fmt.Errorf("list due mail: %w", err)
	}
	keys, next, err := record.Query[key](ctx, s.client, &dynamodb.QueryInput{TableName: &s.table, IndexName: aws.String("due"), Limit: &limit,
		KeyConditionExpression: aws.String("due = :shard AND due_at <= :ms"), ExpressionAttributeValues: values}, s.now(), cursor)
	if err != nil {
		return nil, nil, fmt.Errorf("list due mail: %w", err)
	}
	for _, k := range keys {
		ids = append(ids, k.ID)
	}
	return ids, next, nil
}

// settling adds the values that settled needs.
func (s *Store) settling(values record.Values) record.Values {
	now := s.now()
	values["ms"], values["keep"] = now.UnixMilli(), now.Add(SettledFor).Unix()
	return values
}

// update changes a row that has not expired.
func (s *Store) update(ctx context.Context, id, update, condition string, values record.Values, into any, names ...string) (bool, error) {
	values["s"] = s.now().Unix()
	return record.Update(ctx, s.client, s.table, record.Key(id, ""), update, values,
		record.Condition{Expression: "expires_at > :s AND (" + condition + ")"}, into, append(names, "state")...)
}
