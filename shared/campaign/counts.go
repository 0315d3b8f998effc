package campaign

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// Counts are the numbers of a campaign. Pending + Accepted + Failed + Excluded + Unknown = Frozen, at all times.
type Counts struct {
	LeftOut    int `json:"left_out"`
	Frozen     int `json:"frozen"`
	Pending    int `json:"pending"`
	Accepted   int `json:"accepted"`
	Failed     int `json:"failed"`
	Excluded   int `json:"excluded"`
	Unknown    int `json:"unknown"`
	Bounced    int `json:"bounced"`
	Complained int `json:"complained"`

	Reasons map[string]int `json:"left_out_reasons,omitempty"`
}

// Tally is how many outcomes of each class there are, or how their numbers change.
type Tally map[Class]int

// tally counts outcomes.
func tally(outcomes []Outcome) Tally {
	t := Tally{}
	for _, o := range outcomes {
		t[o.Class()]++
	}
	return t
}

// minus is what has to be added to u to reach t, without zeros.
func (t Tally) minus(u Tally) Tally {
	d := maps.Clone(t)
	for class, n := range u {
		d[class] -= n
	}
	maps.DeleteFunc(d, func(_ Class, n int) bool { return n == 0 })
	return d
}

// Minute is what happened to a campaign's recipients within one minute.
type Minute struct {
	At time.Time
	Tally
}

// counter is an item of changes. Pending has none: it is what is left of the frozen, so that no count can be lost.
type counter struct {
	SK       string `dynamodbav:"sk"`
	Accepted int    `dynamodbav:"accepted"`
	Failed   int    `dynamodbav:"failed"`
	Excluded int    `dynamodbav:"excluded"`
	Unknown  int    `dynamodbav:"unknown"`
}

// addTo adds a change of numbers to a transaction. They have no expiry: what a campaign came to stays when its recipients go.
func (t Tally) addTo(tx *record.Transaction, table, campaign, shard string, at time.Time) {
	update, values := "ADD", record.Values{}
	for i, class := range []Class{ClassAccepted, ClassFailed, ClassExcluded, ClassUnknown} {
		if i > 0 {
			update += ","
		}
		update += fmt.Sprintf(" #%[1]s :%[1]s", class)
		values[string(class)] = t[class]
	}
	tx.Update("count", table, record.Key(partition(campaign), countSort(at, shard)), update, values, record.Condition{},
		string(ClassAccepted), string(ClassFailed), string(ClassExcluded), string(ClassUnknown))
}

// Counts returns the numbers of a campaign as they stand, and what happened minute by minute. The error is
// record.ErrUnavailable, or says that the numbers do not add up, which is a defect.
func (s *Store) Counts(ctx context.Context, c *Campaign) (Counts, []Minute, error) {
	counts := Counts{Frozen: c.Frozen, Bounced: c.Bounced + c.Suppressed, Complained: c.Complained, Reasons: c.Left}
	for _, n := range c.Left {
		counts.LeftOut += n
	}
	minutes := map[string]Tally{}
	input := &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: partition(c.ID)}, ":prefix": &types.AttributeValueMemberS{Value: countPrefix}}}
	for cursor := record.Item(nil); ; {
		rows, next, err := record.Query[counter](ctx, s.Client, input, s.Now(), cursor)
		if err != nil {
			return Counts{}, nil, fmt.Errorf("count recipients: %w", err)
		}
		for _, row := range rows {
			counts.Accepted += row.Accepted
			counts.Failed += row.Failed
			counts.Excluded += row.Excluded
			counts.Unknown += row.Unknown
			minute, _, _ := strings.Cut(strings.TrimPrefix(row.SK, countPrefix), "#")
			t := minutes[minute]
			if t == nil {
				t = Tally{}
				minutes[minute] = t
			}
			t[ClassAccepted] += row.Accepted
			t[ClassFailed] += row.Failed
			t[ClassExcluded] += row.Excluded
			t[ClassUnknown] += row.Unknown
		}
		if cursor = next; cursor == nil {
			break
		}
	}
	counts.Pending = counts.Frozen - counts.Accepted - counts.Failed - counts.Excluded - counts.Unknown
	if least := min(counts.Pending, counts.Accepted, counts.Failed, counts.Excluded, counts.Unknown); least < 0 {
		return counts, nil, fmt.Errorf("campaign %s: %w: %+v", c.ID, ErrCounts, counts)
	}
	return counts, timeline(minutes), nil
}

// Verify counts every recipient of a campaign again and holds the result against the numbers that were kept. It is called when a
// campaign comes to rest, not while it is being sent. The error says that they differ, which is a defect, or is
// record.ErrUnavailable.
func (s *Store) Verify(ctx context.Context, c *Campaign) (Counts, error) {
	kept, _, err := s.Counts(ctx, c)
	if err != nil {
		return kept, err
	}
	found, total := Tally{}, 0
	for cursor := ""; ; {
		some, next, err := s.Chunks(ctx, c.ID, cursor, 1000)
		if err != nil {
			return kept, err
		}
		for i := range some {
			for class, n := range tally(some[i].List()) {
				found[class] += n
				total += n
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	want := Tally{ClassPending: kept.Pending, ClassAccepted: kept.Accepted, ClassFailed: kept.Failed, ClassExcluded: kept.Excluded, ClassUnknown: kept.Unknown}
	if diff := found.minus(want); total != kept.Frozen || len(diff) > 0 {
		return kept, fmt.Errorf("campaign %s: %w: %d frozen, %d found, differences %v", c.ID, ErrCounts, kept.Frozen, total, diff)
	}
	return kept, nil
}

// ErrCounts says that the numbers of a campaign are not those of its recipients.
var ErrCounts = errors.New("the numbers do not add up")

func timeline(minutes map[string]Tally) []Minute {
	line := make([]Minute, 0, len(minutes))
	for _, minute := range slices.Sorted(maps.Keys(minutes)) {
		at, err := time.Parse("2006-01-02T15:04Z", minute)
		if err == nil {
			line = append(line, Minute{at, minutes[minute]})
		}
	}
	return line
}
