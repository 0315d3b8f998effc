package replay

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"madoguchi/shared/record/recordtest"
)

const recorded = `{"ClientRequestToken":"once","TransactItems":[
	{"Put":{"TableName":"list","Item":{"pk":{"S":"ab"},"sk":{"S":"abcdefghijklmnopqrstuvwxyz"},"fields":{"M":{"name":{"S":"山田"}}}},
		"ConditionExpression":"attribute_not_exists(pk)","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}},
	{"Update":{"TableName":"guard","Key":{"pk":{"S":"cap#2026-11-23#0123456789abcdef"}},"UpdateExpression":"ADD n :one",
		"ConditionExpression":"n < :one","ExpressionAttributeValues":{":one":{"N":"1"}},"ExpressionAttributeNames":{"#x":"x"}}}]}`

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
			ConditionExpression: aws.String("n < :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
			ExpressionAttributeNames: map[string]string{"#x": "x"}}},
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
	calls, err := Parse([]Recorded{{Operation: "TransactWriteItems", Body: []byte(recorded)}})
	if err != nil {
		t.Fatal(err)
	}
	const sk, limit = "abcdefghijklmnopqrstuvwxyz", "cap#2026-11-23#0123456789abcdef"
	if diff := cmp.Diff(want(sk, limit), calls[0].Transaction, ignore); diff != "" {
		t.Errorf("parsed: %s", diff)
	}
	fresh := calls[0].again("").Transaction
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

// answer is a transaction as a questionnaire makes it: it spends an invitation that is there, and adds to the counts of all.
const answer = `{"TransactItems":[
	{"Update":{"TableName":"invitations","Key":{"pk":{"S":"0123456789abcdef0123456789abcdef"}},"UpdateExpression":"SET spent = :spent",
		"ConditionExpression":"attribute_not_exists(spent)","ExpressionAttributeValues":{":spent":{"BOOL":true}}}},
	{"Put":{"TableName":"answers","Item":{"pk":{"S":"held#feedback"},"sk":{"S":"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}}}},
	{"Update":{"TableName":"answers","Key":{"pk":{"S":"counts#a-long-name-of-an-event"},"sk":{"S":"current#0"}},"UpdateExpression":"ADD n :one",
		"ExpressionAttributeValues":{":one":{"N":"1"}}}}]}`

// TestKeysThatMustBeThere repeats calls against what is there: what goes with the post is given, what is there for all stays.
func TestKeysThatMustBeThere(t *testing.T) {
	const was, given = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	for _, c := range []struct {
		name, op, body string
		keys           func(Call) []map[string]types.AttributeValue
		want           []string // "" for a fresh one
	}{
		{"an answer", "TransactWriteItems", answer, func(c Call) []map[string]types.AttributeValue {
			items := c.Transaction.TransactItems
			return []map[string]types.AttributeValue{items[0].Update.Key, items[1].Put.Item, items[2].Update.Key}
		}, []string{given, "held#feedback", "counts#a-long-name-of-an-event"}},
		{"the invitation is read", "GetItem", `{"TableName":"invitations","Key":{"pk":{"S":"` + was + `"}},"ConsistentRead":true}`,
			func(c Call) []map[string]types.AttributeValue { return []map[string]types.AttributeValue{c.Get.Key} }, []string{given}},
		{"another item is read", "GetItem", `{"TableName":"settings","Key":{"pk":{"S":"a-setting-of-long-name"}}}`,
			func(c Call) []map[string]types.AttributeValue { return []map[string]types.AttributeValue{c.Get.Key} }, []string{"a-setting-of-long-name"}},
		{"a counter", "UpdateItem", `{"TableName":"counters","Key":{"pk":{"S":"2026-11-24#a-long-partition"}},"ConditionExpression":"attribute_exists(pk)"}`,
			func(c Call) []map[string]types.AttributeValue { return []map[string]types.AttributeValue{c.Update.Key} }, []string{"2026-11-24#a-long-partition"}},
		{"a mark", "PutItem", `{"TableName":"guard","Item":{"pk":{"S":"visit#0123456789abcdef"}},"ConditionExpression":"attribute_not_exists(pk)"}`,
			func(c Call) []map[string]types.AttributeValue { return []map[string]types.AttributeValue{c.Put.Item} }, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls, err := Parse([]Recorded{{Operation: c.op, Body: []byte(c.body), Given: was}})
			if err != nil {
				t.Fatal(err)
			}
			before, after := c.keys(calls[0]), c.keys(calls[0].again(given))
			for i, want := range c.want {
				from, to := textOf(t, before[i]["pk"]), textOf(t, after[i]["pk"])
				if want == "" && (to == from || len(to) != len(from)) || want != "" && to != want {
					t.Errorf("key %q became %q, want %q", from, to, want)
				}
			}
			if err := calls[0].Do(t.Context(), nil, ""); !errors.Is(err, errNotGiven) {
				t.Errorf("without what it needs: %v", err)
			}
		})
	}
}

