// Package registrationtest gives tests a book of registrations over tables in a real DynamoDB engine.
package registrationtest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/registration"
)

// New returns a book over empty tables with the indexes of template.yaml.
func New(t testing.TB, now func() time.Time) *registration.Book {
	t.Helper()
	client := recordtest.Start(t)
	return &registration.Book{
		Client: client, Now: now, Periods: policy.DefaultPeriods(policy.Get(policy.Events)),
		Table: recordtest.Table(t, client, "registrations", true,
			recordtest.Index{Name: "todo", Hash: "todo", Range: "todo_at", RangeType: types.ScalarAttributeTypeN},
			recordtest.Index{Name: "person", Hash: "person", Range: "created_at", RangeType: types.ScalarAttributeTypeS}),
		Outbox: recordtest.Table(t, client, "outbox", false), Events: &event.Store{Client: client, Table: eventtest.Table(t), Now: now},
		Guard: guard.Store{Client: client, Table: recordtest.Table(t, client, "guard", false), Key: config.Key(strings.Repeat("address-key-", 3))},
		Links: link.NewSigner(config.Keys{config.Key(strings.Repeat("link-key-", 4))}),
	}
}

// Items returns everything in a table.
func Items[T any](t testing.TB, client *dynamodb.Client, table string) []T {
	t.Helper()
	var all []T
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		out, err := pages.NextPage(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var page []T
		if err := attributevalue.UnmarshalListOfMaps(out.Items, &page); err != nil {
			t.Fatal(err)
		}
		all = append(all, page...)
	}
	return all
}

// Mails counts the mails of a kind that are promised.
func Mails(t testing.TB, b *registration.Book, kind policy.MailKind) (rows []mail.Row) {
	t.Helper()
	for _, row := range Items[mail.Row](t, b.Client, b.Outbox) {
		if row.Kind == kind {
			rows = append(rows, row)
		}
	}
	return rows
}
