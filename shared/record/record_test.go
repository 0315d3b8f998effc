package record_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

type person struct {
	PK        string `dynamodbav:"pk"`
	SK        string `dynamodbav:"sk"`
	Name      string `dynamodbav:"name"`
	ExpiresAt int64  `dynamodbav:"expires_at,omitempty"`
}

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestExpiredItemsAreAbsentEverywhere(t *testing.T) { // hard case 24
	client := recordtest.Start(t)
	table := recordtest.Table(t, client, "list", true)
	ctx := t.Context()
	for _, p := range []person{
		{"00", "a", "live", now.Unix() + 1}, {"00", "b", "expired", now.Unix()}, {"00", "c", "open-ended", 0},
	} {
		if ok, err := record.Put(ctx, client, table, p, record.Condition{}); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	var got person
	if found, err := record.Get(ctx, client, table, record.Key("00", "b"), now, &got); found || err != nil {
		t.Errorf("an expired item is read: %v, %v", found, err)
	}
	if found, err := record.Get(ctx, client, table, record.Key("00", "b"), now.Add(-time.Second), &got); !found || err != nil {
		t.Errorf("a second earlier it was not there: %v, %v", found, err)
	}
	all, next, err := record.Query[person](ctx, client, &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk = :p"),
		ExpressionAttributeValues: record.Item{":p": record.Key("00", "")["pk"]}}, now, nil)
	if err != nil || next != nil {
		t.Fatal(err, next)
	}
	names := make([]string, 0, len(all))
	for _, p := range all {
		names = append(names, p.Name)
	}
	if diff := cmp.Diff([]string{"live", "open-ended"}, names); diff != "" {
		t.Error(diff)
	}
	if ok, err := record.Put(ctx, client, table, person{"00", "b", "again", now.Unix() + 9}, record.IfAbsent(now)); !ok || err != nil {
		t.Errorf("an expired item stands in the way of a new one: %v, %v", ok, err)
	}
	if ok, err := record.Put(ctx, client, table, person{"00", "a", "again", now.Unix() + 9}, record.IfAbsent(now)); ok || err != nil {
		t.Errorf("a live item was overwritten: %v, %v", ok, err)
	}
}

func TestTransactionTellsWhatStoodInTheWay(t *testing.T) {
	client := recordtest.Start(t)
	table := recordtest.Table(t, client, "list", true)
	ctx := t.Context()
	if _, err := record.Put(ctx, client, table, person{"00", "a", "first", 0}, record.Condition{}); err != nil {
		t.Fatal(err)
	}
	var tx record.Transaction
	tx.Put("free", table, person{"00", "b", "new", 0}, record.IfAbsent(now))
	tx.Put("taken", table, person{"00", "a", "second", 0}, record.IfAbsent(now))
	err := tx.Commit(ctx, client)
	var cancelled *record.Cancelled
	if !errors.As(err, &cancelled) {
		t.Fatalf("got %v, want Cancelled", err)
	}
	var old person
	if failed, err := cancelled.Old("taken", &old); !failed || err != nil || old.Name != "first" {
		t.Errorf("taken: %v, %v, %+v", failed, err, old)
	}
	if failed, _ := cancelled.Old("free", &old); failed {
		t.Error("the action whose condition held is reported")
	}
	if found, _ := record.Get(ctx, client, table, record.Key("00", "b"), now, &old); found {
		t.Error("half of a cancelled transaction was written")
	}
}

func TestUnreachableStoreIsUnavailable(t *testing.T) {
	recordtest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	client, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got person
	if _, err := record.Get(t.Context(), client, "x", record.Key("a", "b"), now, &got); !errors.Is(err, record.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
	var tx record.Transaction
	tx.Put("a", "x", person{"00", "a", "", 0}, record.Condition{})
	if err := tx.Commit(t.Context(), client); !errors.Is(err, record.ErrUnavailable) {
		t.Errorf("got %v, want ErrUnavailable", err)
	}
}
