package mail

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// mostOfPerson is how many of a person's mails are looked at, those of all services together.
const mostOfPerson = 50

// OfPerson returns the last mails that a service has promised to a person, the newest first, with their outcome. It reads no
// address, no link and no word of them, and of those of other services nothing but whose they are (R7).
func OfPerson(ctx context.Context, client *dynamodb.Client, table string, service policy.Code, person string, now time.Time) ([]Row, error) {
	keys, _, err := record.Items(ctx, client, &dynamodb.QueryInput{TableName: &table, IndexName: aws.String("person"), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: aws.String("person = :person"), Limit: aws.Int32(mostOfPerson),
		ExpressionAttributeValues: record.Item{":person": &types.AttributeValueMemberS{Value: person}}}, nil)
	if err != nil {
		return nil, fmt.Errorf("find mails of a person: %w", err)
	}
	wanted := make([]record.Item, len(keys))
	for i, key := range keys {
		wanted[i] = record.Key(record.Text(key, "pk"), "")
	}
	var rows []Row
	err = record.GetAll(ctx, client, map[string]record.Batch{table: {Keys: wanted, Names: []string{"state"},
		Projection: "pk, #state, service, kind, created_at, expires_at, settled_at, reason, sent_at, delivered_at, bounced_at, bounce, complained_at"}}, now,
		func(_ string, item record.Item) error {
			var row Row
			if err := attributevalue.UnmarshalMap(item, &row); err != nil {
				return fmt.Errorf("decode mail: %w", err)
			}
			if row.Service == service {
				rows = append(rows, row)
			}
			return nil
		})
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(cmp.Compare(b.Created, a.Created), cmp.Compare(a.ID, b.ID)) })
	return rows, err
}
