// Package replay repeats recorded DynamoDB writes with fresh keys: what the bare handler of infra/bench does, and what asks
// the engine for the write units of a post. The items, conditions and expressions are those that a real function sent, so the
// comparison cannot drift from the function.
package replay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Recorded is one call as it went over the wire.
type Recorded struct {
	Operation string          `json:"operation"` // TransactWriteItems or UpdateItem
	Body      json.RawMessage `json:"body"`      // the request in DynamoDB's JSON
}

// Call is one write that can be repeated. Exactly one of the two is set.
type Call struct {
	Transaction *dynamodb.TransactWriteItemsInput
	Update      *dynamodb.UpdateItemInput
}

// action mirrors Put and Update of the wire format; the rest of a request (tokens, return values) is not repeated, but for
// the values that an update returns.
type action struct {
	TableName                           string
	Item, Key                           json.RawMessage
	ConditionExpression                 *string
	UpdateExpression                    *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           json.RawMessage
	ReturnValuesOnConditionCheckFailure types.ReturnValuesOnConditionCheckFailure
	ReturnValues                        types.ReturnValue
}

// Parse reads recorded calls. Any operation but the two is an error, and so is a transaction with anything but Put and
// Update in it: what is left out would make the comparison unfair.
func Parse(recorded []Recorded) ([]Call, error) {
	calls := make([]Call, len(recorded))
	for i, r := range recorded {
		var err error
		switch r.Operation {
		case "TransactWriteItems":
			calls[i].Transaction, err = transaction(r.Body)
		case "UpdateItem":
			calls[i].Update, err = update(r.Body)
		default:
			err = fmt.Errorf("%s cannot be repeated", r.Operation)
		}
		if err != nil {
			return nil, fmt.Errorf("recorded call %d: %w", i, err)
		}
	}
	return calls, nil
}

func transaction(body []byte) (*dynamodb.TransactWriteItemsInput, error) {
	var request struct{ TransactItems []map[string]action }
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, err
	}
	in := &dynamodb.TransactWriteItemsInput{}
	for _, item := range request.TransactItems {
		for kind, a := range item {
			values, err := attributes(a.ExpressionAttributeValues)
			if err != nil {
				return nil, err
			}
			switch kind {
			case "Put":
				put, err := attributes(a.Item)
				if err != nil {
					return nil, err
				}
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: &a.TableName, Item: put,
					ConditionExpression: a.ConditionExpression, ExpressionAttributeNames: a.ExpressionAttributeNames,
					ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: a.ReturnValuesOnConditionCheckFailure}})
			case "Update":
				key, err := attributes(a.Key)
				if err != nil {
					return nil, err
				}
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Update: &types.Update{TableName: &a.TableName, Key: key,
					UpdateExpression: a.UpdateExpression, ConditionExpression: a.ConditionExpression, ExpressionAttributeNames: a.ExpressionAttributeNames,
					ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: a.ReturnValuesOnConditionCheckFailure}})
			default:
				return nil, fmt.Errorf("a transaction with %s cannot be repeated", kind)
			}
		}
	}
	return in, nil
}

func update(body []byte) (*dynamodb.UpdateItemInput, error) {
	var a action
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	key, err := attributes(a.Key)
	if err != nil {
		return nil, err
	}
	values, err := attributes(a.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemInput{TableName: &a.TableName, Key: key, UpdateExpression: a.UpdateExpression, ConditionExpression: a.ConditionExpression,
		ExpressionAttributeNames: a.ExpressionAttributeNames, ExpressionAttributeValues: values, ReturnValues: a.ReturnValues}, nil
}

func attributes(data json.RawMessage) (map[string]types.AttributeValue, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return attributevalue.UnmarshalMapJSON(data)
}

// Do makes the call, a transaction with fresh keys of the same length, so that every condition on a new item holds again. The
// key of an update by itself stays: it is a counter.
func (c Call) Do(ctx context.Context, client *dynamodb.Client) error {
	_, err := c.do(ctx, client, types.ReturnConsumedCapacityNone)
	return err
}

// WriteUnits makes the call and returns what the engine says it cost, tables and indexes together; 0 where it says nothing.
func (c Call) WriteUnits(ctx context.Context, client *dynamodb.Client) (float64, error) {
	return c.do(ctx, client, types.ReturnConsumedCapacityIndexes)
}

func (c Call) do(ctx context.Context, client *dynamodb.Client, capacity types.ReturnConsumedCapacity) (float64, error) {
	if c.Update != nil {
		in := *c.Update
		if capacity != types.ReturnConsumedCapacityNone {
			in.ReturnConsumedCapacity = capacity
		}
		out, err := client.UpdateItem(ctx, &in)
		if err != nil || out.ConsumedCapacity == nil {
			return 0, err
		}
		return aws.ToFloat64(out.ConsumedCapacity.CapacityUnits), nil
	}
	in := c.fresh()
	if capacity != types.ReturnConsumedCapacityNone {
		in.ReturnConsumedCapacity = capacity
	}
	out, err := client.TransactWriteItems(ctx, in)
	if err != nil {
		return 0, err
	}
	units := 0.0
	for _, table := range out.ConsumedCapacity {
		units += aws.ToFloat64(table.CapacityUnits)
	}
	return units, nil
}

// fresh copies the transaction with other keys.
func (c Call) fresh() *dynamodb.TransactWriteItemsInput {
	in := &dynamodb.TransactWriteItemsInput{TransactItems: make([]types.TransactWriteItem, len(c.Transaction.TransactItems))}
	for i, action := range c.Transaction.TransactItems {
		if action.Put != nil {
			put := *action.Put
			put.Item = freshKey(put.Item)
			action.Put = &put
		} else {
			update := *action.Update
			update.Key = freshKey(update.Key)
			action.Update = &update
		}
		in.TransactItems[i] = action
	}
	return in
}

// freshTail is how many characters at the end of a key are replaced: 80 random bits.
const freshTail = 16

// freshKey copies an item with another end of each of its keys that is long enough to be random (tokens and hashes are; the
// prefixes that spread a list are not).
func freshKey(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	item = maps.Clone(item)
	for _, name := range []string{"pk", "sk"} {
		if key, ok := item[name].(*types.AttributeValueMemberS); ok && len(key.Value) > freshTail {
			item[name] = &types.AttributeValueMemberS{Value: key.Value[:len(key.Value)-freshTail] + strings.ToLower(rand.Text()[:freshTail])}
		}
	}
	return item
}
