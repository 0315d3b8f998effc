package subscription

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// Where the clock was away for as long as the letters have time, or more letters were due than it may mail, somebody's day comes
// before the question. The record goes on that day all the same: that is what the person was told (decisions: "Retention of a
// subscriber"; R57). What is left to do is to count such ends like all others, and to say that they happened.

// Unasked ends up to limit subscriptions of each shard whose day is over although nobody was asked: the record goes, the consent has
// ended, and the month counts one more that has expired. It returns how many there were, and whether more are left. The error is
// record.ErrUnavailable.
func (l *List) Unasked(ctx context.Context, limit int) (n int, more bool, err error) {
	var failed []error
	for shard := range endingShards {
		due, next, err := record.Query[Due](ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, IndexName: aws.String(indexEnding),
			KeyConditionExpression: aws.String("ending = :key AND expires_at <= :now"), Limit: aws.Int32(int32(limit)), //nolint:gosec // a page
			ExpressionAttributeValues: record.Item{":key": &types.AttributeValueMemberS{Value: endingFirst + strconv.Itoa(shard)},
				":now": number(l.Now().Unix())}}, time.Time{}, nil) // what has expired is what is looked for
		failed = append(failed, err)
		more = more || next != nil
		for _, one := range due {
			if ctx.Err() != nil {
				return n, true, errors.Join(failed...)
			}
			ended, err := l.endUnasked(ctx, one.Person)
			if ended {
				n++
			}
			failed = append(failed, err)
		}
	}
	return n, more, errors.Join(failed...)
}

// endUnasked ends one subscription. It reports false where the record is not what the index says any more.
func (l *List) endUnasked(ctx context.Context, person string) (bool, error) {
	consent := true // its evidence is still there
	for range rounds {
		var s Subscriber
		found, err := record.Get(ctx, l.Client, l.Table, Key(person), time.Time{}, &s) // also what has expired
		if err != nil || !found || s.State != Confirmed || s.Asked != nil || s.ExpiresAt > l.Now().Unix() {
			return false, err
		}
		var tx record.Transaction
		tx.Delete(actSubscriber, l.Table, Key(person), unchanged(s))
		l.countEnd(&tx, person, s.Ref, s.ExpiresAt, consent)
		err = tx.Commit(ctx, l.Client)
		var cancelled *record.Cancelled
		if !errors.As(err, &cancelled) {
			return err == nil, err
		}
		if _, gone := cancelled.Failed[actConsent]; gone {
			consent = false
		}
	}
	return false, errContended
}

// watch is how far the clock has seen to a list, an item of the list's own table. It holds nothing of a person.
type watch struct {
	PK      string `dynamodbav:"pk"`
	SK      string `dynamodbav:"sk"`
	At      int64  `dynamodbav:"seen_at"`  // Unix time of the last run that saw to all of the list
	AskedTo int64  `dynamodbav:"asked_to"` // whose period ends before this was asked by then, Unix time
}

const (
	watchSort = "asked"
	actWatch  = "watch"
	countedBy = "clock" // the item of a month in which Missed counts, for it knows no hash to choose one by
	// deletedAfter is how soon DynamoDB is taken to delete what has expired. It says "within a few days"; until then Unasked finds it.
	deletedAfter = 24 * time.Hour
)

// Seen keeps that the clock has seen to all of a list, and that whose period ends before askedTo has been asked. The error is
// record.ErrUnavailable.
func (l *List) Seen(ctx context.Context, askedTo time.Time) error {
	_, err := record.Put(ctx, l.Client, l.Table, watch{PK: settingsPartition, SK: watchSort, At: l.Now().Unix(), AskedTo: askedTo.Unix()}, record.Condition{})
	return err
}

// Missed counts those who have left while the clock was away, and whom DynamoDB has deleted before the clock could look: what the months
// say there should be, less who is there. It comes after Lapsed and Unasked have ended all that can still be seen. It counts only where
// the clock was away for longer than its letters had been sent ahead, so that nothing is made of those who come and go in the moment of
// counting; after such an absence they may be in the number, two or three of a busy list. What it has counted stands in the month of now.
// Called again, or by two at once, it counts once. away is for how long the clock was, 0 where nothing can have been missed. The error is
// record.ErrUnavailable.
func (l *List) Missed(ctx context.Context) (n int, away time.Duration, err error) {
	now := l.Now()
	var last watch
	found, err := record.Get(ctx, l.Client, l.Table, record.Key(settingsPartition, watchSort), now, &last)
	if away = now.Sub(time.Unix(last.At, 0)); err != nil || !found || away < deletedAfter || now.Unix() <= last.AskedTo {
		return 0, 0, err
	}
	months, _, err := l.Months(ctx)
	if err != nil {
		return 0, 0, err
	}
	expected, known := expectedNow(months)
	confirmed, err := l.Confirmed(ctx)
	if err != nil {
		return 0, 0, err
	}
	if known {
		n = max(0, expected-confirmed)
	}
	var tx record.Transaction
	tx.Update(actWatch, l.Table, record.Key(settingsPartition, watchSort), "SET seen_at = :now, asked_to = :now", record.Values{"now": now.Unix()},
		record.Condition{Expression: "seen_at = :was", Values: record.Values{"was": last.At}})
	if n > 0 {
		tx.Count("numbers", l.Table, record.Key(numbersPartition, monthOf(now)+"#"+countedBy), stamp(now), countExpired, n)
	}
	err = tx.Commit(ctx, l.Client)
	var cancelled *record.Cancelled
	switch {
	case errors.As(err, &cancelled):
		return 0, 0, nil // another run was faster
	case err != nil:
		return 0, 0, fmt.Errorf("count who left while the clock was away: %w", err)
	}
	return n, away, nil
}

// expectedNow is how many subscribers there are by the numbers: those at the end of the last month that was counted, and what came and
// went since. It reports false where no month's end is known.
func expectedNow(months []Month) (sum int, known bool) {
	for _, m := range months {
		if m.Confirmed != nil {
			sum, known = *m.Confirmed, true
		} else {
			sum += m.Net()
		}
	}
	return sum, known
}
