package mail

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/record"
)

// Backlog is what the outbox holds of mail without an outcome.
type Backlog struct {
	Oldest  time.Duration // since the oldest was asked for; 0 where there is none
	Waiting int           // all of them
	Due     int           // those that something should have been done with by now
	Unknown int           // those of which nobody knows whether SES has them
}

// Backlog counts the mail without an outcome. It reads one page of each shard, the longest overdue first: a page holds
// some thousands, and whether there are more makes no difference to what must be done.
func (s *Store) Backlog(ctx context.Context) (Backlog, error) {
	type entry struct {
		State   State  `dynamodbav:"state"`
		Created string `dynamodbav:"created_at"`
		DueAt   int64  `dynamodbav:"due_at"`
	}
	var b Backlog
	now := s.now()
	for shard := range Shards {
		values, err := attributevalue.MarshalMap(map[string]any{":shard": strconv.Itoa(shard)})
		if err != nil {
			return Backlog{}, fmt.Errorf("count mail: %w", err)
		}
		entries, _, err := record.Query[entry](ctx, s.client, &dynamodb.QueryInput{TableName: &s.table, IndexName: aws.String("due"),
			KeyConditionExpression: aws.String("due = :shard"), ExpressionAttributeValues: values}, now, nil)
		if err != nil {
			return Backlog{}, fmt.Errorf("count mail: %w", err)
		}
		for _, e := range entries {
			b.Waiting++
			if e.DueAt <= now.UnixMilli() {
				b.Due++
			}
			if e.State == Unknown {
				b.Unknown++
			}
			if created, err := time.Parse(time.RFC3339, e.Created); err == nil {
				b.Oldest = max(b.Oldest, now.Sub(created))
			}
		}
	}
	return b, nil
}