// TestSeatGetsPartitionOfItsOwn: the seat's number stays, so that the item is as large; nobody sits on it.
func TestSeatGetsPartitionOfItsOwn(t *testing.T) {
	calls, err := Parse([]Recorded{{Operation: "TransactWriteItems", Body: []byte(`{"TransactItems":[{"Put":{"TableName":"registrations",
		"Item":{"pk":{"S":"seat#abcdefgh-0#all"},"sk":{"S":"00042"}},"ConditionExpression":"attribute_not_exists(pk)"}}]}`)}})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 100 {
		seat := calls[0].again("").Transaction.TransactItems[0].Put.Item
		if pk, sk := textOf(t, seat["pk"]), textOf(t, seat["sk"]); seen[pk] || len(pk) != len("seat#abcdefgh-0#all") || sk != "00042" {
			t.Fatalf("seat %q, %q", pk, sk)
		} else {
			seen[pk] = true
		}
	}
}

// TestRepeatedAgainstEngine repeats an answer against a real engine: each repetition spends its own invitation, and no other.
func TestRepeatedAgainstEngine(t *testing.T) {
	client := recordtest.Start(t)
	invitations, answers := recordtest.Table(t, client, "invitations", false), recordtest.Table(t, client, "answers", true)
	body := strings.NewReplacer(`"invitations"`, `"`+invitations+`"`, `"answers"`, `"`+answers+`"`, "attribute_not_exists(spent)",
		"attribute_exists(pk) AND attribute_not_exists(spent)").Replace(answer)
	calls, err := Parse([]Recorded{{Operation: "TransactWriteItems", Body: []byte(body), Given: "0123456789abcdef0123456789abcdef"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"first", "second"} {
		if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &invitations, Item: map[string]types.AttributeValue{"pk": s(id)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		given string
		fails bool
	}{{"first", false}, {"second", false}, {"second", true}, {"third", true}} {
		if err := calls[0].Do(t.Context(), client, c.given); (err != nil) != c.fails {
			t.Errorf("with the %s: %v", c.given, err)
		}
	}
	counts, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &answers, ConsistentRead: aws.Bool(true),
		Key: map[string]types.AttributeValue{"pk": s("counts#a-long-name-of-an-event"), "sk": s("current#0")}})
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := counts.Item["n"].(*types.AttributeValueMemberN); !ok || n.Value != "2" {
		t.Errorf("counted %v, want 2", counts.Item["n"])
	}
}

func TestWhatCannotBeRepeated(t *testing.T) {
	for _, c := range []struct{ name, op, body, want string }{
		{"a read of many", "Query", `{}`, "Query cannot be repeated"},
		{"a deletion in a transaction", "TransactWriteItems", `{"TransactItems":[{"Delete":{"TableName":"x"}}]}`, "Delete cannot be repeated"},
		{"no JSON", "UpdateItem", `x`, "recorded call 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Parse([]Recorded{{Operation: c.op, Body: []byte(c.body)}}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestSteps makes a campaign's calls again: what they read and write is as it was recorded, and no state of the items is in their way.
func TestSteps(t *testing.T) {
	client := recordtest.Start(t)
	table := recordtest.Table(t, client, "campaigns", true)
	mark := `"Key":{"pk":{"S":"c#1"},"sk":{"S":"chunk#ja#a"}},"UpdateExpression":"SET revision = :new","ConditionExpression":"revision = :was",` +
		`"ExpressionAttributeValues":{":was":{"N":"1"},":new":{"N":"2"}}`
	body := func(text string) []byte { return []byte(strings.ReplaceAll(text, "TABLE", table)) }
	steps, err := Steps([]Recorded{
		{Operation: "UpdateItem", Body: body(`{"TableName":"TABLE",` + mark + `}`)},
		{Operation: "TransactWriteItems", Body: body(`{"TransactItems":[{"Put":{"TableName":"TABLE","Item":{"pk":{"S":"c#1"},"sk":{"S":"chunk#ja#b"}},` +
			`"ConditionExpression":"attribute_not_exists(pk)"}},{"Update":{"TableName":"TABLE",` + mark + `}}]}`)},
		{Operation: "BatchGetItem", Body: body(`{"RequestItems":{"TABLE":{"Keys":[{"pk":{"S":"c#1"},"sk":{"S":"chunk#ja#a"}}],"ConsistentRead":true}}}`)},
		{Operation: "Query", Body: body(`{"TableName":"TABLE","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"c#1"}},"Limit":10}`)},
		{Operation: "PutItem", Body: body(`{"TableName":"TABLE","Item":{"pk":{"S":"c#1"},"sk":{"S":"meta"}},"ConditionExpression":"attribute_not_exists(pk)"}`)},
		{Operation: "GetItem", Body: body(`{"TableName":"TABLE","Key":{"pk":{"S":"c#1"},"sk":{"S":"meta"}}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i, step := range steps {
			if err := step(t.Context(), client); err != nil {
				t.Fatalf("step %d: %v", i, err)
			}
		}
	}
	out, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: &table, KeyConditionExpression: aws.String("pk = :p"), ConsistentRead: aws.Bool(true),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": s("c#1")}})
	if err != nil || out.Count != 3 {
		t.Errorf("%d items, %v", out.Count, err)
	}
	if _, err := Steps([]Recorded{{Operation: "Scan", Body: []byte(`{}`)}}); err == nil {
		t.Error("a scan was taken for a call of a campaign")
	}
}
