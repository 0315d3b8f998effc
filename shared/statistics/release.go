package statistics

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Release is what was made public of one statistic for one month. It is never changed.
type Release struct {
	Statistic  string         `json:"statistic" dynamodbav:"pk"`
	Period     string         `json:"period" dynamodbav:"sk"` // a Month
	ReleasedAt string         `json:"released_at" dynamodbav:"released_at"`
	Figures    map[string]int `json:"figures" dynamodbav:"figures"`
	Tables     []Published    `json:"tables" dynamodbav:"tables"`
}

// Month is the release's period.
func (r Release) Month() (Month, error) { return ParseMonth(r.Period) }

// Table returns the release's table with that code; false where it has none.
func (r Release) Table(code string) (Published, bool) {
	i := slices.IndexFunc(r.Tables, func(p Published) bool { return p.Code == code })
	if i < 0 {
		return Published{}, false
	}
	return r.Tables[i], true
}

// The reasons for which a release is refused.
var (
	ErrOpen     = errors.New("the month is not over")
	ErrReleased = errors.New("the month is released already; a second release would tell by its difference")
	ErrUnknown  = errors.New("not a statistic that the policy names")
)

// NewRelease makes a release of counts that fell within the month, each counted once in each table: all tables must have one
// sum. Every table is protected here, so that no other way leads into Releases. figures are single numbers beside the
// tables, of which those that are too small are left out. It fails with ErrUnknown, ErrOpen or ErrTooSmall.
//
// Counts of a state (how many subscribers there are today) are no such counts: the same person would stand in every
// month's, and two months would differ by one.
func NewRelease(statistic string, m Month, now time.Time, figures map[string]int, tables ...Table) (Release, error) {
	if !declared(statistic) {
		return Release{}, fmt.Errorf("%s: %w", statistic, ErrUnknown)
	}
	if !m.Closed(now) {
		return Release{}, fmt.Errorf("%s of %s: %w", statistic, m, ErrOpen)
	}
	r := Release{Statistic: statistic, Period: m.String(), ReleasedAt: now.In(policy.JapanTime).Format(time.RFC3339), Figures: map[string]int{}}
	for name, n := range figures {
		if n >= policy.SmallestCell {
			r.Figures[name] = n
		}
	}
	for _, t := range tables {
		p, err := Protect(t)
		if err != nil {
			return Release{}, fmt.Errorf("%s of %s: %w", statistic, m, err)
		}
		// Several tables of the same counts show one sum. What one of them had to hide, another must not tell.
		if len(tables) > 1 && (p.Total == nil || *p.Total != newGrid(tables[0]).sum()) {
			return Release{}, fmt.Errorf("%s of %s, table %s: %w", statistic, m, t.Code, ErrTooSmall)
		}
		r.Tables = append(r.Tables, p)
	}
	return r, nil
}

func (g *grid) sum() int { return g.value[g.rows][g.columns] }

func declared(statistic string) bool {
	return slices.ContainsFunc(policy.Services(), func(s policy.Service) bool {
		return slices.ContainsFunc(s.Statistics, func(st policy.Statistic) bool { return st.Code == statistic })
	})
}

// Releases is the table of what is public.
type Releases struct {
	Client *dynamodb.Client
	Table  string
}

// Publish makes a release public, for good. It fails with ErrReleased where the month has one, whatever it says, and with
// record.ErrUnavailable.
func (s Releases) Publish(ctx context.Context, r Release) error {
	put, err := record.Put(ctx, s.Client, s.Table, r, record.Condition{Expression: "attribute_not_exists(pk)"})
	if err == nil && !put {
		return fmt.Errorf("%s of %s: %w", r.Statistic, r.Period, ErrReleased)
	}
	return err
}

// Find reads a release; false where there is none. The error is record.ErrUnavailable.
func (s Releases) Find(ctx context.Context, statistic string, m Month, now time.Time) (r Release, found bool, err error) {
	found, err = record.Get(ctx, s.Client, s.Table, record.Key(statistic, m.String()), now, &r)
	return r, found, err
}

// List returns one page of the releases of a statistic, the newest first, before a month ("": from the newest). more says
// whether there are older ones. The error is record.ErrUnavailable.
func (s Releases) List(ctx context.Context, statistic, before string, most int32, now time.Time) (releases []Release, more bool, err error) {
	input := &dynamodb.QueryInput{TableName: &s.Table, KeyConditionExpression: aws.String("pk = :pk"), Limit: aws.Int32(most),
		ScanIndexForward: aws.Bool(false), ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: statistic}}}
	if before != "" {
		input.KeyConditionExpression = aws.String("pk = :pk AND sk < :before")
		input.ExpressionAttributeValues[":before"] = &types.AttributeValueMemberS{Value: before}
	}
	releases, next, err := record.Query[Release](ctx, s.Client, input, now, nil)
	return releases, next != nil, err
}
