package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"madoguchi/shared/mail"
	"madoguchi/shared/mail/letter"
	"madoguchi/shared/metric"
	"madoguchi/shared/record"
)

const (
	// workers is how many mails one invocation sends at a time: enough to keep an account's usual rate of 14 a second
	// busy, few enough that a burst of invocations is throttled rarely.
	workers = 4
	// page is how many keys the sweep reads at a time.
	page = 20
	// callLimit bounds one call of SES, which answers within a second when it is well; so do all tries of one mail.
	callLimit = 10 * time.Second
	// reserve is kept at the end of an invocation and of a lease to store an outcome.
	reserve = 5 * time.Second
)

// mailer sends mail from the outbox.
type mailer struct {
	store   *mail.Store
	ses     sender
	letters *letter.Letters
	cfg     settings
	now     func() time.Time
	metrics *metric.Writer // nil: nothing is measured

	rate  rate          // nil: nothing is debited
	quick atomic.Uint64 // bits of the account's recipients per second; 0: not known yet

	// silent is set while the last thing heard of SES was silence: the next call is made only after it answers a harmless
	// question, so that an outage does not cost every waiting mail its one resend.
	silent atomic.Bool
}

// rate is the account's sending rate, which campaigns wait for and the mailer only uses up.
type rate interface {
	// Debit takes recipients of a rate of so many a second. The error is record.ErrUnavailable.
	Debit(ctx context.Context, recipients int, perSecond float64) error
}

// sender is what the mailer needs of SES.
type sender interface {
	// Send makes one try to hand a mail over. It always comes back with an answer before the deadline of ctx.
	Send(ctx context.Context, m outgoing) answer
	// Alive asks a harmless question; false means that SES cannot be reached or does not answer.
	Alive(ctx context.Context) bool
	// Quota asks what share of the quota of 24 hours is used, in percent (ok is false where SES does not say), and how many
	// recipients a second the account may send to (0 where SES does not say).
	Quota(ctx context.Context) (percent, perSecond float64, ok bool)
	// Unsuppress takes an address off the account's suppression list. The error names no address.
	Unsuppress(ctx context.Context, address string) error
	// Fresh drops connections from before: the process may have been frozen since, and a call into a dead connection
	// cannot be told from one that was accepted.
	Fresh()
}

// handle serves one event: records of the outbox's stream, or anything else as the clock.
func (m *mailer) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var event events.DynamoDBEvent
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	m.ses.Fresh()
	if len(event.Records) > 0 {
		return m.stream(ctx, event.Records), nil
	}
	if err := m.sweep(ctx); err != nil {
		return nil, err
	}
	m.measure(ctx)
	return nil, nil
}

// stream sends the mails whose rows were inserted. Only a row that could not be claimed because the store did not answer
// is given back to the stream; whatever happens to a claimed one is its own matter and the sweep's.
func (m *mailer) stream(ctx context.Context, records []events.DynamoDBEventRecord) events.DynamoDBEventResponse {
	answer := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
	var mu sync.Mutex
	each(records, func(r events.DynamoDBEventRecord) {
		if r.EventName != string(events.DynamoDBOperationTypeInsert) {
			return
		}
		key, ok := r.Change.Keys["pk"]
		if !ok || key.DataType() != events.DataTypeString {
			slog.ErrorContext(ctx, "stream record without key", "event", r.EventID)
			return
		}
		row, claimed, err := m.claim(ctx, key.String())
		if err != nil {
			slog.WarnContext(ctx, "mail left to the stream", "mail", key.String(), "error", err)
			mu.Lock()
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.DynamoDBBatchItemFailure{ItemIdentifier: r.Change.SequenceNumber})
			mu.Unlock()
			return
		}
		if claimed {
			m.deliver(ctx, row)
		}
	})
	return answer
}

// sweep looks after what is due in all shards of the index, for as long as the invocation lasts.
func (m *mailer) sweep(ctx context.Context) error {
	for shard := range mail.Shards {
		for cursor := record.Item(nil); m.timeLeft(ctx); {
			ids, next, err := m.store.Due(ctx, shard, page, cursor)
			if err != nil {
				return err
			}
			each(ids, func(id string) {
				if err := m.tend(ctx, id); err != nil {
					slog.WarnContext(ctx, "mail left to the next sweep", "mail", id, "error", err)
				}
			})
			if cursor = next; cursor == nil {
				break
			}
		}
	}
	return nil
}

// tend does what a due mail needs: sends it, or settles a call that was never answered and then sends it again if the
// rule says so.
func (m *mailer) tend(ctx context.Context, id string) error {
	for {
		row, claimed, err := m.claim(ctx, id)
		if err != nil {
			return err
		}
		if claimed {
			m.deliver(ctx, row)
			return nil
		}
		row, to, err := m.store.Settle(ctx, id)
		if err != nil {
			return err
		}
		if to == "" {
			return nil // somebody else was first, or it is not due yet
		}
		m.report(ctx, row, to, row.Reason)
	}
}

// claim takes a mail, unless the invocation ends too soon to send it.
func (m *mailer) claim(ctx context.Context, id string) (mail.Row, bool, error) {
	if !m.timeLeft(ctx) {
		return mail.Row{}, false, nil
	}
	return m.store.Claim(ctx, id)
}

// timeLeft tells whether the invocation lasts long enough for one more mail.
func (m *mailer) timeLeft(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || deadline.Sub(m.now()) > m.callTime()+reserve)
}

// margin is what must remain of a lease when a call ends (design: "call deadline < remaining lease - 5 s"). A short lease,
// as tests have, keeps a third.
func (m *mailer) margin() time.Duration { return min(reserve, m.cfg.Lease/3) }

// callTime is how long a call may take.
func (m *mailer) callTime() time.Duration { return min(callLimit, m.cfg.Lease-m.margin()) }

// each calls f for all items, a few at a time, and returns when all are done.
func each[T any](items []T, f func(T)) {
	work := make(chan T)
	var group sync.WaitGroup
	for range min(workers, len(items)) {
		group.Go(func() {
			for item := range work {
				f(item)
			}
		})
	}
	for _, item := range items {
		work <- item
	}
	close(work)
	group.Wait()
}

// report writes the one log line of an outcome. A mail that failed is for the alarm; nothing in the line is personal.
func (m *mailer) report(ctx context.Context, row mail.Row, outcome mail.State, reason string) {
	level := slog.LevelInfo
	switch outcome {
	case mail.Failed:
		level = slog.LevelError
		m.metrics.Write(metric.MailFailed.Is(1))
	case mail.Unknown, mail.Queued:
		level = slog.LevelWarn
	case mail.Claimed, mail.Calling, mail.Accepted:
	}
	slog.Log(ctx, level, "mail", "mail", row.ID, "kind", string(row.Kind), "outcome", string(outcome), "reason", reason, "tries", row.Tries)
}
