package campaign

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// Chunks returns a page of a campaign's chunks after a sort key ("" for the first), in order, and the sort key to go on from
// ("" after the last).
func (s *Store) Chunks(ctx context.Context, id, after string, limit int32) ([]Chunk, string, error) {
	return s.chunks(ctx, id, after, &dynamodb.QueryInput{Limit: &limit, ExpressionAttributeValues: record.Item{}})
}

func (s *Store) chunks(ctx context.Context, id, after string, input *dynamodb.QueryInput) ([]Chunk, string, error) {
	var cursor record.Item
	if after != "" {
		cursor = record.Key(partition(id), after)
	}
	input.TableName, input.ConsistentRead = &s.Table, aws.Bool(true)
	input.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :prefix)")
	input.ExpressionAttributeValues[":pk"] = &types.AttributeValueMemberS{Value: partition(id)}
	input.ExpressionAttributeValues[":prefix"] = &types.AttributeValueMemberS{Value: chunkPrefix}
	page, next, err := record.Query[Chunk](ctx, s.Client, input, s.Now(), cursor)
	if err != nil {
		return nil, "", fmt.Errorf("read chunks: %w", err)
	}
	return page, record.Text(next, "sk"), nil
}

// Begin marks that a call to SES is about to be made for some recipients of a chunk, all of them pending: without the mark
// nothing has left, with it SES may have their mails. Nobody else calls for the chunk until then. It reports false where the
// chunk is not as it was read: it must be read again, and nothing sent.
func (s *Store) Begin(ctx context.Context, c *Chunk, who []int, until time.Time) (bool, error) {
	now := s.Now()
	outcomes := c.List()
	for _, i := range who {
		if outcomes[i] != Pending {
			return false, fmt.Errorf("recipient %d of the chunk is not pending", i)
		}
		outcomes[i] = InCall
	}
	marked := *c
	if err := marked.set(outcomes); err != nil {
		return false, err
	}
	marked.Until, marked.CalledAt = millis(until), millis(now)
	marked.Revision++
	ok, err := record.Update(ctx, s.Client, s.Table, c.key(), "SET outcomes = :outcomes, revision = :revision, lease = :until, called_at = :now",
		record.Values{"outcomes": marked.Outcomes, "revision": marked.Revision, "until": marked.Until, "now": marked.CalledAt},
		record.Condition{Expression: "revision = :was", Values: record.Values{"was": c.Revision}}, nil)
	if err != nil {
		return false, fmt.Errorf("mark call: %w", err)
	}
	if ok {
		*c = marked
		return true, nil
	}
	// The client asks again where an answer was lost; then the mark that stands in the way may be this very one.
	var there Chunk
	found, err := record.Get(ctx, s.Client, s.Table, c.key(), now, &there)
	if err != nil {
		return false, fmt.Errorf("mark call: %w", err)
	}
	if found && there == marked {
		*c = marked
		return true, nil
	}
	return false, nil
}

// Apply changes outcomes of a chunk: decide gets them all and writes into them what it knows. The numbers of the campaign change
// in the same transaction. c is the chunk as it was read last; where it is not so any more it is read again and decide called
// again, so that decide must look at what it finds. shard keeps those who count at the same time apart.
func (s *Store) Apply(ctx context.Context, c *Chunk, shard string, decide func([]Outcome)) error {
	for range rounds {
		now := s.Now()
		was := c.List()
		outcomes := c.List()
		decide(outcomes)
		changed := *c
		if err := changed.set(outcomes); err != nil {
			return err
		}
		if changed.Outcomes == c.Outcomes {
			return nil
		}
		changed.Revision++
		changed.Proven += proven(was, outcomes)
		var tx record.Transaction
		update, values := "SET outcomes = :outcomes, revision = :revision, #open = :open, proven = :proven", record.Values{"outcomes": changed.Outcomes,
			"revision": changed.Revision, "open": changed.Open, "proven": changed.Proven}
		if changed.Until == 0 && c.Until != 0 {
			update += " REMOVE lease"
		}
		tx.Update("chunk", s.Table, c.key(), update, values,
			record.Condition{Expression: "revision = :was", Values: record.Values{"was": c.Revision}}, "open")
		if delta := tally(outcomes).minus(tally(was)); len(delta) > 0 {
			delta.addTo(&tx, s.Table, c.Campaign(), shard, now)
		}
		err := tx.Commit(ctx, s.Client)
		var cancelled *record.Cancelled
		if err == nil {
			*c = changed
			return nil
		}
		if !errors.As(err, &cancelled) {
			return fmt.Errorf("store outcomes: %w", err)
		}
		var there Chunk
		found, err := record.Get(ctx, s.Client, s.Table, c.key(), now, &there)
		if err != nil {
			return fmt.Errorf("store outcomes: %w", err)
		}
		if !found {
			return nil // the campaign's recipients have expired, or were erased
		}
		*c = there
	}
	return ErrStale
}

// proven counts the recipients of whom nobody knew, or whom silence had given up, and of whom SES has told by now.
func proven(was, outcomes []Outcome) (n int) {
	for i, o := range outcomes {
		class := o.Class()
		if (was[i] == Unknown || was[i] == Failed(NoAnswer)) && (class == ClassAccepted || class == ClassFailed && o != Failed(NoAnswer)) {
			n++
		}
	}
	return n
}

