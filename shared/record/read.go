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
	return get(ctx, client, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)}, now, into)
}

// GetSome is Get for some attributes of a large item: a projection whose reserved words are written "#name" and given without the
// sign in names.
func GetSome(ctx context.Context, client *dynamodb.Client, table string, key Item, projection string, now time.Time, into any, names ...string) (bool, error) {
	return get(ctx, client, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true),
		ProjectionExpression: &projection, ExpressionAttributeNames: placeholders(names)}, now, into)
}

func get(ctx context.Context, client *dynamodb.Client, input *dynamodb.GetItemInput, now time.Time, into any) (bool, error) {
	table := *input.TableName
	out, err := client.GetItem(ctx, input)
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

// Items is Query for items as they are, where decoding thousands of them would cost more than it gives, and also for those that
// have expired: for counts of who is left out. Whoever uses it asks Expired of each.
func Items(ctx context.Context, client *dynamodb.Client, input *dynamodb.QueryInput, cursor Item) ([]Item, Item, error) {
	page := *input
	page.ExclusiveStartKey = cursor
	out, err := client.Query(ctx, &page)
	if err != nil {
		return nil, nil, wrap("query "+aws.ToString(input.TableName), err)
	}
	return out.Items, out.LastEvaluatedKey, nil
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

// Batch is what GetAll reads of one table: the keys, and a projection ("" for whole items) whose reserved words are written
// "#name" and given without the sign in Names.
type Batch struct {
	Keys       []Item
	Projection string
	Names      []string
}

// maxBatch is how many keys BatchGetItem takes.
const maxBatch = 100

// GetAll reads up to a hundred items of some tables in one call, consistently, and hands each that is there and has not expired to
// take, in no order. What DynamoDB leaves over is asked for again.
func GetAll(ctx context.Context, client *dynamodb.Client, from map[string]Batch, now time.Time, take func(table string, item Item) error) error {
	request, n := make(map[string]types.KeysAndAttributes, len(from)), 0
	for table, batch := range from {
		if len(batch.Keys) == 0 {
			continue
		}
		keys := types.KeysAndAttributes{Keys: batch.Keys, ConsistentRead: aws.Bool(true), ExpressionAttributeNames: placeholders(batch.Names)}
		if batch.Projection != "" {
			keys.ProjectionExpression = aws.String(batch.Projection)
		}
		request[table] = keys
		n += len(batch.Keys)
	}
	if n > maxBatch {
		return fmt.Errorf("read %d items at once: %d is the most", n, maxBatch)
	}
	for round := 0; len(request) > 0; round++ {
		if round == maxAttempts {
			return fmt.Errorf("read items: %w: DynamoDB leaves some over", ErrUnavailable)
		}
		out, err := client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: request})
		if err != nil {
			return wrap("read items", err)
		}
		for table, items := range out.Responses {
			for _, item := range items {
				if Expired(item, now) {
					continue
				}
				if err := take(table, item); err != nil {
					return err
				}
			}
		}
		request = out.UnprocessedKeys
		if len(request) > 0 {
			time.Sleep(time.Duration(round+1) * minBackoff)
		}
	}
	return nil
}

// Text returns a string attribute of an item, "" where there is none.
func Text(item Item, name string) string {
	if v, ok := item[name].(*types.AttributeValueMemberS); ok {
		return v.Value
	}
	return ""
}
