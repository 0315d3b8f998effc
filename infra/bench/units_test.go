package main

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/bench/replay"
	"madoguchi/infra/local/template"
)

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func TestItemSize(t *testing.T) {
	for _, c := range []struct {
		name string
		item map[string]types.AttributeValue
		want int
	}{
		{"text in UTF-8 and its name", map[string]types.AttributeValue{"name": text("山田")}, 4 + 6},
		{"placeholder without its colon", map[string]types.AttributeValue{":n": text("x")}, 2},
		{"number", map[string]types.AttributeValue{"n": &types.AttributeValueMemberN{Value: "1700000000"}}, 1 + 6},
		{"truth", map[string]types.AttributeValue{"b": &types.AttributeValueMemberBOOL{Value: true}}, 2},
		{"map", map[string]types.AttributeValue{"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"a": text("bc")}}}, 1 + 3 + 1 + 3},
		{"list", map[string]types.AttributeValue{"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{text("a"), text("bc")}}}, 1 + 3 + 2 + 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := size(c.item); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestWriteUnits(t *testing.T) {
	key := func(name string) []types.KeySchemaElement {
		return []types.KeySchemaElement{{AttributeName: aws.String(name), KeyType: types.KeyTypeHash}}
	}
	tables := []template.Table{{Name: "outbox", Create: &dynamodb.CreateTableInput{KeySchema: key("pk"), GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
		{IndexName: aws.String("due"), KeySchema: key("due"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}},
		{IndexName: aws.String("all"), KeySchema: key("person"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}},
	}}}}
	put := func(table string, item map[string]types.AttributeValue) replay.Call {
		return replay.Call{Transaction: &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: &table, Item: item}}}}}
	}
	long := text(strings.Repeat("x", 1100))
	for _, c := range []struct {
		name string
		call replay.Call
		want units
	}{
		{"a small item costs 2 in a transaction", put("other", map[string]types.AttributeValue{"pk": text("a")}), units{2, 0}},
		{"over a kilobyte 4", put("other", map[string]types.AttributeValue{"pk": text("a"), "v": long}), units{4, 0}},
		{"an index without its key in the item costs nothing", put("outbox", map[string]types.AttributeValue{"pk": text("a")}), units{2, 0}},
		{"an index of keys costs 1, whatever the item", put("outbox", map[string]types.AttributeValue{"pk": text("a"), "due": text("1"), "v": long}), units{4, 1}},
		{"an index of everything costs as the item, once", put("outbox", map[string]types.AttributeValue{"pk": text("a"), "person": text("p"), "v": long}), units{4, 2}},
		{"a put by itself costs 1, and its indexes", replay.Call{Put: &dynamodb.PutItemInput{TableName: aws.String("outbox"),
			Item: map[string]types.AttributeValue{"pk": text("a"), "due": text("1"), "person": text("p")}}}, units{1, 2}},
		{"a read costs no write unit", replay.Call{Get: &dynamodb.GetItemInput{}}, units{}},
		{"an update by itself costs 1", replay.Call{Update: &dynamodb.UpdateItemInput{Key: map[string]types.AttributeValue{"pk": text("a")}}}, units{1, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, unitsOf(c.call, tables), cmp.AllowUnexported(units{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadsList(t *testing.T) {
	for _, c := range []struct {
		name, op, body string
		want           bool
	}{
		{"the list", "GetItem", `{"Key":{"pk":{"S":"settings"},"sk":{"S":"business_categories"}},"TableName":"newsletter"}`, true},
		{"the publications", "Query", `{"ExpressionAttributeValues":{":p":{"S":"publication"}},"TableName":"catalogue"}`, true},
		{"another partition", "Query", `{"ExpressionAttributeValues":{":p":{"S":"cover"}},"TableName":"catalogue"}`, false},
		{"an event", "GetItem", `{"Key":{"pk":{"S":"event#mekong"},"sk":{"S":"current"}},"TableName":"events"}`, true},
		{"an earlier version of an event", "GetItem", `{"Key":{"pk":{"S":"event#mekong"},"sk":{"S":"v00001"}},"TableName":"events"}`, false},
		{"an invitation", "GetItem", `{"Key":{"pk":{"S":"0123456789abcdef"}},"TableName":"invitations"}`, false},
		{"a person", "GetItem", `{"Key":{"pk":{"S":"ab"},"sk":{"S":"abcd"}}}`, false},
		{"another setting", "GetItem", `{"Key":{"pk":{"S":"settings"},"sk":{"S":"other"}}}`, false},
		{"writing the list", "PutItem", `{"Key":{"pk":{"S":"settings"},"sk":{"S":"business_categories"}}}`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := readsList(replay.Recorded{Operation: c.op, Body: []byte(c.body)}); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
