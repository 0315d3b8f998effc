package subscription

import (
	"context"
	"time"

	"madoguchi/shared/record"
)

// softFor is how long a mail counts that could not be delivered for the time being. A mailbox that was full for a week in
// spring says nothing in summer.
const softFor = 90 * 24 * time.Hour

// softPrefix begins the sort keys of the items that count such mails, beside the suppressions.
const softPrefix = "soft#"

// run is the mails to one address that could not be delivered for the time being.
type run struct {
	Person    string           `dynamodbav:"pk"`
	SK        string           `dynamodbav:"sk"`
	Mails     map[string]int64 `dynamodbav:"mails"` // mail -> when it was sent, Unix seconds
	Revision  int              `dynamodbav:"revision"`
	ExpiresAt int64            `dynamodbav:"expires_at"`
}

// SoftBounce records that a mail could not be delivered for the time being, each mail once however often it is told. Where limit
// different mails of the last 90 days, all sent since the person confirmed, came back so, the address has bounced. The error is
// record.ErrUnavailable.
func (l *List) SoftBounce(ctx context.Context, person, mail string, sent time.Time, limit int) error {
	for range rounds {
		s, found, err := l.at(ctx, person)
		if err != nil || !found || s.State != Confirmed || s.consentedAfter(sent) {
			return err
		}
		r, counted, err := l.count(ctx, s, mail, sent)
		if err != nil {
			return err
		}
		if !counted {
			continue
		}
		if len(r.Mails) < limit {
			return nil
		}
		_, err = l.Bounce(ctx, person, sent)
		return err
	}
	return errContended
}

// count adds a mail to the run, and drops those that count no more. It reports false where another mail was counted in between.
func (l *List) count(ctx context.Context, s Subscriber, mail string, sent time.Time) (run, bool, error) {
	now := l.Now()
	r := run{Person: s.Person, SK: softPrefix + string(l.Service.Code)}
	found, err := record.Get(ctx, l.Client, l.Suppression, record.Key(r.Person, r.SK), now, &r)
	if err != nil {
		return r, false, err
	}
	for other, at := range r.Mails {
		if at := time.Unix(at, 0); at.Before(now.Add(-softFor)) || s.consentedAfter(at) {
			delete(r.Mails, other)
		}
	}
	if _, counted := r.Mails[mail]; counted || sent.Before(now.Add(-softFor)) {
		return r, true, nil
	}
	condition := record.IfAbsent(now)
	if found {
		condition = record.Condition{Expression: "revision = :was", Values: record.Values{"was": r.Revision}}
	}
	if r.Mails == nil {
		r.Mails = map[string]int64{}
	}
	r.Mails[mail] = sent.Unix()
	r.Revision++
	r.ExpiresAt = now.Add(softFor).Unix()
	ok, err := record.Put(ctx, l.Client, l.Suppression, r, condition)
	return r, ok, err
}
