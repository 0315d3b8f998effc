package subscription

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// A hold keeps what the list knows of a person for a privacy case or an incident. What is kept stands aside from the list, as it was on
// the day when the hold was set: neither the person's own changes nor the ordinary expiry reach it, and nothing that walks, counts,
// mails or exports the list can come upon it (R57, R77). The list's own record lives and goes as it would without. So the end of a hold
// needs no date to be restored: what is kept goes, at once.

// Held is a hold with what it keeps.
type Held struct {
	record.Hold
	Subscriber *Subscriber  `dynamodbav:"kept,omitempty"`
	Left       *Subscriber  `dynamodbav:"kept_left,omitempty"` // as of Card
	Wish       *Suppression `dynamodbav:"kept_suppression,omitempty"`
	Consents   []Consent    `dynamodbav:"kept_consents,omitempty"`
}

// holdItem is a hold in the list's table. Holds are few: they have a partition of their own, in the order of the people.
type holdItem struct {
	PK     string `dynamodbav:"pk"`
	SK     string `dynamodbav:"sk"`
	Person string `dynamodbav:"person"`
	Held
	ExpiresAt int64 `dynamodbav:"expires_at"`
}

const holdPartition = "hold"

// holdKey is the key of a hold: a person may be held for several cases at once, each with its own end.
func holdKey(person, reference string) (pk, sk string) {
	return holdPartition, person + "#" + reference
}

const (
	actHold   = "hold"
	mostHolds = 20 // of one person
)

// ErrNothingHeld says that there is nothing to be held: the list knows no more than that it must not write to the address, or nobody
// is held for that reference.
var ErrNothingHeld = errors.New("nothing is held, or to be held")

// Hold keeps what is known of a person until a time. Where the person is held for the same reference already, the time and the reason
// change, and what is kept stays as it was. Errors: those of record.Hold.Check, ErrNotFound, ErrNothingHeld, record.ErrUnavailable.
func (l *List) Hold(ctx context.Context, person string, h record.Hold) error {
	if err := h.Check(l.Now()); err != nil {
		return err
	}
	return l.byHand(ctx, person, func(tx *record.Transaction, c Card) error {
		fresh := h
		fresh.Since = stamp(l.Now())
		pk, sk := holdKey(person, h.Reference)
		item := holdItem{PK: pk, SK: sk, Person: person, ExpiresAt: h.Until,
			Held: Held{Hold: fresh, Subscriber: c.Subscriber, Left: c.Left, Wish: c.Suppression, Consents: c.Consents}}
		condition := record.IfAbsent(l.Now())
		i := slices.IndexFunc(c.Holds, func(one Held) bool { return one.Reference == h.Reference })
		switch {
		case i >= 0:
			item.Held = c.Holds[i]
			item.Until, item.Reason = h.Until, h.Reason
			condition = record.Condition{Expression: "expires_at = :was", Values: record.Values{"was": c.Holds[i].Until}}
		case c.Subscriber == nil && len(c.Consents) == 0, len(c.Holds) == mostHolds:
			return ErrNothingHeld
		case c.Subscriber != nil: // what is kept is what stands now, and not what was read a moment ago
			tx.Check(actSubscriber, l.Table, record.Key(c.Subscriber.PK, person), unchanged(*c.Subscriber))
		}
		tx.Put(actHold, l.Table, item, condition)
		return nil
	})
}

// EndHold ends the hold for a reference: what it kept is gone. Errors: ErrNotFound, ErrNothingHeld, record.ErrUnavailable.
func (l *List) EndHold(ctx context.Context, person, reference string) error {
	return l.byHand(ctx, person, func(tx *record.Transaction, c Card) error {
		if !slices.ContainsFunc(c.Holds, func(one Held) bool { return one.Reference == reference }) {
			return ErrNothingHeld
		}
		tx.Delete(actHold, l.Table, record.Key(holdKey(person, reference)), record.Condition{Expression: "attribute_exists(pk)"})
		return nil
	})
}

// holds are the holds of a person, the longest first.
func (l *List) holds(ctx context.Context, person string) ([]Held, error) {
	items, _, err := record.Query[holdItem](ctx, l.Client, l.holdsQuery(person, mostHolds), l.Now(), nil)
	all := make([]Held, len(items))
	for i, item := range items {
		all[i] = item.Held
	}
	slices.SortStableFunc(all, func(a, b Held) int { return int(b.Until - a.Until) })
	return all, err
}

func (l *List) holdsQuery(person string, limit int32) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{TableName: &l.Table, ConsistentRead: aws.Bool(true), Limit: &limit,
		KeyConditionExpression: aws.String("pk = :pk AND begins_with(sk, :person)"), ExpressionAttributeValues: record.Item{
			":pk": &types.AttributeValueMemberS{Value: holdPartition}, ":person": &types.AttributeValueMemberS{Value: person}}}
}

// HeldPerson is one of those who are held, without what is kept of them.
type HeldPerson struct {
	Person string
	record.Hold
}

// EverybodyHeld returns a page of all holds of the list in the order of the people, and the cursor after them: "" at the end. Errors:
// ErrCursor, record.ErrUnavailable.
func (l *List) EverybodyHeld(ctx context.Context, cursor string, limit int) ([]HeldPerson, string, error) {
	var after record.Item
	if cursor != "" {
		if len(cursor) < personLength+2 || !isPerson(cursor[:personLength]) {
			return nil, "", ErrCursor
		}
		after = record.Key(holdPartition, cursor)
	}
	input := l.holdsQuery("", int32(limit)) //nolint:gosec // a page of a list
	input.KeyConditionExpression = aws.String("pk = :pk")
	delete(input.ExpressionAttributeValues, ":person")
	input.ProjectionExpression = aws.String("sk, person, #until, #reason, #reference, #since, expires_at")
	input.ExpressionAttributeNames = map[string]string{"#until": "until", "#reason": "reason", "#reference": "reference", "#since": "since"}
	items, next, err := record.Query[holdItem](ctx, l.Client, input, l.Now(), after)
	all := make([]HeldPerson, len(items))
	for i, item := range items {
		all[i] = HeldPerson{item.Person, item.Hold}
	}
	return all, record.Text(next, "sk"), err
}
