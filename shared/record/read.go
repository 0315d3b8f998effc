package record

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Key builds the key of an item; sk is left out where the table has none ("").
func Key(pk, sk string) Item {
	key := Item{"pk": &types.AttributeValueMemberS{Value: pk}}
	if sk != "" {
		key["sk"] = &types.AttributeValueMemberS{Value: sk}
	}
	return key
}

// Get reads one item, consistently. It reports false where there is none, or only one that has expired (hard case 24).
func Get(ctx context.Context, client *dynamodb.Client, table string, key Item, now time.Time, into any) (bool, error) {
	out, err := client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return false, wrap("get from "+table, err)
	}
	if len(out.Item) == 0 || Expired(out.Item, now) {
		return false, nil
	}
	if err := attributevalue.UnmarshalMap(out.Item, into); err != nil {
		return false, fmt.Errorf("decode item of %s: %w", table, err)
	}
	return true, nil
}

// Put writes one item, by itself. It reports false where the condition did not hold.
func Put(ctx context.Context, client *dynamodb.Client, table string, v any, condition Condition) (bool, error) {
	item, err := marshal(v)
	if err != nil {
		return false, fmt.Errorf("encode item of %s: %w", table, err)
	}
	values, err := condition.Values.marshal()
	if err != nil {
		return false, err
	}
	input := &dynamodb.PutItemInput{TableName: &table, Item: item, ExpressionAttributeValues: values,
		ExpressionAttributeNames: placeholders(condition.Names)}
	if condition.Expression != "" {
		input.ConditionExpression = &condition.Expression
	}
	_, err = client.PutItem(ctx, input)
	return held("put into "+table, err)
}

// Update changes one item, by itself, and returns it as it is afterwards. It reports false where the condition did not
// hold. Names are reserved words that the expressions write as "#name".
func Update(ctx context.Context, client *dynamodb.Client, table string, key Item, update string, values Values, condition Condition, into any, names ...string) (bool, error) {
	all := Values{}
	for k, v := range values {
		all[k] = v
	}
	for k, v := range condition.Values {
		all[k] = v
	}
	attributes, err := all.marshal()
	if err != nil {
		return false, err
	}
	input := &dynamodb.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: &update, ExpressionAttributeValues: attributes,
		ExpressionAttributeNames: placeholders(append(names, condition.Names...))}
	if condition.Expression != "" {
		input.ConditionExpression = &condition.Expression
	}
	if into != nil {
		input.ReturnValues = types.ReturnValueAllNew
	}
	out, err := client.UpdateItem(ctx, input)
	ok, err := held("update "+table, err)
	if !ok || err != nil || into == nil {
		return ok, err
	}
	if err := attributevalue.UnmarshalMap(out.Attributes, into); err != nil {
		return true, fmt.Errorf("decode item of %s: %w", table, err)
	}
	return true, nil
}

// UpdateFrom changes one item, by itself and without a condition, and returns it as it was before: into stays as it is where there
// was none. An expired item counts as it stands: its values are overwritten or kept as the expression says.
func UpdateFrom(ctx context.Context, client *dynamodb.Client, table string, key Item, update string, values Values, into any, names ...string) error {
	attributes, err := values.marshal()
	if err != nil {
		return err
	}
	out, err := client.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &table, Key: key, UpdateExpression: &update,
		ExpressionAttributeValues: attributes, ExpressionAttributeNames: placeholders(names), ReturnValues: types.ReturnValueAllOld})
	if err != nil {
		return wrap("update "+table, err)
	}
	if err := attributevalue.UnmarshalMap(out.Attributes, into); err != nil {
		return fmt.Errorf("decode item of %s: %w", table, err)
	}
	return nil
}

// Query reads one page of an index or a partition, in key order, without the expired. Limit counts the items read.
// cursor is what the page before returned, nil for the first; the next cursor is nil after the last page.
func Query[T any](ctx context.Context, client *dynamodb.Client, input *dynamodb.QueryInput, now time.Time, cursor Item) ([]T, Item, error) {
	page := *input
	page.ExclusiveStartKey = cursor
	out, err := client.Query(ctx, &page)
	if err != nil {
		return nil, nil, wrap("query "+aws.ToString(input.TableName), err)
	}
	items := make([]T, 0, len(out.Items))
	for _, item := range out.Items {
		if Expired(item, now) {
			continue
		}
		var v T
		if err := attributevalue.UnmarshalMap(item, &v); err != nil {
			return nil, nil, fmt.Errorf("decode item of %s: %w", aws.ToString(input.TableName), err)
		}
		items = append(items, v)
	}
	return items, out.LastEvaluatedKey, nil
}

// Expired reports whether an item's expires_at has passed. An item without one does not expire.
func Expired(item Item, now time.Time) bool {
	attribute, ok := item["expires_at"].(*types.AttributeValueMemberN)
	if !ok {
		return false
	}
	at, err := strconv.ParseInt(attribute.Value, 10, 64)
	return err == nil && at <= now.Unix()
}

// held tells a failed condition (false, nil) from a failed call.
func held(operation string, err error) (bool, error) {
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return false, nil
	}
	if err != nil {
		return false, wrap(operation, err)
	}
	return true, nil
}

// PutAll writes items in batches of 25, without conditions and not as one transaction: for loads that may be repeated.
func PutAll[T any](ctx context.Context, client *dynamodb.Client, table string, all []T) error {
	const batch = 25 // BatchWriteItem takes no more
	for len(all) > 0 {
		n := min(batch, len(all))
		requests := make([]types.WriteRequest, n)
		for i, v := range all[:n] {
			item, err := marshal(v)
			if err != nil {
				return fmt.Errorf("encode item of %s: %w", table, err)
			}
			requests[i] = types.WriteRequest{PutRequest: &types.PutRequest{Item: item}}
		}
		all = all[n:]
		for len(requests) > 0 {
			out, err := client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: requests}})
			if err != nil {
				return wrap("write batch to "+table, err)
			}
			requests = out.UnprocessedItems[table]
		}
	}
	return nil
}
