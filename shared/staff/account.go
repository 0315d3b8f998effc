package staff

import (
	"cmp"
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

// accountDays is how long an account is remembered after the last sign-in: who has not signed in for a quarter is no longer asked
// to approve anything.
const accountDays = 90

// account is a person under one of their roles: so that those who hold a role are found by its key.
type account struct {
	PK        string   `dynamodbav:"pk"` // ROLE#editor
	SK        string   `dynamodbav:"sk"` // subject
	Name      string   `dynamodbav:"name"`
	Email     string   `dynamodbav:"email"`
	Roles     []string `dynamodbav:"roles"`
	SeenAt    int64    `dynamodbav:"seen_at"`
	ExpiresAt int64    `dynamodbav:"expires_at"`
}

func rolePK(role string) string { return "ROLE#" + role }

// noteAccount writes the person under each role that they hold and takes them from the others.
func (d *Desk) noteAccount(tx *record.Transaction, p Person, now time.Time) {
	for _, role := range policy.Roles() {
		if !slices.Contains(p.Roles, role.Code) {
			tx.Delete("not "+role.Code, d.table, record.Key(rolePK(role.Code), p.ID), record.Condition{})
			continue
		}
		tx.Put(role.Code, d.table, account{PK: rolePK(role.Code), SK: p.ID, Name: p.Name, Email: p.Email, Roles: policy.KnownRoles(p.Roles),
			SeenAt: now.Unix(), ExpiresAt: now.AddDate(0, 0, accountDays).Unix()}, record.Condition{})
	}
}

// Remember notes an account as a sign-in would: for accounts that are known by other means.
func (d *Desk) Remember(ctx context.Context, p Person) error {
	var tx record.Transaction
	d.noteAccount(&tx, p, d.Now())
	if err := tx.Commit(ctx, d.Client); err != nil {
		return fmt.Errorf("remember account: %w", err)
	}
	return nil
}

// Colleagues returns the people who hold a role, as far as they have signed in within the last 90 days: those to whom a mail
// about work that waits may go. It is one query by key.
func (d *Desk) Colleagues(ctx context.Context, role string) ([]Person, error) {
	input := &dynamodb.QueryInput{TableName: &d.table, KeyConditionExpression: aws.String("pk = :role"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: record.Item{":role": &types.AttributeValueMemberS{Value: rolePK(role)}}}
	var people []Person
	for cursor := record.Item(nil); ; {
		page, next, err := record.Query[account](ctx, d.Client, input, d.Now(), cursor)
		if err != nil {
			return nil, fmt.Errorf("find colleagues: %w", err)
		}
		for _, a := range page {
			people = append(people, Person{ID: a.SK, Name: a.Name, Email: a.Email, Roles: a.Roles})
		}
		if cursor = next; cursor == nil {
			return people, nil
		}
	}
}

// Self returns the caller with name and address. A bearer token holds neither: they come from the account, else from the
// provider. A script by itself has none.
func (d *Desk) Self(ctx context.Context) (Person, error) {
	v := visitOf(ctx)
	if v.person.Machine || v.person.Email != "" || v.token == "" {
		return v.person, nil
	}
	if role := cmp.Or(append(slices.Clone(v.person.Roles), "")...); role != "" {
		var a account
		found, err := record.Get(ctx, d.Client, d.table, record.Key(rolePK(role), v.person.ID), d.Now(), &a)
		if err != nil {
			return v.person, fmt.Errorf("find own account: %w", err)
		}
		if found && a.Email != "" {
			v.person.Name, v.person.Email = a.Name, a.Email
			return v.person, nil
		}
	}
	name, email, err := d.Issuer.about(ctx, v.token)
	if err != nil {
		return v.person, err
	}
	v.person.Name, v.person.Email = name, email
	return v.person, nil
}

// spent reports whether a transaction failed because its sign-in state was used before.
func spent(err error) bool {
	var cancelled *record.Cancelled
	if !errors.As(err, &cancelled) {
		return false
	}
	_, failed := cancelled.Failed["state"]
	return failed
}
