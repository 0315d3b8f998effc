// Package replay repeats recorded DynamoDB calls with other keys: what the bare handler of infra/bench does, and what asks
// the engine for the write units of a post. The items, conditions and expressions are those that a real function sent, so the
// comparison cannot drift from the function, and every repeated call succeeds as the recorded one did:
//
//   - what must be new - a record, a seat, a spent token, a limit of one person - gets a fresh key of the same length. A seat keeps its
//     number and gets a partition of its own.
//   - what must be there already and goes with the post - the invitation that an answer spends - is given to each repetition by its key.
//   - what is there for all - a counter, a read setting - stays.
package replay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
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
	Operation string          `json:"operation"`
	Body      json.RawMessage `json:"body"`            // the request in DynamoDB's JSON
	Given     string          `json:"given,omitempty"` // partition key of what was put into the database for this post
}

// Call is one call that can be repeated. Exactly one of the four inputs is set.
type Call struct {
	Transaction *dynamodb.TransactWriteItemsInput
	Update      *dynamodb.UpdateItemInput
	Put         *dynamodb.PutItemInput
	Get         *dynamodb.GetItemInput

	given string // of the recorded call
}

// action mirrors reads, Put and Update of the wire format; the rest of a request (tokens, return values) is not repeated, but for
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
	ConsistentRead                      *bool
}

// Parse reads recorded calls. Any operation but the four of a Call is an error, and so is a transaction with anything but Put and
// Update in it: what is left out would make the comparison unfair.
func Parse(recorded []Recorded) ([]Call, error) {
	calls := make([]Call, len(recorded))
	for i, r := range recorded {
		var err error
		calls[i].given = r.Given
		switch r.Operation {
		case "TransactWriteItems":
			calls[i].Transaction, err = transaction(r.Body)
		case "UpdateItem":
			calls[i].Update, err = update(r.Body)
		case "PutItem":
			calls[i].Put, err = put(r.Body)
		case "GetItem":
			calls[i].Get, err = get(r.Body)
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

func put(body []byte) (*dynamodb.PutItemInput, error) {
	var a action
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	item, err := attributes(a.Item)
	if err != nil {
		return nil, err
	}
	values, err := attributes(a.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	return &dynamodb.PutItemInput{TableName: &a.TableName, Item: item, ConditionExpression: a.ConditionExpression,
		ExpressionAttributeNames: a.ExpressionAttributeNames, ExpressionAttributeValues: values}, nil
}

func get(body []byte) (*dynamodb.GetItemInput, error) {
	var a action
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, err
	}
	key, err := attributes(a.Key)
	if err != nil {
		return nil, err
	}
	return &dynamodb.GetItemInput{TableName: &a.TableName, Key: key, ConsistentRead: a.ConsistentRead}, nil
}

func attributes(data json.RawMessage) (map[string]types.AttributeValue, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return attributevalue.UnmarshalMapJSON(data)
}

// Do makes the call with the keys of a repetition; given is the key of what was put into the database for it.
func (c Call) Do(ctx context.Context, client *dynamodb.Client, given string) error {
	_, err := c.do(ctx, client, given, types.ReturnConsumedCapacityNone)
	return err
}

// WriteUnits makes the call and returns what the engine says it cost, tables and indexes together; 0 where it says nothing.
func (c Call) WriteUnits(ctx context.Context, client *dynamodb.Client, given string) (float64, error) {
	return c.do(ctx, client, given, types.ReturnConsumedCapacityIndexes)
}

// errNotGiven: the call would fail, or change what another post changed already.
var errNotGiven = errors.New("the call needs something that was put into the database for it")

func (c Call) do(ctx context.Context, client *dynamodb.Client, given string, capacity types.ReturnConsumedCapacity) (float64, error) {
	if c.given != "" && given == "" {
		return 0, errNotGiven
	}
	if capacity == types.ReturnConsumedCapacityNone {
		capacity = "" // as the functions send it: not at all
	}
	var consumed []types.ConsumedCapacity
	add := func(one *types.ConsumedCapacity) {
		if one != nil {
			consumed = append(consumed, *one)
		}
	}
	switch again := c.again(given); {
	case again.Get != nil:
		_, err := client.GetItem(ctx, again.Get) // writes nothing
		return 0, err
	case again.Update != nil:
		again.Update.ReturnConsumedCapacity = capacity
		out, err := client.UpdateItem(ctx, again.Update)
		if err != nil {
			return 0, err
		}
		add(out.ConsumedCapacity)
	case again.Put != nil:
		again.Put.ReturnConsumedCapacity = capacity
		out, err := client.PutItem(ctx, again.Put)
		if err != nil {
			return 0, err
		}
		add(out.ConsumedCapacity)
	default:
		again.Transaction.ReturnConsumedCapacity = capacity
		out, err := client.TransactWriteItems(ctx, again.Transaction)
		if err != nil {
			return 0, err
		}
		consumed = out.ConsumedCapacity
	}
	units := 0.0
	for _, one := range consumed {
		units += aws.ToFloat64(one.CapacityUnits)
	}
	return units, nil
}

// again copies the call with the keys of a repetition.
func (c Call) again(given string) Call {
	switch {
	case c.Get != nil:
		in := *c.Get
		in.Key = c.stays(in.Key, given)
		return Call{Get: &in}
	case c.Update != nil: // by itself it is a counter
		in := *c.Update
		in.Key = c.stays(in.Key, given)
		return Call{Update: &in}
	case c.Put != nil:
		in := *c.Put
		in.Item = c.fresh(in.Item, given)
		return Call{Put: &in}
	}
	in := &dynamodb.TransactWriteItemsInput{TransactItems: make([]types.TransactWriteItem, len(c.Transaction.TransactItems))}
	for i, action := range c.Transaction.TransactItems {
		switch {
		case action.Put != nil:
			put := *action.Put
			put.Item = c.fresh(put.Item, given)
			action.Put = &put
		case action.Update.ConditionExpression == nil: // a counter of all
			update := *action.Update
			update.Key = c.stays(update.Key, given)
			action.Update = &update
		default:
			update := *action.Update
			update.Key = c.fresh(update.Key, given)
			action.Update = &update
		}
		in.TransactItems[i] = action
	}
	return Call{Transaction: in}
}

// freshTail is how many characters at the end of a key are replaced: 80 random bits.
const freshTail = 16

// fresh copies an item with another end of each of its keys that is long enough to be random (tokens and hashes are; the
// prefixes that spread a list are not), or with the key that is given.
func (c Call) fresh(item map[string]types.AttributeValue, given string) map[string]types.AttributeValue {
	if c.isGiven(item) {
		return c.stays(item, given)
	}
	item = maps.Clone(item)
	for _, name := range []string{"pk", "sk"} {
		if key, ok := item[name].(*types.AttributeValueMemberS); ok && len(key.Value) > freshTail {
			item[name] = &types.AttributeValueMemberS{Value: key.Value[:len(key.Value)-freshTail] + strings.ToLower(rand.Text()[:freshTail])}
		}
	}
	return item
}

// stays returns a key as it is, or with the one that is given.
func (c Call) stays(key map[string]types.AttributeValue, given string) map[string]types.AttributeValue {
	if !c.isGiven(key) {
		return key
	}
	key = maps.Clone(key)
	key["pk"] = &types.AttributeValueMemberS{Value: given}
	return key
}

// isGiven tells the key of what was put into the database for the recorded post.
func (c Call) isGiven(key map[string]types.AttributeValue) bool {
	pk, ok := key["pk"].(*types.AttributeValueMemberS)
	return ok && c.given != "" && pk.Value == c.given
}
