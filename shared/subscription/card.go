package subscription

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// Card is everything that a list knows of one person.
type Card struct {
	Person      string
	Subscriber  *Subscriber  // nil where only a wish is kept
	Left        *Subscriber  // who has left, and has signed up again since
	Moved       bool         // found under an address that was given up
	Suppression *Suppression // nil: the address may be written to
	Consents    []Consent    // the oldest first; of earlier addresses not
	Holds       []Held       // the longest first; what they keep is no part of the list any more
}

// Suppression is why an address is not written to.
type Suppression struct {
	Reason  string `json:"reason"`            // unsubscribed, bounced, complained, stop_use
	Since   string `json:"since"`             // RFC 3339
	Channel string `json:"channel,omitempty"` // telephone, mail, letter; empty: not by way of staff
	Import  string `json:"import,omitempty"`  // the import of old opt-outs that it came with
}

// Consent is the evidence of one consent.
type Consent struct {
	Proof
	ConfirmedAt string
	EndedAt     string // empty while it stands
	ExpiresAt   int64
}

// State is where the person stands: of one of whom only a wish is left, what that says.
func (c Card) State() State {
	switch {
	case c.Subscriber != nil:
		return c.Subscriber.State
	case c.Suppression == nil && len(c.Holds) > 0:
		return OnHold
	case c.Suppression != nil && c.Suppression.Reason == string(Bounced):
		return Bounced
	}
	return Unsubscribed
}

// Since is when the person came into that state, as RFC 3339.
func (c Card) Since() string {
	switch {
	case c.Subscriber != nil:
		return c.Subscriber.Since()
	case c.Suppression != nil:
		return c.Suppression.Since
	case len(c.Holds) > 0:
		return c.Holds[0].Since
	}
	return ""
}

// Card reads what is known of a person. It reports false where the list knows nothing. The error is record.ErrUnavailable.
func (l *List) Card(ctx context.Context, person string) (Card, bool, error) {
	c := Card{Person: person}
	if !isPerson(person) {
		return c, false, nil
	}
	var err error
	if c.Subscriber, err = l.record(ctx, Key(person)); err != nil {
		return c, false, err
	}
	if c.Left, err = l.record(ctx, record.Key(leftKey(person))); err != nil {
		return c, false, err
	}
	if c.Suppression, err = l.suppressed(ctx, person); err != nil {
		return c, false, err
	}
	if c.Subscriber == nil && c.Left != nil {
		c.Subscriber, c.Left = c.Left, nil // the sign-up after it was never confirmed
	}
	if c.Holds, err = l.holds(ctx, person); err != nil {
		return c, false, err
	}
	if c.Subscriber == nil && c.Suppression == nil && len(c.Holds) == 0 {
		return c, false, nil
	}
	c.Consents, err = l.consents(ctx, person)
	return c, true, err
}

// Meet is Card by an address, which leads to the person also where it was given up for another.
func (l *List) Meet(ctx context.Context, person string) (Card, bool, error) {
	moved := false
	for range 8 { // each step takes a confirmed change of address
		c, found, err := l.Card(ctx, person)
		if err != nil || found && c.Subscriber != nil {
			c.Moved = moved
			return c, found, err
		}
		var p pointer
		there, err := record.Get(ctx, l.Client, l.Table, record.Key(pointerKey(person)), l.Now(), &p)
		if err != nil || !there {
			c.Moved = moved
			return c, found, err
		}
		person, moved = p.To, true
	}
	return Card{}, false, nil
}

func (l *List) record(ctx context.Context, key record.Item) (*Subscriber, error) {
	var s Subscriber
	found, err := record.Get(ctx, l.Client, l.Table, key, l.Now(), &s)
	if err != nil || !found {
		return nil, err
	}
	return &s, nil
}

func (l *List) suppressed(ctx context.Context, person string) (*Suppression, error) {
	var s suppression
	found, err := record.Get(ctx, l.Client, l.Suppression, record.Key(person, string(l.Service.Code)), l.Now(), &s)
	if err != nil || !found {
		return nil, err
	}
	return &Suppression{s.Reason, s.Since, s.Channel, s.Import}, nil
}

func (l *List) consents(ctx context.Context, person string) ([]Consent, error) {
	pk, sk := consentKey(person, "")
	rows, _, err := record.Query[consent](ctx, l.Client, &dynamodb.QueryInput{TableName: &l.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk AND begins_with(sk, :person)"), ExpressionAttributeValues: record.Item{
			":pk": &types.AttributeValueMemberS{Value: pk}, ":person": &types.AttributeValueMemberS{Value: sk}}}, l.Now(), nil)
	all := make([]Consent, len(rows))
	for i, row := range rows {
		all[i] = Consent{row.Proof, row.ConfirmedAt, row.EndedAt, row.ExpiresAt}
	}
	return all, err
}
