package replay

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Step makes a recorded call once more, with the keys and expressions that it had.
type Step func(ctx context.Context, client *dynamodb.Client) error

// Steps reads recorded calls that are made again as they were, as a campaign's are: each belongs to a state of its items that has
// passed, so their conditions hold whatever the items are. They write what was written, and are to be kept to tables of their own.
func Steps(recorded []Recorded) ([]Step, error) {
	steps := make([]Step, len(recorded))
	for i, r := range recorded {
		var err error
		switch r.Operation {
		case "BatchGetItem":
			steps[i], err = batch(r.Body)
		case "Query":
			steps[i], err = query(r.Body)
		default:
			var calls []Call
			if calls, err = Parse([]Recorded{r}); err == nil {
				steps[i] = calls[0].step()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("recorded call %d: %w", i, err)
		}
	}
	return steps, nil
}

// always is a condition that asks for the same and is never in the way.
func always(condition *string) *string {
	if condition == nil {
		return nil
	}
	return aws.String("attribute_exists(pk) OR attribute_not_exists(pk) OR (" + *condition + ")")
}

func (c Call) step() Step {
	switch {
	case c.Get != nil:
		return func(ctx context.Context, client *dynamodb.Client) error {
			_, err := client.GetItem(ctx, c.Get)
			return err
		}
	case c.Update != nil:
		c.Update.ConditionExpression = always(c.Update.ConditionExpression)
		return func(ctx context.Context, client *dynamodb.Client) error {
			_, err := client.UpdateItem(ctx, c.Update)
			return err
		}
	case c.Put != nil:
		c.Put.ConditionExpression = always(c.Put.ConditionExpression)
		return func(ctx context.Context, client *dynamodb.Client) error {
			_, err := client.PutItem(ctx, c.Put)
			return err
		}
	}
	for _, action := range c.Transaction.TransactItems {
		if action.Put != nil {
			action.Put.ConditionExpression = always(action.Put.ConditionExpression)
		} else {
			action.Update.ConditionExpression = always(action.Update.ConditionExpression)
		}
	}
	return func(ctx context.Context, client *dynamodb.Client) error {
		in := *c.Transaction // the client writes a token into it, and would do nothing the second time
		_, err := client.TransactWriteItems(ctx, &in)
		return err
	}
}

// reading mirrors BatchGetItem and Query of the wire format.
type reading struct {
	RequestItems map[string]struct {
		Keys                     []json.RawMessage
		ProjectionExpression     *string
		ExpressionAttributeNames map[string]string
		ConsistentRead           *bool
	}
	TableName, IndexName                                           *string
	KeyConditionExpression, FilterExpression, ProjectionExpression *string
	ExpressionAttributeNames                                       map[string]string
	ExpressionAttributeValues, ExclusiveStartKey                   json.RawMessage
	Limit                                                          *int32
	ScanIndexForward, ConsistentRead                               *bool
}

func batch(body []byte) (Step, error) {
	var r reading
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	in := &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{}}
	for table, asked := range r.RequestItems {
		keys := types.KeysAndAttributes{ProjectionExpression: asked.ProjectionExpression, ExpressionAttributeNames: asked.ExpressionAttributeNames,
			ConsistentRead: asked.ConsistentRead}
		for _, k := range asked.Keys {
			key, err := attributes(k)
			if err != nil {
				return nil, err
			}
			keys.Keys = append(keys.Keys, key)
		}
		in.RequestItems[table] = keys
	}
	return func(ctx context.Context, client *dynamodb.Client) error {
		_, err := client.BatchGetItem(ctx, in)
		return err
	}, nil
}

func query(body []byte) (Step, error) {
	var r reading
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	values, err := attributes(r.ExpressionAttributeValues)
	if err != nil {
		return nil, err
	}
	start, err := attributes(r.ExclusiveStartKey)
	if err != nil {
		return nil, err
	}
	in := &dynamodb.QueryInput{TableName: r.TableName, IndexName: r.IndexName, KeyConditionExpression: r.KeyConditionExpression,
		FilterExpression: r.FilterExpression, ProjectionExpression: r.ProjectionExpression, ExpressionAttributeNames: r.ExpressionAttributeNames,
		ExpressionAttributeValues: values, ExclusiveStartKey: start, Limit: r.Limit, ScanIndexForward: r.ScanIndexForward, ConsistentRead: r.ConsistentRead}
	return func(ctx context.Context, client *dynamodb.Client) error {
		_, err := client.Query(ctx, in)
		return err
	}, nil
}
