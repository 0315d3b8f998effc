package campaign

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// remark is what a colleague wrote to a change of state: why a campaign was returned. It stands beside the campaign, whose own item is
// written often and stays small, and never in the ledger, which holds no values (R47).
type remark struct {
	PK   string `dynamodbav:"pk"`
	SK   string `dynamodbav:"sk"`
	At   int64  `dynamodbav:"at"` // of the step, Unix milliseconds
	Text string `dynamodbav:"text"`
}

// remarkPrefix begins the sort keys of remarks.
const remarkPrefix = "remark#"

// Decide is Change with a remark to the last step that change adds; "" for none. Both are stored, or neither.
func (s *Store) Decide(ctx context.Context, id, text string, change func(*Campaign) error) (Campaign, error) {
	return s.changeWith(ctx, id, func(c *Campaign, tx *record.Transaction) error {
		if err := change(c); err != nil || text == "" || len(c.History) == 0 {
			return err
		}
		at := c.History[len(c.History)-1].At
		tx.Put("remark", s.Table, remark{PK: partition(id), SK: fmt.Sprintf("%s%013d", remarkPrefix, at), At: at, Text: text}, record.Condition{})
		return nil
	})
}

// Remarks are those of a campaign, by the time of their steps (Unix milliseconds).
func (s *Store) Remarks(ctx context.Context, id string) (map[int64]string, error) {
	all := map[int64]string{}
	for from := record.Item(nil); ; {
		page, next, err := record.Query[remark](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table,
			KeyConditionExpression: aws.String("pk = :pk AND begins_with(sk, :prefix)"), ExpressionAttributeValues: record.Item{
				":pk": &types.AttributeValueMemberS{Value: partition(id)}, ":prefix": &types.AttributeValueMemberS{Value: remarkPrefix}}}, s.Now(), from)
		if err != nil {
			return nil, fmt.Errorf("read remarks: %w", err)
		}
		for _, r := range page {
			all[r.At] = r.Text
		}
		if from = next; from == nil {
			return all, nil
		}
	}
}
