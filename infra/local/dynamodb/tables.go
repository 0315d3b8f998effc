package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/local/template"
)

// Ensure makes the tables of the template, and adds to existing ones what the template has gained since (indexes, the stream,
// the TTL): data stay. What cannot be changed in place - keys of a table, an index that now looks otherwise - is an error that
// says what to do; every such table is named in it.
func Ensure(ctx context.Context, client *dynamodb.Client, tables []template.Table) error {
	var problems []error
	for _, t := range tables {
		if err := ensure(ctx, client, t); err != nil {
			problems = append(problems, fmt.Errorf("table %s: %w", t.Name, err))
		}
	}
	return errors.Join(problems...)
}

func ensure(ctx context.Context, client *dynamodb.Client, t template.Table) error {
	there, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		if _, err := client.CreateTable(ctx, t.Create); err != nil {
			return fmt.Errorf("create: %w", err)
		}
	case err != nil:
		return fmt.Errorf("describe: %w", err)
	default:
		if err := grow(ctx, client, t, there.Table); err != nil {
			return err
		}
	}
	return ensureTTL(ctx, client, t)
}

const startAgain = "delete the data folder to start with empty tables, or take the template's change back"

// grow brings an existing table to its definition.
func grow(ctx context.Context, client *dynamodb.Client, t template.Table, now *types.TableDescription) error {
	if was, is := keys(now.KeySchema, now.AttributeDefinitions), keys(t.Create.KeySchema, t.Create.AttributeDefinitions); was != is {
		return fmt.Errorf("its keys are %s and should be %s; a key cannot be changed: %s", was, is, startAgain)
	}
	have := map[string]string{}
	for _, i := range now.GlobalSecondaryIndexes {
		have[aws.ToString(i.IndexName)] = keys(i.KeySchema, now.AttributeDefinitions) + projection(i.Projection)
	}
	want := map[string]types.GlobalSecondaryIndex{}
	for _, i := range t.Create.GlobalSecondaryIndexes {
		want[aws.ToString(i.IndexName)] = i
	}
	var changes []types.GlobalSecondaryIndexUpdate
	for _, name := range slices.Sorted(maps.Keys(have)) {
		i, wanted := want[name]
		switch {
		case !wanted:
			changes = append(changes, types.GlobalSecondaryIndexUpdate{Delete: &types.DeleteGlobalSecondaryIndexAction{IndexName: aws.String(name)}})
		case have[name] != keys(i.KeySchema, t.Create.AttributeDefinitions)+projection(i.Projection):
			return fmt.Errorf("index %s has changed; CloudFormation cannot change an index in place either: give the new one another name, or %s", name, startAgain)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, there := have[name]; !there {
			i := want[name]
			changes = append(changes, types.GlobalSecondaryIndexUpdate{Create: &types.CreateGlobalSecondaryIndexAction{
				IndexName: i.IndexName, KeySchema: i.KeySchema, Projection: i.Projection,
			}})
		}
	}
	for _, change := range changes { // one a call, as AWS demands
		if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{
			TableName: &t.Name, AttributeDefinitions: t.Create.AttributeDefinitions,
			GlobalSecondaryIndexUpdates: []types.GlobalSecondaryIndexUpdate{change},
		}); err != nil {
			return fmt.Errorf("change indexes: %w", err)
		}
	}
	return ensureStream(ctx, client, t, now)
}

func ensureStream(ctx context.Context, client *dynamodb.Client, t template.Table, now *types.TableDescription) error {
	on := now.StreamSpecification != nil && aws.ToBool(now.StreamSpecification.StreamEnabled)
	if t.Create.StreamSpecification == nil {
		return nil // a stream that nobody reads does no harm
	}
	if on {
		if was, is := now.StreamSpecification.StreamViewType, t.Create.StreamSpecification.StreamViewType; was != is {
			return fmt.Errorf("its stream shows %s and should show %s; %s", was, is, startAgain)
		}
		return nil
	}
	if _, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: &t.Name, StreamSpecification: t.Create.StreamSpecification}); err != nil {
		return fmt.Errorf("switch the stream on: %w", err)
	}
	return nil
}

func ensureTTL(ctx context.Context, client *dynamodb.Client, t template.Table) error {
	now, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.Name})
	if err != nil {
		return fmt.Errorf("describe TTL: %w", err)
	}
	if d := now.TimeToLiveDescription; t.TTL == "" || (d != nil && d.TimeToLiveStatus == types.TimeToLiveStatusEnabled && aws.ToString(d.AttributeName) == t.TTL) {
		return nil
	}
	_, err = client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: &t.Name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &t.TTL, Enabled: aws.Bool(true)},
	})
	if err != nil {
		return fmt.Errorf("switch TTL on: %w", err)
	}
	return nil
}

// keys spells a key with the types of its attributes: "pk:S,sk:S".
func keys(schema []types.KeySchemaElement, definitions []types.AttributeDefinition) string {
	kinds := map[string]string{}
	for _, d := range definitions {
		kinds[aws.ToString(d.AttributeName)] = string(d.AttributeType)
	}
	out := ""
	for _, kind := range []types.KeyType{types.KeyTypeHash, types.KeyTypeRange} {
		for _, k := range schema {
			if k.KeyType == kind {
				if out != "" {
					out += ","
				}
				out += aws.ToString(k.AttributeName) + ":" + kinds[aws.ToString(k.AttributeName)]
			}
		}
	}
	return out
}

func projection(p *types.Projection) string {
	if p == nil {
		return ""
	}
	names := slices.Clone(p.NonKeyAttributes)
	slices.Sort(names)
	return fmt.Sprintf(" %s %v", p.ProjectionType, names)
}
