package record

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// counting is the one action by which a transaction adds to the counters of an item.
type counting struct {
	action   int
	table    string
	key      Item
	since    string
	counters map[string]int
}

// Count adds n to a counter of an item, which is made where there is none; its attribute "since" says from when on it has counted.
// Whatever a transaction counts on one item is one action, since DynamoDB takes no more than one for an item. A counter's name must
// be no reserved word.
func (t *Transaction) Count(name, table string, key Item, since, counter string, n int) {
	place := table + "\x00" + Text(key, "pk") + "\x00" + Text(key, "sk")
	c := t.counts[place]
	if c == nil {
		if t.counts == nil {
			t.counts = map[string]*counting{}
		}
		c = &counting{action: len(t.actions), table: table, key: key, since: since, counters: map[string]int{}}
		t.counts[place] = c
		t.add(name, types.TransactWriteItem{})
	}
	c.counters[counter] += n
	values := Values{"since": c.since}
	var sums []string
	for _, counter := range slices.Sorted(maps.Keys(c.counters)) {
		values[counter] = c.counters[counter]
		sums = append(sums, counter+" :"+counter)
	}
	attributes, err := values.marshal()
	if err != nil {
		t.Fail(name, err)
	}
	t.actions[c.action].Update = &types.Update{TableName: &c.table, Key: c.key, ExpressionAttributeValues: attributes,
		UpdateExpression: aws.String("SET since = if_not_exists(since, :since) ADD " + strings.Join(sums, ", "))}
}

// CountOf counts what a query finds, page after page, without reading it. Who has expired and is not deleted yet counts too.
func CountOf(ctx context.Context, client *dynamodb.Client, input *dynamodb.QueryInput) (int, error) {
	page, sum := *input, 0
	page.Select = types.SelectCount
	for {
		out, err := client.Query(ctx, &page)
		if err != nil {
			return 0, wrap("count in "+aws.ToString(input.TableName), err)
		}
		sum += int(out.Count)
		if page.ExclusiveStartKey = out.LastEvaluatedKey; out.LastEvaluatedKey == nil {
			return sum, nil
		}
	}
}
