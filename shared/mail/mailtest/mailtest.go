// Package mailtest gives tests an outbox in a real DynamoDB engine, and mail to put into it.
package mailtest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// Outbox is an outbox table of one test.
type Outbox struct {
	Client *dynamodb.Client
	Table  string
}

// New creates an empty outbox with the indexes of template.yaml.
func New(t testing.TB) *Outbox {
	t.Helper()
	client := recordtest.Start(t)
	return &Outbox{Client: client, Table: recordtest.Table(t, client, "outbox", false,
		recordtest.Index{Name: "due", Hash: "due", Range: "due_at", RangeType: types.ScalarAttributeTypeN,
			Include: []string{"state", "created_at", "expires_at"}},
		recordtest.Index{Name: "thread", Hash: "message_id", Range: "thread", RangeType: types.ScalarAttributeTypeS, Include: []string{"expires_at"}},
		recordtest.Index{Name: "person", Hash: "person", Range: "created_at", RangeType: types.ScalarAttributeTypeS})}
}

// Enqueue commits a mail as a form function does, and returns its ID.
func (o *Outbox) Enqueue(t testing.TB, m mail.Mail, now time.Time) string {
	t.Helper()
	if m.ID == "" {
		m.ID = rand.Text()
	}
	var tx record.Transaction
	mail.Enqueue(&tx, o.Table, m, now)
	if err := tx.Commit(t.Context(), o.Client); err != nil {
		t.Fatalf("enqueue: %v", err)
	}
	return m.ID
}

// Row reads a row; the zero Row where there is none.
func (o *Outbox) Row(t testing.TB, id string, now time.Time) mail.Row {
	t.Helper()
	var row mail.Row
	if _, err := record.Get(t.Context(), o.Client, o.Table, record.Key(id, ""), now, &row); err != nil {
		t.Fatalf("read row: %v", err)
	}
	return row
}

// Confirmation is the mail that asks to confirm a sign-up, as the newsletter function asks for it at now.
func Confirmation(to string, now time.Time) mail.Mail {
	return mail.Mail{Service: policy.Newsletter, Kind: policy.NewsletterConfirm, Language: policy.Japanese, To: to, Person: "5f2c",
		Data: map[string]string{"link": "/newsletter/confirm?t=CONFIRM", "expires": now.Add(7 * 24 * time.Hour).Format(time.RFC3339),
			"reference": "N7K2-M4QX"}}
}

// Welcome is the mail after a confirmation, which carries list headers.
func Welcome(to string, now time.Time) mail.Mail {
	return mail.Mail{Service: policy.Newsletter, Kind: policy.NewsletterWelcome, Language: policy.Japanese, To: to, Person: "5f2c",
		Data: map[string]string{"name": "𠮷野家 花子", "preferences": "/newsletter/preferences?t=PREFERENCES",
			"unsubscribe": "/newsletter/unsubscribe?t=UNSUBSCRIBE", "deleted_on": now.Add(1095 * 24 * time.Hour).Format(time.RFC3339), "reference": "N7K2-M4QX"},
		Unsubscribe: "/newsletter/unsubscribe?t=UNSUBSCRIBE"}
}
