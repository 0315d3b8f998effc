package questionnaire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/text"
)

// batch is how many answers are released at a time at most: each is two of a transaction's hundred actions.
const batch = 45

// Release hands the anonymous answers of an event over to staff: five or more at a time, all of a batch at once, under new
// random keys and without the day, so that what is new since the last look is never one person's and in no order. Fewer than
// five wait; they are counted (Results) and read by nobody. It returns how many were released.
func (s Store) Release(ctx context.Context, q Questionnaire, now time.Time) (int, error) {
	sum := 0
	for {
		waiting, _, err := s.page(ctx, held(q.Event), batch, now, nil)
		if err != nil {
			return sum, fmt.Errorf("release answers: %w", err)
		}
		if len(waiting) < policy.SmallestCell {
			return sum, nil
		}
		var tx record.Transaction
		for i, a := range waiting {
			tx.Delete(fmt.Sprint("held", i), s.Answers, record.Key(a.PK, a.SK), record.Condition{Expression: "attribute_exists(pk)"})
			a.PK, a.SK, a.Day = released(q.Event), rand.Text(), ""
			tx.Put(fmt.Sprint("released", i), s.Answers, a, record.Condition{Expression: "attribute_not_exists(pk)"})
		}
		err = tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		switch {
		case errors.As(err, &cancelled): // somebody else released the same ones
			return sum, nil
		case err != nil:
			return sum, fmt.Errorf("release answers: %w", err)
		}
		sum += len(waiting)
	}
}

// Read returns a page of the answers that staff may read: the released ones, or all where the questionnaire is named. What
// looks like the number of an identity document is masked (R10).
func (s Store) Read(ctx context.Context, q Questionnaire, limit int32, now time.Time, cursor record.Item) ([]Answer, record.Item, error) {
	partition := named(q.Event)
	if q.Anonymous {
		partition = released(q.Event)
	}
	answers, next, err := s.page(ctx, partition, limit, now, cursor)
	for _, a := range answers {
		for name, value := range a.Values {
			a.Values[name] = text.Mask(value)
		}
	}
	return answers, next, err
}

func (s Store) page(ctx context.Context, partition string, limit int32, now time.Time, cursor record.Item) ([]Answer, record.Item, error) {
	values, err := attributevalue.MarshalMap(map[string]any{":pk": partition})
	if err != nil {
		return nil, nil, err
	}
	return record.Query[Answer](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Answers, ConsistentRead: aws.Bool(true), Limit: &limit,
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: values}, now, cursor)
}
