package subscription

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/record"
)

// A subscription lapses on its day, where no answer has come. The record is absent from that second on, as all expired ones are; what
// is left to do is to count it, once. DynamoDB's TTL deletes when it likes, an hour after or two days, and neither says which state
// the record was in: a stream that did would carry whole records, addresses and all, through another store. So the lapse is an item
// of its own, made with the first letter and outliving the record: whoever takes it away has counted the person, or has seen to it
// that there is nothing to count (settle).

// lapse is the end that a subscription comes to without an answer. It holds keyed hashes, numbers and a day.
type lapse struct {
	PK        string `dynamodbav:"pk"` // lapsePartition: as many a day as are asked, in one partition, ordered by the day
	SK        string `dynamodbav:"sk"`
	Person    string `dynamodbav:"person"`
	Round     string `dynamodbav:"round"`   // Asked.Ref
	Consent   string `dynamodbav:"consent"` // reference of the consent that ends
	Ends      int64  `dynamodbav:"ends"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

const (
	lapsePartition = "lapse"
	actLapse       = "lapse"
	// lapseFor is how long a lapse waits for the clock: nobody is counted who has gone longer than that.
	lapseFor = 90 * 24 * time.Hour
)

func lapseKey(ends int64, person string) record.Item {
	return record.Key(lapsePartition, fmt.Sprintf("%012d#%s", ends, person))
}

// putLapse adds to a transaction that a subscriber lapses as its Asked says.
func (l *List) putLapse(tx *record.Transaction, s Subscriber) {
	ends := s.Asked.Ends
	tx.Put(actLapse, l.Table, lapse{PK: lapsePartition, SK: record.Text(lapseKey(ends, s.Person), "sk"), Person: s.Person, Round: s.Asked.Ref, Consent: s.Ref,
		Ends: ends, ExpiresAt: time.Unix(ends, 0).Add(lapseFor).Unix()}, record.Condition{})
}

// Lapsed ends up to limit subscriptions to which no answer has come and whose day is over: the record goes, the consent has ended, and the
// month counts one more. It returns how many there were, and whether more are left. The error is record.ErrUnavailable.
func (l *List) Lapsed(ctx context.Context, limit int) (n int, more bool, err error) {
	now := l.Now()
	due, next, err := record.Query[lapse](ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :p AND sk < :s"), Limit: aws.Int32(int32(limit)), //nolint:gosec // a page
		ExpressionAttributeValues: record.Item{":p": record.Key(lapsePartition, "")["pk"], ":s": record.Key(fmt.Sprintf("%012d", now.Unix()+1), "")["pk"]}}, now, nil)
	if err != nil {
		return 0, false, err
	}
	var failed []error
	for _, one := range due {
		if ctx.Err() != nil {
			return n, true, errors.Join(failed...)
		}
		ended, err := l.lapse(ctx, one)
		if ended {
			n++
		}
		failed = append(failed, err)
	}
	return n, next != nil, errors.Join(failed...)
}

// lapse ends one subscription. It reports false where somebody was faster, or the record is kept longer by now.
func (l *List) lapse(ctx context.Context, one lapse) (bool, error) {
	consent := true // its evidence is still there
	for range rounds {
		var s Subscriber
		found, err := record.Get(ctx, l.Client, l.Table, Key(one.Person), time.Time{}, &s) // also what has expired
		if err != nil {
			return false, err
		}
		stands := found && s.State == Confirmed && s.Asked != nil && s.Asked.Ref == one.Round
		var tx record.Transaction
		tx.Delete(actLapse, l.Table, record.Key(one.PK, one.SK), record.Condition{Expression: "attribute_exists(pk)"})
		longer := stands && s.ExpiresAt > l.Now().Unix()
		switch {
		case longer: // by a hold: it lapses with that
			asked := *s.Asked
			asked.Ends = s.ExpiresAt
			tx.Update(actSubscriber, l.Table, Key(s.Person), "SET asked = :asked", record.Values{"asked": asked}, unchanged(s))
			s.Asked = &asked
			l.putLapse(&tx, s)
		case stands:
			tx.Delete(actSubscriber, l.Table, Key(s.Person), unchanged(s))
		}
		if !longer {
			l.countEnd(&tx, one.Person, one.Consent, one.Ends, consent)
		}
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err == nil && !longer, err
		}
		if _, gone := cancelled.Failed[actLapse]; gone {
			return false, nil // an answer came in the last second, or another run was faster
		}
		if _, gone := cancelled.Failed[actConsent]; gone {
			consent = false
		}
	}
	return false, errContended
}

// countEnd adds to a transaction that a subscription has expired: the month counts it, and its consent ended then, where the evidence is
// still there.
func (l *List) countEnd(tx *record.Transaction, person, ref string, ends int64, consent bool) {
	l.tally(tx, person, countExpired, 1, time.Unix(ends, 0))
	if pk, sk := consentKey(person, ref); consent {
		tx.Update(actConsent, l.Table, record.Key(pk, sk), "SET ended_at = :at", record.Values{"at": unixText(ends)}, record.Condition{Expression: "attribute_exists(pk)"})
	}
}