// Lapse makes unknown what a call was being made for whose lease is over: whoever made it was killed, or could not store the
// answer. It reports whether there was something.
func (s *Store) Lapse(ctx context.Context, c *Chunk, shard string) (bool, error) {
	if c.Until == 0 || c.Until > millis(s.Now()) {
		return false, nil
	}
	until := c.Until
	lapsed := false
	err := s.Apply(ctx, c, shard, func(outcomes []Outcome) {
		lapsed = false
		if c.Until != until {
			return // another call
		}
		for i, o := range outcomes {
			if o == InCall {
				outcomes[i], lapsed = Unknown, true
			}
		}
	})
	return lapsed, err
}

// Recipient is what became of one recipient of a campaign.
type Recipient struct {
	Outcome  Outcome
	Language policy.Language
	Report   Report // what SES reported; zero where it reported nothing
}

// Find tells what became of one person in a campaign, by the key of the person's record: did this person get it? false where the
// record was not in the frozen audience.
func (s *Store) Find(ctx context.Context, id, key string) (Recipient, bool, error) {
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		found, _, err := record.Query[Chunk](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true),
			Limit: aws.Int32(1), ScanIndexForward: aws.Bool(false), KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
			ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: partition(id)},
				":from": &types.AttributeValueMemberS{Value: chunkPrefix + string(l) + "#"}, ":to": &types.AttributeValueMemberS{Value: chunkSort(l, key)}}}, s.Now(), nil)
		if err != nil {
			return Recipient{}, false, fmt.Errorf("find recipient: %w", err)
		}
		for _, c := range found {
			for i, k := range c.Keys() {
				if k != key {
					continue
				}
				report, err := s.ReportOf(ctx, c.Ref(i))
				return Recipient{c.List()[i], l, report}, true, err
			}
		}
	}
	return Recipient{}, false, nil
}

// Outcomes returns what became of those of some keys who are a campaign's recipients in a language. Neighbours in the order of keys cost
// one query together.
func (s *Store) Outcomes(ctx context.Context, id string, l policy.Language, keys []string) (map[string]Outcome, error) {
	all, last := map[string]Outcome{}, ""
	for _, key := range slices.Sorted(slices.Values(keys)) {
		if key <= last { // the chunk before holds it, or would
			continue
		}
		found, _, err := record.Query[Chunk](ctx, s.Client, &dynamodb.QueryInput{TableName: &s.Table, ConsistentRead: aws.Bool(true),
			Limit: aws.Int32(1), ScanIndexForward: aws.Bool(false), KeyConditionExpression: aws.String("pk = :pk AND sk BETWEEN :from AND :to"),
			ExpressionAttributeValues: record.Item{":pk": &types.AttributeValueMemberS{Value: partition(id)},
				":from": &types.AttributeValueMemberS{Value: chunkPrefix + string(l) + "#"}, ":to": &types.AttributeValueMemberS{Value: chunkSort(l, key)}}}, s.Now(), nil)
		if err != nil {
			return nil, fmt.Errorf("find recipients: %w", err)
		}
		for _, c := range found {
			people, outcomes := c.Keys(), c.List()
			last = people[len(people)-1]
			for i, k := range people {
				if slices.Contains(keys, k) {
					all[k] = outcomes[i]
				}
			}
		}
	}
	return all, nil
}

// Answer writes the answer of a call into the outcome of a recipient it was made for. Where the call's lease was over and its
// recipients had become unknown, or silence had decided on them, the answer is the truth all the same; what an event of SES has
// proved stays.
func Answer(outcomes []Outcome, who int, answer Outcome) {
	switch was := outcomes[who]; {
	case was == InCall:
		outcomes[who] = answer
	case was == Unknown, was == Failed(NoAnswer):
		if answer.Class() == ClassAccepted || answer.Class() == ClassFailed {
			outcomes[who] = answer
		}
	}
}

// Freeze stores some chunks of a campaign that is being frozen, together with how far that has come: note sets it. was is what was
// read before: ErrStale where another sender has been further since, ErrState where the campaign is not being frozen any more.
func (s *Store) Freeze(ctx context.Context, id string, was Freeze, chunks []Chunk, note func(*Campaign)) (Campaign, error) {
	return s.changeWith(ctx, id, func(c *Campaign, tx *record.Transaction) error {
		switch {
		case c.State != Freezing:
			return ErrState
		case c.Freeze != was:
			return ErrStale
		}
		note(c)
		for i, chunk := range chunks {
			c.Frozen += len(chunk.Keys())
			tx.Put(fmt.Sprintf("chunk%d", i), s.Table, chunk, record.Condition{})
		}
		return nil
	})
}

// OpenChunks is Chunks for those of which somebody is pending, being called for or unknown.
func (s *Store) OpenChunks(ctx context.Context, id, after string) ([]Chunk, string, error) {
	return s.chunks(ctx, id, after, &dynamodb.QueryInput{FilterExpression: aws.String("#open = :yes"), ExpressionAttributeNames: map[string]string{"#open": "open"},
		ExpressionAttributeValues: record.Item{":yes": &types.AttributeValueMemberBOOL{Value: true}}})
}
