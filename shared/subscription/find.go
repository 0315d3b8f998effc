package subscription

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// How staff find people on a list: by key queries and never by a scan.

var (
	// ErrTooShort says that fewer than two characters were typed, and not a family name of one.
	ErrTooShort = errors.New("at least two characters are needed")
	// ErrCursor says that a cursor is none of ours.
	ErrCursor = errors.New("cursor is not valid")
)

// States are the states of a subscriber in the order of a life.
func States() []State { return []State{Unconfirmed, Pending, Confirmed, Unsubscribed, Bounced} }

// InState returns a page of the subscribers in a state, those who came into it last first, and the cursor after them: "" at the
// end. Errors: ErrCursor, record.ErrUnavailable.
func (l *List) InState(ctx context.Context, state State, cursor string, limit int) (found []Subscriber, next string, err error) {
	if cursor != "" {
		at, person, ok := strings.Cut(cursor, "#")
		if _, err := time.Parse(time.RFC3339, at); err != nil || !ok || !isPerson(person) {
			return nil, "", ErrCursor
		}
	}
	// The shards are asked all at once, each for a whole page: the newest of all of them may stand in one.
	var mutex sync.Mutex
	var group sync.WaitGroup
	var keys []record.Item
	for _, shard := range shards {
		group.Go(func() {
			page, failed := l.shard(ctx, string(state)+"#"+string(shard), cursor, limit+1)
			mutex.Lock()
			defer mutex.Unlock()
			keys, err = append(keys, page...), errors.Join(err, failed)
		})
	}
	group.Wait()
	if err != nil {
		return nil, "", err
	}
	slices.SortFunc(keys, func(a, b record.Item) int {
		return strings.Compare(record.Text(b, "listed_at"), record.Text(a, "listed_at"))
	})
	if len(keys) > limit {
		keys = keys[:limit]
		next = record.Text(keys[limit-1], "listed_at")
	}
	found, err = l.read(ctx, keys)
	return slices.DeleteFunc(found, func(s Subscriber) bool { return s.State != state }), next, err // changed since the index was
}

func (l *List) shard(ctx context.Context, listed, before string, limit int) ([]record.Item, error) {
	condition, values := "listed = :listed", record.Item{":listed": &types.AttributeValueMemberS{Value: listed}}
	if before != "" {
		condition += " AND listed_at < :before"
		values[":before"] = &types.AttributeValueMemberS{Value: before}
	}
	page, _, err := record.Items(ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, IndexName: aws.String(indexState), KeyConditionExpression: &condition,
		ExpressionAttributeValues: values, ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit))}, nil) //nolint:gosec // a page of a list
	return page, err
}

// read reads the records of keys of an index, in their order. Expired ones are absent (hard case 24).
func (l *List) read(ctx context.Context, keys []record.Item) ([]Subscriber, error) {
	wanted, at := make([]record.Item, len(keys)), map[string]Subscriber{}
	for i, key := range keys {
		wanted[i] = record.Key(record.Text(key, "pk"), record.Text(key, "sk"))
	}
	err := record.GetAll(ctx, l.Client, map[string]record.Batch{l.Table: {Keys: wanted}}, l.Now(), func(_ string, item record.Item) error {
		var s Subscriber
		if err := attributevalue.UnmarshalMap(item, &s); err != nil {
			return fmt.Errorf("decode subscriber: %w", err)
		}
		at[s.Person] = s
		return nil
	})
	var found []Subscriber
	for _, key := range keys {
		if s, there := at[record.Text(key, "sk")]; there {
			found = append(found, s)
		}
	}
	return found, err
}

const (
	batch        = 100  // keys that are read at once
	mostExamined = 1000 // records that one search looks at before it shows what it has
)

