// Package recordtest gives tests a real DynamoDB: one Dynoxide in memory per test process, with fresh tables per test.
package recordtest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/tools"
	"madoguchi/shared/record"
)

// Start returns a client of the process's Dynoxide, which ends with the test process. The client is the one that
// functions use (record.NewClient).
func Start(t testing.TB) *dynamodb.Client {
	t.Helper()
	endpoint, err := engine()
	if err != nil {
		t.Fatalf("start Dynoxide: %v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
	t.Setenv("AWS_REGION", "ap-northeast-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	client, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// engine starts Dynoxide once per process.
var engine = sync.OnceValues(func() (string, error) {
	ctx := context.Background()
	path, err := tools.Dynoxide(ctx, nil)
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", err
	}
	host, port, _ := strings.Cut(address, ":")
	command := exec.CommandContext(ctx, path, "--host", host, "--port", port)
	dieWithParent(command)
	if err := command.Start(); err != nil {
		return "", err
	}
	for range 200 {
		var connection net.Conn
		if connection, err = net.DialTimeout("tcp", address, time.Second); err == nil {
			return "http://" + address, connection.Close()
		}
		time.Sleep(25 * time.Millisecond)
	}
	return "", fmt.Errorf("it does not answer: %w", err)
})

// Index is a global secondary index of a test table: a string hash key and a range key, and what it holds beside the keys.
type Index struct {
	Name, Hash, Range string
	RangeType         types.ScalarAttributeType
	Include           []string
	All               bool // projects whole items
}

// Table creates a table for one test and returns its name. sk tells whether it has the sort key "sk" beside "pk".
func Table(t testing.TB, client *dynamodb.Client, name string, sk bool, indexes ...Index) string {
	t.Helper()
	table := fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	input := &dynamodb.CreateTableInput{TableName: &table, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{attribute("pk", types.ScalarAttributeTypeS)},
		KeySchema:            []types.KeySchemaElement{key("pk", types.KeyTypeHash)}}
	if sk {
		input.AttributeDefinitions = append(input.AttributeDefinitions, attribute("sk", types.ScalarAttributeTypeS))
		input.KeySchema = append(input.KeySchema, key("sk", types.KeyTypeRange))
	}
	for _, index := range indexes {
		input.AttributeDefinitions = append(input.AttributeDefinitions, attribute(index.Hash, types.ScalarAttributeTypeS))
		if index.Range != "sk" { // which is there already
			input.AttributeDefinitions = append(input.AttributeDefinitions, attribute(index.Range, index.RangeType))
		}
		projection := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		if len(index.Include) > 0 {
			projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: index.Include}
		}
		if index.All {
			projection = &types.Projection{ProjectionType: types.ProjectionTypeAll}
		}
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{IndexName: &index.Name,
			KeySchema:  []types.KeySchemaElement{key(index.Hash, types.KeyTypeHash), key(index.Range, types.KeyTypeRange)},
			Projection: projection})
	}
	if _, err := client.CreateTable(t.Context(), input); err != nil {
		t.Fatalf("create table %s: %v", name, err)
	}
	return table
}

func attribute(name string, kind types.ScalarAttributeType) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: kind}
}

func key(name string, kind types.KeyType) types.KeySchemaElement {
	return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
}

// Items returns everything that lies in a table, expired or not.
func Items(t testing.TB, client *dynamodb.Client, table string) []record.Item {
	t.Helper()
	var all []record.Item
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
	}
	return all
}
