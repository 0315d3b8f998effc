// Package originals lets the mails as they came, and the files in them, go with their records (requirements: "Retention of an inquiry or
// inbound mail"). They lie in a bucket whose lifecycle ends them with the longest period there is. A record may end sooner: in a bin, or
// closed. DynamoDB's TTL tells nobody which objects belonged to what it has deleted, so that they are noted in an item of their own,
// which outlives the record. It is a package apart, so that whoever clears the bucket needs nothing else of inquiries.
package originals

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// Note notes the objects of a message, by the day on which it ends. It holds no more of the mail than their names, which are numbers.
type Note struct {
	PK        string   `dynamodbav:"pk"` // in one partition, ordered by the day
	SK        string   `dynamodbav:"sk"`
	Reference string   `dynamodbav:"ref"`        // of the case
	Message   string   `dynamodbav:"message_sk"` // sort key of the message in the same table
	Objects   []string `dynamodbav:"objects"`    // keys in the inbound bucket
	ExpiresAt int64    `dynamodbav:"expires_at"`
}

// Action is the name of the action that writes a note in a record.Transaction.
const Action = "original"

const (
	partition = "originals"
	// keptFor is how long a note waits for the clock; the bucket's lifecycle is behind it.
	keptFor = 90 * 24 * time.Hour
)

// On is the note for the day on which its message ends, Unix time. A message may have notes for several days: what is early finds it alive.
func (n Note) On(ends int64) Note {
	n.PK, n.SK = partition, fmt.Sprintf("%012d#%s#%s", ends, n.Reference, n.Message)
	n.ExpiresAt = time.Unix(ends, 0).Add(keptFor).Unix()
	return n
}

// Bucket is what of the inbound bucket is needed to clear it. An object that is not there is removed already; the error is the bucket's
// when it cannot be reached.
type Bucket interface {
	Delete(ctx context.Context, key string) error
}

// Store is the bucket of the mails as they came, beside the table with their records.
type Store struct {
	Client *dynamodb.Client
	Table  string
	Bucket Bucket
	Now    func() time.Time
}

// Clear deletes the objects of up to limit messages that have ended. The note goes last: a run that is killed on the way is done again,
// which changes nothing. A message that lives longer by now, as its case was taken up again, is noted for its new day. It returns of how
// many messages the objects have gone, and whether more are left. Errors: record.ErrUnavailable, the bucket's.
func (s *Store) Clear(ctx context.Context, limit int) (n int, more bool, err error) {
	now := s.Now()
	due, next, err := record.Query[Note](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :p AND sk < :s"), Limit: aws.Int32(int32(limit)), //nolint:gosec // a page
		ExpressionAttributeValues: record.Item{":p": &types.AttributeValueMemberS{Value: partition},
			":s": &types.AttributeValueMemberS{Value: fmt.Sprintf("%012d", now.Unix()+1)}}}, time.Time{}, nil)
	if err != nil {
		return 0, false, err
	}
	var failed []error
	for _, one := range due {
		if ctx.Err() != nil {
			return n, true, errors.Join(failed...)
		}
		cleared, err := s.clear(ctx, one, now)
		if cleared {
			n++
		}
		failed = append(failed, err)
	}
	return n, next != nil, errors.Join(failed...)
}

// clear deletes the objects of one message, or notes it for a later day.
func (s *Store) clear(ctx context.Context, one Note, now time.Time) (bool, error) {
	var m struct {
		ExpiresAt int64 `dynamodbav:"expires_at"`
	}
	// Nothing of what was written is read.
	lives, err := record.GetSome(ctx, s.Client, s.Table, record.Key(one.Reference, one.Message), "expires_at", now, &m)
	if err != nil {
		return false, err
	}
	var tx record.Transaction
	if lives {
		tx.Put("later", s.Table, one.On(m.ExpiresAt), record.Condition{})
	} else {
		for _, key := range one.Objects {
			if err := s.Bucket.Delete(ctx, key); err != nil {
				return false, fmt.Errorf("delete the original of a message: %w", err)
			}
		}
	}
	tx.Delete(Action, s.Table, record.Key(one.PK, one.SK), record.Condition{Expression: "attribute_exists(pk)"})
	err = tx.Commit(ctx, s.Client)
	var cancelled *record.Cancelled
	if errors.As(err, &cancelled) {
		return false, nil // another run was faster
	}
	return err == nil && !lives, err
}