// Beginning returns a page of those whose name or organisation begins as typed, in any width, case and spacing and without legal
// forms, and the cursor after them: "" at the end. A page may be short of limit, and even empty, where many begin with the same two
// characters. One Chinese character is the beginning of a name, and of no organisation. Errors: ErrTooShort, ErrCursor,
// record.ErrUnavailable.
func (l *List) Beginning(ctx context.Context, typed, cursor string, limit int) (found []Subscriber, next string, err error) {
	name, organization := nameKey(typed), organizationKey(typed)
	if letter, ok := familyLetter(name); ok && letter == name {
		return l.withInitial(ctx, letter, cursor, limit)
	}
	if utf8.RuneCountInString(name) < beginningLength || utf8.RuneCountInString(organization) < beginningLength {
		return nil, "", ErrTooShort
	}
	index, after := indexName, ""
	if cursor != "" {
		var ok bool
		index, after, ok = strings.Cut(cursor, "#")
		if !ok || index != indexName && index != indexOrganization || after != "" && !isPerson(after) {
			return nil, "", ErrCursor
		}
	}
	byName := func(s Subscriber) bool { return strings.HasPrefix(nameKey(s.Fields["name"]), name) }
	for examined := 0; examined < mostExamined; {
		key, matches := l.beginning("name", name), byName
		if index == indexOrganization {
			key = l.beginning("organization", organization)
			matches = func(s Subscriber) bool { // those of that name were shown already
				return !byName(s) && strings.HasPrefix(organizationKey(s.Fields["organization"]), organization)
			}
		}
		keys, err := l.beginningsAfter(ctx, index, key, after)
		if err != nil {
			return nil, "", err
		}
		page, err := l.read(ctx, keys)
		if err != nil {
			return nil, "", err
		}
		for _, s := range page {
			if !matches(s) {
				continue
			}
			if found = append(found, s); len(found) == limit {
				return found, index + "#" + s.Person, nil
			}
		}
		examined += len(keys)
		switch {
		case len(keys) == batch:
			after = record.Text(keys[batch-1], "sk")
		case index == indexName:
			index, after = indexOrganization, ""
		default:
			return found, "", nil
		}
	}
	return found, index + "#" + after, nil
}

// withInitial is Beginning for one character: its shards one after the other, which is the order of the keyed hashes.
func (l *List) withInitial(ctx context.Context, letter, cursor string, limit int) (found []Subscriber, next string, err error) {
	shard, after := shards[:1], ""
	if cursor != "" {
		index, at, ok := strings.Cut(cursor, "#")
		if !ok || index != indexInitial || !isPerson(at) {
			return nil, "", ErrCursor
		}
		shard, after = at[:1], at
	}
	for examined := 0; ; {
		keys, err := l.keysAfter(ctx, indexInitial, "name_initial", l.initialKey(letter, shard), after)
		if err != nil {
			return nil, "", err
		}
		page, err := l.read(ctx, keys)
		if err != nil {
			return nil, "", err
		}
		for _, s := range page {
			if !strings.HasPrefix(nameKey(s.Fields["name"]), letter) {
				continue // changed since the index was
			}
			if found = append(found, s); len(found) == limit {
				return found, indexInitial + "#" + s.Person, nil
			}
		}
		examined += len(keys)
		switch n := strings.Index(shards, shard); {
		case len(keys) == batch && examined >= mostExamined:
			return found, indexInitial + "#" + record.Text(keys[batch-1], "sk"), nil
		case len(keys) == batch:
			after = record.Text(keys[batch-1], "sk")
		case n == len(shards)-1:
			return found, "", nil
		default:
			shard, after = shards[n+1:n+2], ""
		}
	}
}

func (l *List) beginningsAfter(ctx context.Context, index, key, after string) ([]record.Item, error) {
	return l.keysAfter(ctx, index, index+"_beginning", key, after)
}

func (l *List) keysAfter(ctx context.Context, index, attribute, key, after string) ([]record.Item, error) {
	condition, values := attribute+" = :key", record.Item{":key": &types.AttributeValueMemberS{Value: key}}
	if after != "" {
		condition += " AND sk > :after"
		values[":after"] = &types.AttributeValueMemberS{Value: after}
	}
	keys, _, err := record.Items(ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, IndexName: &index, KeyConditionExpression: &condition,
		ExpressionAttributeValues: values, Limit: aws.Int32(batch)}, nil)
	return keys, err
}

// isPerson tells whether a text is the keyed hash of an address.
func isPerson(s string) bool {
	return len(s) == personLength && strings.Trim(s, "0123456789abcdef") == ""
}
