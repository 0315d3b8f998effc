package inquiries

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"madoguchi/shared/record"
)

// List returns one page of the cases in a state, the most recently active first, without a scan. cursor is what the page before
// returned, nil for the first; the next cursor is nil after the last page. The error is record.ErrUnavailable.
func (s *Store) List(ctx context.Context, state State, limit int32, now time.Time, cursor record.Item) ([]Case, record.Item, error) {
	return record.Query[Case](ctx, s.Client, s.query("state", "state", string(state), limit), now, cursor)
}

// maxMessages is the most that is read of one case at once. A page of a query ends at 1 MB, long before.
const maxMessages = 1000

// Get returns a case with its messages, the oldest first; false where there is none. The error is record.ErrUnavailable.
func (s *Store) Get(ctx context.Context, reference string, now time.Time) (Case, []Message, bool, error) {
	var head Case
	found, err := record.Get(ctx, s.Client, s.Table, record.Key(reference, caseSK), now, &head)
	if err != nil || !found {
		return Case{}, nil, false, err
	}
	var messages []Message
	for cursor, more := record.Item(nil), true; more && len(messages) < maxMessages; more = cursor != nil {
		var page []Message
		if page, cursor, err = record.Query[Message](ctx, s.Client, s.query("", "pk", reference, maxMessages), now, cursor); err != nil {
			return Case{}, nil, false, err
		}
		for _, m := range page {
			if isMessage(m.SK) {
				messages = append(messages, m)
			}
		}
	}
	return head, messages, true, nil
}

// ErrMoved says that the case is not in the state any more from which it was to be moved: somebody else was faster.
var ErrMoved = errors.New("the case has moved in between")

// ErrMove says that the desk cannot move a case so.
var ErrMove = errors.New("no such move")

// Move takes a case from one state to another. Closing sets the expiry of everything in it to a year after, or to what it was
// where that is sooner; taking it up again gives each message the time that its receipt gave it (requirements: "Retention of an
// inquiry"). Errors: ErrMove, ErrMoved, ErrNoCase, record.ErrUnavailable.
func (s *Store) Move(ctx context.Context, reference string, from, to State, now time.Time) error {
	if !slices.Contains(moves[from], to) {
		return fmt.Errorf("%w: from %q to %q", ErrMove, from, to)
	}
	head, messages, found, err := s.Get(ctx, reference, now)
	if err != nil {
		return err
	}
	if !found {
		return ErrNoCase
	}
	// The head goes first: it is what two people at the desk contend for. Whatever is not stamped after it, because the
	// function was killed, keeps the expiry of its receipt, which is never later than the policy allows.
	update, values := "SET #state = :to, active_at = :at, expires_at = :expires REMOVE closed_at", record.Values{"to": to, "at": stamp(now)}
	if to.Ended() {
		update = "SET #state = :to, active_at = :at, expires_at = :expires, closed_at = :at"
	}
	values["expires"] = s.expiry(head.newest(messages), to, now)
	moved, err := record.Update(ctx, s.Client, s.Table, record.Key(reference, caseSK), update, values,
		record.Condition{Expression: "#state = :from AND expires_at > :now", Values: record.Values{"from": from, "now": now.Unix()}}, nil, "state")
	if err != nil {
		return err
	}
	if !moved {
		return ErrMoved
	}
	for _, m := range messages {
		if err := s.restamp(ctx, m, to, now); err != nil {
			return err
		}
	}
	return nil
}

// newest is the time of the last receipt, from which an open case lives.
func (c Case) newest(messages []Message) string {
	at := c.Created
	for _, m := range messages {
		at = max(at, m.Created)
	}
	return at
}

// expiry is when something expires that was received at a time, in a state entered now.
func (s *Store) expiry(received string, to State, now time.Time) int64 {
	at, err := time.Parse(time.RFC3339, received)
	if err != nil {
		at = now // every item carries one; without, the shorter of the two counts
	}
	latest := s.Periods.Expiry("open", at)
	if closed := s.Periods.Expiry("closed", now); to.Ended() && closed.Before(latest) {
		latest = closed
	}
	return latest.Unix()
}

// restamp sets the expiry of a message, of its mark, and of its objects in the bucket. Their note is the first: what it is early for,
// because the function was killed, it finds alive.
func (s *Store) restamp(ctx context.Context, m Message, to State, now time.Time) error {
	expires := s.expiry(m.Created, to, now)
	if note, has := m.original(); has {
		if _, err := record.Put(ctx, s.Client, s.Table, note.On(expires), record.Condition{}); err != nil {
			return fmt.Errorf("note of a message's original: %w", err)
		}
	}
	keys := []record.Item{record.Key(m.Reference, m.SK)}
	if m.MarkPK != "" {
		keys = append(keys, record.Key(m.MarkPK, m.Mark))
	}
	for _, key := range keys {
		_, err := record.Update(ctx, s.Client, s.Table, key, "SET expires_at = :expires", record.Values{"expires": expires},
			record.Condition{Expression: "attribute_exists(pk)"}, nil)
		if err != nil {
			return fmt.Errorf("expiry of a message: %w", err)
		}
	}
	return nil
}
