package subscription

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// mending is how far a list of before has been walked, in the list's own table; it is nobody's.
type mending struct {
	PK   string `dynamodbav:"pk"`
	SK   string `dynamodbav:"sk"`
	Next int    `dynamodbav:"next"` // partition
}

const (
	partitions  = 256
	mendingSort = "ending"
	unplaced    = "#state = :confirmed AND attribute_not_exists(ending) AND attribute_not_exists(asked)"
)

// Mend gives subscribers of before the index "ending" was kept their place in it, or they would leave without having been asked. It walks
// so many of the list's partitions, keeps the place, and reports whether all have been walked: then it reads one item, for ever.
// Repeating it changes nothing. The error is record.ErrUnavailable.
func (l *List) Mend(ctx context.Context, some int) (done bool, err error) {
	at := mending{PK: settingsPartition, SK: mendingSort}
	if _, err := record.Get(ctx, l.Client, l.Table, record.Key(at.PK, at.SK), l.Now(), &at); err != nil || at.Next >= partitions {
		return err == nil, err
	}
	for end := min(partitions, at.Next+some); at.Next < end; at.Next++ {
		if err := l.mend(ctx, fmt.Sprintf("%02x", at.Next)); err != nil {
			return false, err
		}
	}
	_, err = record.Put(ctx, l.Client, l.Table, at, record.Condition{})
	return err == nil && at.Next >= partitions, err
}

func (l *List) mend(ctx context.Context, partition string) error {
	input := &dynamodb.QueryInput{TableName: &l.Table, KeyConditionExpression: aws.String("pk = :p"), FilterExpression: aws.String(unplaced),
		ProjectionExpression: aws.String("pk, sk, expires_at"), ExpressionAttributeNames: map[string]string{"#state": "state"},
		ExpressionAttributeValues: record.Item{":p": &types.AttributeValueMemberS{Value: partition}, ":confirmed": &types.AttributeValueMemberS{Value: string(Confirmed)}}}
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[Due](ctx, l.Client, input, l.Now(), cursor)
		if err != nil {
			return err
		}
		for _, one := range page {
			place := ending(Subscriber{State: Confirmed, Person: one.Person})
			if _, err := record.Update(ctx, l.Client, l.Table, Key(one.Person), "SET ending = :ending", record.Values{"ending": place},
				record.Condition{Expression: unplaced, Values: record.Values{"confirmed": Confirmed}, Names: []string{"state"}}, nil); err != nil {
				return err
			}
		}
		if cursor = next; cursor == nil {
			return nil
		}
	}
}
