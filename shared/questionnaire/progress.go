package questionnaire

import (
	"context"
	"time"

	"madoguchi/shared/record"
)

// openFor is how long after the first round those are still invited whom staff enter later: somebody who came without having
// registered.
const openFor = 7 * 24 * time.Hour

// overlap is how far a round looks behind the beginning of the one before: clocks differ.
const overlap = 5 * time.Minute

// Progress is how far the invitations of an event have come. It saves work only: that nobody is invited twice is a matter of the
// invitation itself.
type Progress struct {
	PK        string `dynamodbav:"pk"`
	Ends      int64  `dynamodbav:"ends_at"` // of the event: once it is moved, the rounds begin anew
	Cursor    string `dynamodbav:"cursor,omitempty"`
	First     int64  `dynamodbav:"first,omitempty"`   // when the first round began
	Began     int64  `dynamodbav:"began,omitempty"`   // when the round began that is under way
	Through   int64  `dynamodbav:"through,omitempty"` // when the last round began that came to its end
	Done      bool   `dynamodbav:"done,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

func progressKey(event string) string { return "progress#" + event }

// Has reports whether an earlier round has seen a registration, by the time when it was made (RFC 3339).
func (p Progress) Has(createdAt string) bool {
	at, err := time.Parse(time.RFC3339, createdAt)
	return err == nil && p.Through > 0 && at.Before(time.Unix(p.Through, 0).Add(-overlap))
}

// Reached returns how far the invitations of an event have come. The error is record.ErrUnavailable.
func (s Store) Reached(ctx context.Context, q Questionnaire, now time.Time) (Progress, error) {
	var p Progress
	found, err := record.Get(ctx, s.Client, s.Invitations, record.Key(progressKey(q.Event), ""), now, &p)
	if err != nil {
		return Progress{}, err
	}
	if !found || p.Ends != q.Ends.Unix() {
		p = Progress{PK: progressKey(q.Event), Ends: q.Ends.Unix(), First: now.Unix()}
	}
	if p.Cursor == "" {
		p.Began = now.Unix()
	}
	return p, nil
}

// Advance keeps that a page was dealt with: the next begins after the registration at cursor; "" ends the round.
func (s Store) Advance(ctx context.Context, q Questionnaire, p Progress, cursor string, now time.Time) (Progress, error) {
	p.Cursor, p.ExpiresAt = cursor, q.Expires.Unix()
	if cursor == "" {
		p.Through = p.Began
		p.Done = now.Sub(time.Unix(p.First, 0)) > openFor
	}
	_, err := record.Put(ctx, s.Client, s.Invitations, p, record.Condition{})
	return p, err
}
