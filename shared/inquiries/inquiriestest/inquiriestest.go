// Package inquiriestest gives tests the tables of inquiries in a real DynamoDB engine, as template.yaml makes them.
package inquiriestest

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
)

// The settings of the tests.
const (
	AddressKey = "address-key-of-thirty-two-bytes-0"
	LinkKey    = "current-link-key-of-thirty-two-by"
	Staff      = "staff@office.example.jp"
	Inbound    = "inquiry@forms.example.jp"
	Sender     = "info@forms.example.jp"
)

// World is the tables of one test.
type World struct {
	Client           *dynamodb.Client
	Table, GuardName string
	Mail             *mailtest.Outbox
}

// New makes them.
func New(t testing.TB) *World {
	t.Helper()
	client := recordtest.Start(t)
	return &World{Client: client, Mail: mailtest.New(t), GuardName: recordtest.Table(t, client, "guard", false),
		Table: recordtest.Table(t, client, "inquiries", true,
			recordtest.Index{Name: "state", Hash: "state", Range: "active_at", RangeType: types.ScalarAttributeTypeS, All: true},
			recordtest.Index{Name: "person", Hash: "person", Range: "created_at", RangeType: types.ScalarAttributeTypeS})}
}

// Environment are the settings of a function over these tables, beside those of every form.
func (w *World) Environment() map[string]string {
	return map[string]string{"INQUIRIES_TABLE": w.Table, "OUTBOX_TABLE": w.Mail.Table, "GUARD_TABLE": w.GuardName, "ADDRESS_KEY": AddressKey,
		"LINK_KEYS": LinkKey, "INQUIRY_DAYS": "730", "INQUIRY_CLOSED_DAYS": "365", "INQUIRY_STAFF_ADDRESS": Staff, "INBOUND_ADDRESS": Inbound}
}

// All returns every item of the table of inquiries.
func (w *World) All(t testing.TB) (items []map[string]any) {
	t.Helper()
	scan(t, w.Client, w.Table, &items)
	return items
}

// Mails returns the mails of a kind that the outbox has promised.
func (w *World) Mails(t testing.TB, kind policy.MailKind) (mails []mail.Row) {
	t.Helper()
	var all []mail.Row
	scan(t, w.Client, w.Mail.Table, &all)
	for _, row := range all {
		if row.Kind == kind {
			mails = append(mails, row)
		}
	}
	return mails
}

func scan(t testing.TB, client *dynamodb.Client, table string, into any) {
	t.Helper()
	var items []map[string]types.AttributeValue
	for pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, page.Items...)
	}
	if err := attributevalue.UnmarshalListOfMaps(items, into); err != nil {
		t.Fatal(err)
	}
}

// Now is the time at which the tests begin: near enough to the engine's own, which deletes what has expired.
func Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
