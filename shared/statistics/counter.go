package statistics

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Counters keeps the page views of each day by page and by the domain that led there: one item for each pair and day, and
// no more than MostPairs of them, whatever is sent. Nothing in it is of a person, so that it stays.
type Counters struct {
	Client *dynamodb.Client
	Table  string
}

const (
	// MostPairs is how many pairs of page and domain a day has at most. A further one is counted under its page and Other.
	MostPairs = 2000
	// MostPages is how many pages with Other a day has at most. A further one is counted under Other alone.
	MostPages = 1000
	// Other stands for every page, or every domain, beyond those. It is no path and no domain.
	Other = "*"
	// parts over which the items of one day are spread. An item is one page's: the API lets 100 requests a second pass, an
	// item of DynamoDB takes 1000 writes a second.
	parts = 4
)

// View is one view as it is counted, or the sum of many.
type View struct {
	Path     string `dynamodbav:"path"`
	Domain   string `dynamodbav:"domain"`   // of the website that led here, "" for none or our own
	Views    int    `dynamodbav:"views"`    //
	Visitors int    `dynamodbav:"visitors"` // views that were a visitor's first of the day
}

// Day is the day in Japan as counters write it: 2026-11-24.
func Day(t time.Time) string { return t.In(policy.JapanTime).Format(time.DateOnly) }

// Count counts one view: one write, and two more where the pair is new on that day (four, where the day has no place left
// for it). The error is record.ErrUnavailable.
func (c Counters) Count(ctx context.Context, day string, v View) error {
	page := View{v.Path, Other, v.Views, v.Visitors}
	for _, item := range []struct {
		what string
		most int
		view View
	}{{"pairs", MostPairs, v}, {"pages", MostPages, page}} {
		if counted, err := c.add(ctx, day, item.view, true); counted || err != nil {
			return err
		}
		admitted, err := c.admit(ctx, day, item.what, item.most)
		if err != nil {
			return err
		}
		if admitted {
			_, err := c.add(ctx, day, item.view, false)
			return err
		}
	}
	_, err := c.add(ctx, day, View{Other, Other, v.Views, v.Visitors}, false)
	return err
}

// add adds to a pair's item; known says: only where the day has it already.
func (c Counters) add(ctx context.Context, day string, v View, known bool) (bool, error) {
	condition := record.Condition{}
	if known {
		condition.Expression = "attribute_exists(pk)"
	}
	return record.Update(ctx, c.Client, c.Table, record.Key(partition(day, v.Path), v.Path+" "+v.Domain),
		"SET #path = :path, #domain = :domain ADD #views :views, visitors :visitors",
		record.Values{"path": v.Path, "domain": v.Domain, "views": v.Views, "visitors": v.Visitors}, condition, nil, "path", "domain", "views")
}

// admit takes one of the places that a day has for new items.
func (c Counters) admit(ctx context.Context, day, what string, most int) (bool, error) {
	return record.Update(ctx, c.Client, c.Table, record.Key(day+"#places", what), "ADD n :one", record.Values{"one": 1},
		record.Condition{Expression: "attribute_not_exists(n) OR n < :most", Values: record.Values{"most": most}}, nil)
}

func partition(day, path string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(path))
	return day + "#" + strconv.Itoa(int(h.Sum32()%parts))
}

// Read returns what a day counted, by four queries and no scan. The error is record.ErrUnavailable.
func (c Counters) Read(ctx context.Context, day string, now time.Time) ([]View, error) {
	var all []View
	for part := range parts {
		input := &dynamodb.QueryInput{TableName: &c.Table, KeyConditionExpression: aws.String("pk = :pk"), ConsistentRead: aws.Bool(true),
			ExpressionAttributeValues: record.Key(day+"#"+strconv.Itoa(part), "")}
		input.ExpressionAttributeValues[":pk"] = input.ExpressionAttributeValues["pk"]
		delete(input.ExpressionAttributeValues, "pk")
		for cursor := record.Item(nil); ; {
			page, next, err := record.Query[View](ctx, c.Client, input, now, cursor)
			if err != nil {
				return nil, err
			}
			all = append(all, page...)
			if cursor = next; cursor == nil {
				break
			}
		}
	}
	return all, nil
}
