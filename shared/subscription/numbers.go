package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// How many joined a list in a month, and how they left it. Each number is kept by the transaction that changes a subscriber, so that
// it is exact whoever is killed, and holds nothing of a person, so that it stays (policy: Statistic "newsletter_months").

// Numbers are what happened on a list in a month, in subscribers.
type Numbers struct {
	Joined   int `dynamodbav:"n_joined" json:"joined"`     // confirmed on our form, approved, or added by staff
	Imported int `dynamodbav:"n_imported" json:"imported"` // taken over with a list of before, less those that an undo gave back
	Back     int `dynamodbav:"n_back" json:"back"`         // undid that they left, or were put back after a wrong bounce
	Left     int `dynamodbav:"n_left" json:"left"`         // unsubscribed, complained, or joined two subscriptions into one
	Bounced  int `dynamodbav:"n_bounced" json:"bounced"`   // mail cannot be delivered
	Expired  int `dynamodbav:"n_expired" json:"expired"`   // gave no answer when they were asked to stay, or could not be asked in time
}

// counters are the attributes of Numbers.
const (
	countJoined   = "n_joined"
	countImported = "n_imported"
	countBack     = "n_back"
	countLeft     = "n_left"
	countBounced  = "n_bounced"
	countExpired  = "n_expired"
)

// Net is by how many subscribers a list has grown.
func (n Numbers) Net() int { return n.Joined + n.Imported + n.Back - n.Left - n.Bounced - n.Expired }

func (n Numbers) plus(m Numbers) Numbers {
	return Numbers{n.Joined + m.Joined, n.Imported + m.Imported, n.Back + m.Back, n.Left + m.Left, n.Bounced + m.Bounced, n.Expired + m.Expired}
}

// Month is one month of a list.
type Month struct {
	Month     string // 2026-11, in Japan
	Counted   bool   // whether anything was counted in it
	Confirmed *int   // subscribers at its end; nil where they were not counted
	Numbers
}

const (
	numbersPartition = "numbers"
	totalShard       = "total" // the number of subscribers at the month's end
)

// monthOf is the month in Japan, as the keys write it.
func monthOf(t time.Time) string { return t.In(policy.JapanTime).Format("2006-01") }

// tally adds to a transaction that a subscriber came or went. The month's numbers are spread by the hash over sixteen items, so that
// those who confirm at the same moment do not wait for each other; an import, which adds many at a time, has an item of its own.
func (l *List) tally(tx *record.Transaction, person, counter string, n int, at time.Time) {
	shard := l.tallied
	if shard == "" {
		shard = person[:1]
	}
	tx.Count("numbers", l.Table, record.Key(numbersPartition, monthOf(at)+"#"+shard), stamp(l.Now()), counter, n)
}

// counted is an item of the numbers.
type counted struct {
	SK        string `dynamodbav:"sk"`
	Since     string `dynamodbav:"since"`
	Confirmed *int   `dynamodbav:"confirmed"`
	Numbers
}

// Months returns the numbers of a list from the month in which counting began to the present one, the oldest first, and since when they
// have been kept; the zero time where nothing was counted yet. The error is record.ErrUnavailable.
func (l *List) Months(ctx context.Context) (months []Month, since time.Time, err error) {
	at := map[string]*Month{}
	err = l.eachCounted(ctx, "", func(c counted) {
		month, shard, _ := strings.Cut(c.SK, "#")
		if at[month] == nil {
			at[month] = &Month{Month: month}
		}
		if began, err := time.Parse(time.RFC3339, c.Since); err == nil && (since.IsZero() || began.Before(since)) {
			since = began
		}
		if shard == totalShard {
			at[month].Confirmed = c.Confirmed
			return
		}
		at[month].Counted = true
		at[month].Numbers = at[month].plus(c.Numbers)
	})
	if err != nil || len(at) == 0 {
		return nil, since, err
	}
	first := monthOf(since)
	for month := range at {
		first = min(first, month)
	}
	begin, err := time.ParseInLocation("2006-01", first, policy.JapanTime)
	if err != nil {
		return nil, since, fmt.Errorf("read the months of %s: %w", l.Service.Code, err)
	}
	for ; !begin.After(l.Now()); begin = begin.AddDate(0, 1, 0) {
		m := at[monthOf(begin)]
		if m == nil { // a month in which nobody came or went
			m = &Month{Month: monthOf(begin)}
		}
		m.Counted = m.Counted || m.Month >= monthOf(since)
		months = append(months, *m)
	}
	return months, since, nil
}

// eachCounted reads the items of a month, "" for all.
func (l *List) eachCounted(ctx context.Context, month string, each func(counted)) error {
	input := &dynamodb.QueryInput{TableName: &l.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :p AND begins_with(sk, :m)"),
		ExpressionAttributeValues: record.Item{":p": &types.AttributeValueMemberS{Value: numbersPartition}, ":m": &types.AttributeValueMemberS{Value: month + "#"}}}
	if month == "" {
		input.KeyConditionExpression = aws.String("pk = :p")
		delete(input.ExpressionAttributeValues, ":m")
	}
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[counted](ctx, l.Client, input, l.Now(), cursor)
		if err != nil {
			return err
		}
		for _, c := range page {
			each(c)
		}
		if cursor = next; cursor == nil {
			return nil
		}
	}
}

// Close keeps how many subscribers there were at the end of last month, once: those of now, less what this month has brought so far.
// The first time, that is also how many there were before counting began. It reads one item where that has been done. The error is
// record.ErrUnavailable.
func (l *List) Close(ctx context.Context) error {
	now := l.Now()
	last := monthOf(firstOf(now).Add(-time.Hour))
	key := record.Key(numbersPartition, last+"#"+totalShard)
	var kept counted
	if found, err := record.Get(ctx, l.Client, l.Table, key, now, &kept); err != nil || found {
		return err
	}
	confirmed, err := l.Confirmed(ctx)
	if err != nil {
		return err
	}
	var this Numbers
	if err := l.eachCounted(ctx, monthOf(now), func(c counted) { this = this.plus(c.Numbers) }); err != nil {
		return err
	}
	end := max(0, confirmed-this.Net())
	_, err = record.Update(ctx, l.Client, l.Table, key, "SET since = :since, confirmed = :confirmed", record.Values{"since": stamp(now), "confirmed": end},
		record.Condition{Expression: "attribute_not_exists(pk)"}, nil)
	return err
}

// firstOf is the beginning of a month in Japan.
func firstOf(t time.Time) time.Time {
	t = t.In(policy.JapanTime)
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, policy.JapanTime)
}

// Confirmed counts the subscribers by the index of states: keys only, and no record is read. Of a list of a million that is some two
// hundred calls, once a month.
func (l *List) Confirmed(ctx context.Context) (int, error) {
	sum := 0
	var failed []error
	for _, shard := range shards {
		n, err := record.CountOf(ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, IndexName: aws.String(indexState), KeyConditionExpression: aws.String("listed = :listed"),
			ExpressionAttributeValues: record.Item{":listed": &types.AttributeValueMemberS{Value: string(Confirmed) + "#" + string(shard)}}})
		sum, failed = sum+n, append(failed, err)
	}
	return sum, errors.Join(slices.Clip(failed)...)
}
