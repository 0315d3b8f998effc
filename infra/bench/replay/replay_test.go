package replay

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const recorded = `{"ClientRequestToken":"once","TransactItems":[
	{"Put":{"TableName":"list","Item":{"pk":{"S":"ab"},"sk":{"S":"abcdefghijklmnopqrstuvwxyz"},"fields":{"M":{"name":{"S":"山田"}}}},
		"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
	{"Update":{"TableName":"guard","Key":{"pk":{"S":"cap#2026-11-23#0123456789abcdef"}},"UpdateExpression":"ADD n :one",
		"ExpressionAttributeValues":{":one":{"N":"1"}},"ExpressionAttributeNames":{"#x":"x"}}}]}`

var ignore = cmpopts.IgnoreUnexported(dynamodb.TransactWriteItemsInput{}, types.TransactWriteItem{}, types.Put{}, types.Update{},
	types.AttributeValueMemberS{}, types.AttributeValueMemberN{}, types.AttributeValueMemberM{})

func s(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

// want is the recorded transaction with other ends of its long keys.
func want(sk, limit string) *dynamodb.TransactWriteItemsInput {
	return &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
		{Put: &types.Put{TableName: aws.String("list"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
			Item: map[string]types.AttributeValue{"pk": s("ab"), "sk": s(sk), "fields": &types.AttributeValueMemberM{
				Value: map[string]types.AttributeValue{"name": s("山田")}}},
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}},
		{Update: &types.Update{TableName: aws.String("guard"), Key: map[string]types.AttributeValue{"pk": s(limit)}, UpdateExpression: aws.String("ADD n :one"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
			ExpressionAttributeNames:  map[string]string{"#x": "x"}}},
	}}
}

func textOf(t *testing.T, value types.AttributeValue) string {
	t.Helper()
	v, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		t.Fatalf("%v is no text", value)
	}
	return v.Value
}

func TestFreshKeysAndNothingElseChanged(t *testing.T) {
	calls, err := Parse([]Recorded{{"TransactWriteItems", []byte(recorded)}})
	if err != nil {
		t.Fatal(err)
	}
	const sk, limit = "abcdefghijklmnopqrstuvwxyz", "cap#2026-11-23#0123456789abcdef"
	if diff := cmp.Diff(want(sk, limit), calls[0].Transaction, ignore); diff != "" {
		t.Errorf("parsed: %s", diff)
	}
	fresh := calls[0].fresh()
	newSK, newLimit := textOf(t, fresh.TransactItems[0].Put.Item["sk"]), textOf(t, fresh.TransactItems[1].Update.Key["pk"])
	for _, k := range []struct{ was, is string }{{sk, newSK}, {limit, newLimit}} {
		if k.is == k.was || len(k.is) != len(k.was) || k.is[:len(k.is)-freshTail] != k.was[:len(k.was)-freshTail] {
			t.Errorf("key %q became %q: not another end of the same length", k.was, k.is)
		}
	}
	if diff := cmp.Diff(want(newSK, newLimit), fresh, ignore); diff != "" {
		t.Errorf("fresh: %s", diff)
	}
	if diff := cmp.Diff(want(sk, limit), calls[0].Transaction, ignore); diff != "" {
		t.Errorf("the recorded call itself was changed: %s", diff)
	}
}

func TestWhatCannotBeRepeated(t *testing.T) {
	for _, c := range []struct{ name, op, body, want string }{
		{"a read", "GetItem", `{}`, "GetItem cannot be repeated"},
		{"a deletion in a transaction", "TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"x"}}]}`, "Delete cannot be repeated"},
		{"no JSON", "UpdateItem", `x`, "recorded call 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse([]Recorded{{c.op, []byte(c.body)}}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
