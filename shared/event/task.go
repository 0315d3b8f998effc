package event

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// tasks is the partition of what is to be done after a change.
const tasks = "tasks"

// Task says that an event has changed so that its registrations must follow.
type Task struct {
	PK      string `dynamodbav:"pk"`
	Event   string `dynamodbav:"sk"`
	Version int    `dynamodbav:"version"`  // that brought it
	SavedAt int64  `dynamodbav:"saved_at"` // Unix seconds
	Cursor  string `dynamodbav:"cursor,omitempty"`
}

// Settled reports whether no process can still take registrations by the version before: each forgets it after 30 seconds,
// and a submission takes no longer than a function may run.
func (t Task) Settled(at time.Time) bool {
	return at.Sub(time.Unix(t.SavedAt, 0)) > 2*cachedFor
}

// Tasks returns what is to be done. The error is record.ErrUnavailable.
func (s *Store) Tasks(ctx context.Context) ([]Task, error) {
	var all []Task
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[Task](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true),
			KeyConditionExpression:    aws.String("pk = :tasks"),
			ExpressionAttributeValues: record.Item{":tasks": &types.AttributeValueMemberS{Value: tasks}}}, s.Now(), cursor)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if cursor = next; cursor == nil {
			return all, nil
		}
	}
}

// Reached keeps how far a task has come, so that the next run goes on there. A task that a newer version has replaced stays
// as it is.
func (s *Store) Reached(ctx context.Context, t Task, cursor string) error {
	_, err := record.Update(ctx, s.Client, s.Table, record.Key(tasks, t.Event), "SET #cursor = :cursor", record.Values{"cursor": cursor},
		sameVersion(t), nil, "cursor")
	return err
}

// Done ends a task, unless a newer version has replaced it.
func (s *Store) Done(ctx context.Context, t Task) error {
	var tx record.Transaction
	tx.Delete("task", s.Table, record.Key(tasks, t.Event), sameVersion(t))
	err := tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return nil
	}
	return err
}

func sameVersion(t Task) record.Condition {
	return record.Condition{Expression: "#version = :version", Values: record.Values{"version": t.Version}, Names: []string{"version"}}
}
