package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/template"
)

// writeUnits tells what the writes of one post cost on AWS: by the documented rule, from the sizes of the items that were sent.
// What the local engine says of the same writes stands beside it; the bill is AWS's.
func (b *bench) writeUnits(ctx context.Context, subject string, recorded []replay.Recorded, given string) (Row, error) {
	calls, err := replay.Parse(recorded)
	if err != nil {
		return Row{}, err
	}
	var sum units
	engine := 0.0
	for _, call := range calls {
		sum = sum.plus(unitsOf(call, b.template.Tables))
		said, err := call.WriteUnits(ctx, b.database.client, given)
		if err != nil {
			return Row{}, fmt.Errorf("ask the engine for write units: %w", err)
		}
		engine += said
	}
	return Row{Part: "calls", Subject: subject, Figure: "write units", Value: float64(sum.table + sum.index), Unit: "a request",
		Note: fmt.Sprintf("by AWS's rule from the items' sizes: %d for tables, %d for indexes; Dynoxide says %s", sum.table, sum.index, number(engine))}.judged(), nil
}

// units are write units of tables and of their indexes.
type units struct{ table, index int }

func (u units) plus(v units) units { return units{u.table + v.table, u.index + v.index} }

// unitsOf counts the units of one call on new items: 1 for each started kilobyte of an item, twice in a transaction, and 1 for each
// started kilobyte of an index entry, which is written afterwards and not as a part of the transaction.
func unitsOf(call replay.Call, tables []template.Table) units {
	switch {
	case call.Get != nil:
		return units{}
	case call.Update != nil:
		return units{table: kilobytes(size(call.Update.Key) + size(call.Update.ExpressionAttributeValues))}
	case call.Put != nil:
		return units{kilobytes(size(call.Put.Item)), indexUnits(call.Put.Item, call.Put.TableName, tables)}
	}
	var sum units
	for _, action := range call.Transaction.TransactItems {
		if action.Update != nil {
			sum.table += 2 * kilobytes(size(action.Update.Key)+size(action.Update.ExpressionAttributeValues))
			continue
		}
		sum.table += 2 * kilobytes(size(action.Put.Item))
		sum.index += indexUnits(action.Put.Item, action.Put.TableName, tables)
	}
	return sum
}

// indexUnits counts the entries that a new item makes in its table's indexes. An item without an index's keys is not in it.
func indexUnits(item map[string]types.AttributeValue, table *string, tables []template.Table) int {
	i := slices.IndexFunc(tables, func(t template.Table) bool { return t.Name == aws.ToString(table) })
	if i < 0 {
		return 0
	}
	t, sum := tables[i], 0
	for _, index := range t.Create.GlobalSecondaryIndexes {
		entry := map[string]types.AttributeValue{}
		for _, schema := range [][]types.KeySchemaElement{t.Create.KeySchema, index.KeySchema} {
			for _, k := range schema {
				entry[aws.ToString(k.AttributeName)] = item[aws.ToString(k.AttributeName)]
			}
		}
		if index.Projection != nil && index.Projection.ProjectionType == types.ProjectionTypeAll {
			entry = item
		} else if index.Projection != nil {
			for _, name := range index.Projection.NonKeyAttributes {
				entry[name] = item[name]
			}
		}
		complete := true
		for _, k := range index.KeySchema {
			complete = complete && item[aws.ToString(k.AttributeName)] != nil
		}
		if complete {
			sum += kilobytes(size(entry))
		}
	}
	return sum
}

// kilobytes rounds a size up to the unit of 1,024 bytes, of which every write takes one at least.
func kilobytes(bytes int) int { return max(1, (bytes+1023)/1024) }

// size is the size of an item in bytes as DynamoDB counts it: names and values in UTF-8, a number about half a byte a digit and one
// more, 1 for true, false and null, 3 for a list or map and 1 for each of its members.
func size(item map[string]types.AttributeValue) int {
	sum := 0
	for name, value := range item {
		sum += len(strings.TrimPrefix(name, ":")) + valueSize(value)
	}
	return sum
}

func valueSize(value types.AttributeValue) int {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return int(math.Ceil(float64(len(v.Value))/2)) + 1
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + size(v.Value)
	case *types.AttributeValueMemberL:
		sum := 3 + len(v.Value)
		for _, member := range v.Value {
			sum += valueSize(member)
		}
		return sum
	case *types.AttributeValueMemberSS:
		sum := 0
		for _, s := range v.Value {
			sum += len(s)
		}
		return sum
	case nil:
		return 0
	}
	return 1
}
