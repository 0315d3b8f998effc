package template

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Table is an AWS::DynamoDB::Table.
type Table struct {
	ID     string // logical id
	Name   string // physical name
	Create *dynamodb.CreateTableInput
	TTL    string // attribute, or ""
}

// table resolves what shapes a table. Back-ups, encryption and deletion protection mean nothing locally.
func (r *resolver) table(id string) (Table, error) {
	properties, _ := member(r.resources, id, "Properties").(map[string]any)
	kept := map[string]any{}
	for _, name := range []string{"AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "StreamSpecification"} {
		v, err := r.resolve(properties[name])
		if err != nil {
			return Table{}, fmt.Errorf("%s: %w", name, err)
		}
		if v != nil {
			kept[name] = plain(v)
		}
	}
	// The members of CloudFormation and of the API have the same names, apart from StreamEnabled.
	data, err := json.Marshal(kept)
	if err != nil {
		return Table{}, err
	}
	in := &dynamodb.CreateTableInput{}
	if err := json.Unmarshal(data, in); err != nil {
		return Table{}, fmt.Errorf("table definition: %w", err)
	}
	if in.StreamSpecification != nil {
		in.StreamSpecification.StreamEnabled = aws.Bool(true)
	}
	in.BillingMode = types.BillingModePayPerRequest
	for i := range in.GlobalSecondaryIndexes {
		in.GlobalSecondaryIndexes[i].ProvisionedThroughput = nil
	}
	name, err := r.ref(id)
	if err != nil {
		return Table{}, err
	}
	in.TableName = aws.String(text(name))
	t := Table{ID: id, Name: text(name), Create: in}
	ttl, err := r.resolve(properties["TimeToLiveSpecification"])
	if err != nil {
		return Table{}, err
	}
	if truth(member(ttl, "Enabled")) {
		t.TTL = text(member(ttl, "AttributeName"))
	}
	return t, nil
}
