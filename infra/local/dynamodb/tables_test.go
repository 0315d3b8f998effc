package dynamodb

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
)

// engine starts Dynoxide with its data in path, "" for memory.
func engine(t *testing.T, path string) *Engine {
	t.Helper()
	program, err := tools.Dynoxide(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := Start(t.Context(), program, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// tables reads the tables of a template whose one table has the given properties besides its key.
func tables(t *testing.T, properties string) []template.Table {
	t.Helper()
	parsed, err := template.Parse([]byte("Resources: { Jobs: { Type: AWS::DynamoDB::Table, Properties: { "+properties+" } } }"), template.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return parsed.Tables
}

const (
	key     = `AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }], KeySchema: [{ AttributeName: pk, KeyType: HASH }]`
	indexed = `AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }, { AttributeName: due, AttributeType: S }], KeySchema: [{ AttributeName: pk, KeyType: HASH }],
		GlobalSecondaryIndexes: [{ IndexName: due, KeySchema: [{ AttributeName: due, KeyType: HASH }], Projection: { ProjectionType: %s } }]`
)

func put(ctx context.Context, client *dynamodb.Client, pk string) error {
	_, err := client.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("madoguchi-Jobs"), Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: pk}, "due": &types.AttributeValueMemberS{Value: "1"},
	}})
	return err
}

func get(t *testing.T, client *dynamodb.Client, pk string) bool {
	t.Helper()
	out, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("madoguchi-Jobs"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.Item) > 0
}

// Issue 3, item 8: data survive a restart and a newer version of the program.
func TestTablesGrowAndKeepTheirData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.db")
	e := engine(t, path)
	if err := Ensure(t.Context(), e.Client(), tables(t, key)); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), e.Client(), "a"); err != nil {
		t.Fatal(err)
	}
	e.Close()

	client := engine(t, path).Client()
	grown := strings.ReplaceAll(indexed, "%s", "ALL") + `, StreamSpecification: { StreamViewType: NEW_IMAGE }, TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }`
	for range 2 { // the second time there is nothing to do
		if err := Ensure(t.Context(), client, tables(t, grown)); err != nil {
			t.Fatal(err)
		}
	}
	if !get(t, client, "a") {
		t.Error("the item is gone")
	}
	found, err := client.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String("madoguchi-Jobs"), IndexName: aws.String("due"), KeyConditionExpression: aws.String("due = :d"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":d": &types.AttributeValueMemberS{Value: "1"}},
	})
	if err != nil || found.Count != 1 {
		t.Errorf("new index: %v, %v; want the old item in it", found, err)
	}
	there, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("madoguchi-Jobs")})
	if err != nil || there.Table.StreamSpecification == nil || there.Table.StreamSpecification.StreamViewType != types.StreamViewTypeNewImage {
		t.Errorf("stream: %+v, %v", there.Table.StreamSpecification, err)
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("madoguchi-Jobs")})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "expires_at" {
		t.Errorf("TTL: %+v, %v", ttl, err)
	}

	t.Run("an index that the template has lost goes", func(t *testing.T) {
		if err := Ensure(t.Context(), client, tables(t, key)); err != nil {
			t.Fatal(err)
		}
		there, err := client.DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String("madoguchi-Jobs")})
		if err != nil || len(there.Table.GlobalSecondaryIndexes) != 0 || !get(t, client, "a") {
			t.Errorf("indexes %v, %v", there.Table.GlobalSecondaryIndexes, err)
		}
	})
}

func TestChangesThatNeedAPerson(t *testing.T) {
	for _, c := range []struct{ name, before, after, want string }{
		{"another key", key, `AttributeDefinitions: [{ AttributeName: id, AttributeType: S }], KeySchema: [{ AttributeName: id, KeyType: HASH }]`, "its keys are pk:S and should be id:S"},
		{"another type", key, `AttributeDefinitions: [{ AttributeName: pk, AttributeType: N }], KeySchema: [{ AttributeName: pk, KeyType: HASH }]`, "should be pk:N"},
		{"another projection", strings.ReplaceAll(indexed, "%s", "ALL"), strings.ReplaceAll(indexed, "%s", "KEYS_ONLY"), "index due has changed"},
		{"another view", key + `, StreamSpecification: { StreamViewType: NEW_IMAGE }`, key + `, StreamSpecification: { StreamViewType: KEYS_ONLY }`, "its stream shows NEW_IMAGE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := engine(t, "").Client()
			if err := Ensure(t.Context(), client, tables(t, c.before)); err != nil {
				t.Fatal(err)
			}
			err := Ensure(t.Context(), client, tables(t, c.after))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "delete the data folder") {
				t.Errorf("error %v, want one with %q and what to do", err, c.want)
			}
		})
	}
}

func TestStartThatFails(t *testing.T) {
	if _, err := Start(t.Context(), filepath.Join(t.TempDir(), "none"), ""); err == nil {
		t.Error("no such program: no error")
	}
	if _, err := Start(t.Context(), "false", ""); err == nil || !strings.Contains(err.Error(), "ended at once") {
		t.Errorf("a program that ends: %v", err)
	}
}
