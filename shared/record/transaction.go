package record

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Item is a DynamoDB item.
type Item = map[string]types.AttributeValue

// Values are the values of an expression: ":name" without the colon. They are marshalled as struct fields are; an AttributeValue is
// taken as it is.
type Values map[string]any

// Condition is a condition on the item that an action touches, with its values. The zero value is no condition.
type Condition struct {
	Expression string
	Values     Values
	Names      []string // reserved words, written "#name" in the expression and without the sign here
}

// IfAbsent holds where there is no item, or only an expired one that DynamoDB has not deleted yet (hard case 24).
func IfAbsent(now time.Time) Condition {
	return Condition{Expression: "attribute_not_exists(pk) OR expires_at <= :now", Values: Values{"now": now.Unix()}}
}

// Transaction is a list of writes that happen together or not at all. Each has a name, by which Cancelled tells which of
// them stood in the way.
type Transaction struct {
	names   []string
	actions []types.TransactWriteItem
	counts  map[string]*counting // by table and key
	err     error
}

// Put writes an item. v is a struct or an Item.
func (t *Transaction) Put(name, table string, v any, condition Condition) {
	item, err := marshal(v)
	if err != nil {
		t.Fail(name, err)
		return
	}
	expression, values := t.condition(name, condition)
	t.add(name, types.TransactWriteItem{Put: &types.Put{TableName: &table, Item: item, ConditionExpression: expression,
		ExpressionAttributeValues: values, ExpressionAttributeNames: placeholders(condition.Names),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}})
}

// Update changes an item by an update expression. Attribute names that are reserved words are written "#name" and given
// without the sign in names.
func (t *Transaction) Update(name, table string, key Item, update string, values Values, condition Condition, names ...string) {
	all := Values{}
	for k, v := range values {
		all[k] = v
	}
	for k, v := range condition.Values {
		all[k] = v
	}
	expression, attributes := t.condition(name, Condition{Expression: condition.Expression, Values: all})
	t.add(name, types.TransactWriteItem{Update: &types.Update{TableName: &table, Key: key, UpdateExpression: &update,
		ConditionExpression: expression, ExpressionAttributeValues: attributes, ExpressionAttributeNames: placeholders(append(names, condition.Names...)),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}})
}

// Delete removes an item.
func (t *Transaction) Delete(name, table string, key Item, condition Condition) {
	expression, values := t.condition(name, condition)
	t.add(name, types.TransactWriteItem{Delete: &types.Delete{TableName: &table, Key: key, ConditionExpression: expression,
		ExpressionAttributeValues: values, ExpressionAttributeNames: placeholders(condition.Names),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}})
}

// Check adds a condition on an item that the transaction does not change.
func (t *Transaction) Check(name, table string, key Item, condition Condition) {
	expression, values := t.condition(name, condition)
	t.add(name, types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: &table, Key: key,
		ConditionExpression: expression, ExpressionAttributeValues: values, ExpressionAttributeNames: placeholders(condition.Names),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}})
}

// Join adds the actions of another transaction, in its order. Names may repeat; then Cancelled tells of one of them. What both count
// on one item is added up.
func (t *Transaction) Join(other *Transaction) {
	counted := map[int]*counting{}
	for _, c := range other.counts {
		counted[c.action] = c
	}
	for i, action := range other.actions {
		if c := counted[i]; c != nil {
			for counter, n := range c.counters {
				t.Count(other.names[i], c.table, c.key, c.since, counter, n)
			}
			continue
		}
		t.add(other.names[i], action)
	}
	if t.err == nil {
		t.err = other.err
	}
}

// Commit carries the transaction out. It returns a *Cancelled where conditions failed, ErrUnavailable where the outcome
// is unknown after all retries.
func (t *Transaction) Commit(ctx context.Context, client *dynamodb.Client) error {
	if t.err != nil {
		return t.err
	}
	// The SDK fills in one ClientRequestToken for all attempts of this call, so an attempt whose answer was lost is not
	// carried out twice.
	_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: t.actions})
	var cancelled *types.TransactionCanceledException
	if !errors.As(err, &cancelled) {
		return wrap("commit "+strings.Join(t.names, "+"), err)
	}
	failed := map[string]Item{}
	for i, reason := range cancelled.CancellationReasons {
		if aws.ToString(reason.Code) == "ConditionalCheckFailed" && i < len(t.names) {
			failed[t.names[i]] = reason.Item
		}
	}
	if len(failed) == 0 {
		return wrap("commit "+strings.Join(t.names, "+"), err)
	}
	return &Cancelled{Failed: failed}
}

// Cancelled says which actions' conditions failed. Nothing was written.
type Cancelled struct {
	Failed map[string]Item // name of the action -> the item that stood in the way (empty where there was none)
}

func (c *Cancelled) Error() string {
	names := make([]string, 0, len(c.Failed))
	for name := range c.Failed {
		names = append(names, name)
	}
	return "transaction cancelled: " + strings.Join(names, ", ")
}

// Unless returns what Commit returned, but nil where only the condition of one action failed: what it would have written is there
// already.
func Unless(err error, action string) error {
	var cancelled *Cancelled
	if errors.As(err, &cancelled) {
		if _, failed := cancelled.Failed[action]; failed && len(cancelled.Failed) == 1 {
			return nil
		}
	}
	return err
}

// Old unmarshals the item that stood in the way of an action; false where that action's condition held.
func (c *Cancelled) Old(action string, into any) (bool, error) {
	item, failed := c.Failed[action]
	if !failed {
		return false, nil
	}
	if err := attributevalue.UnmarshalMap(item, into); err != nil {
		return true, fmt.Errorf("decode %s: %w", action, err)
	}
	return true, nil
}

func (t *Transaction) add(name string, action types.TransactWriteItem) {
	t.names = append(t.names, name)
	t.actions = append(t.actions, action)
}

// Fail makes the whole transaction fail with an error before anything is sent: an action that must not be carried out is
// a defect of the program.
func (t *Transaction) Fail(name string, err error) {
	if t.err == nil {
		t.err = fmt.Errorf("encode %s: %w", name, err)
	}
}

func (t *Transaction) condition(name string, c Condition) (*string, Item) {
	values, err := c.Values.marshal()
	if err != nil {
		t.Fail(name, err)
	}
	if c.Expression == "" {
		return nil, values
	}
	return &c.Expression, values
}

func (v Values) marshal() (Item, error) {
	if len(v) == 0 {
		return nil, nil
	}
	item := make(Item, len(v))
	for name, value := range v {
		if attribute, done := value.(types.AttributeValue); done {
			item[":"+name] = attribute
			continue
		}
		attribute, err := attributevalue.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("value %s: %w", name, err)
		}
		item[":"+name] = attribute
	}
	return item, nil
}

func marshal(v any) (Item, error) {
	if item, ok := v.(Item); ok {
		return item, nil
	}
	return attributevalue.MarshalMap(v)
}

func placeholders(names []string) map[string]string {
	if len(names) == 0 {
		return nil
	}
	m := make(map[string]string, len(names))
	for _, name := range names {
		m["#"+name] = name
	}
	return m
}
