// Command worker is a function for the tests of the local stack: it counts in a table what it was invoked with, and fails for
// records that ask for it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	mail "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

type worker struct {
	db   *dynamodb.Client
	mail *sesv2.Client
}

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	w := worker{dynamodb.NewFromConfig(cfg), sesv2.NewFromConfig(cfg)}
	lambda.Start(w.handle)
}

func (w worker) handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var event struct {
		Records    []events.DynamoDBEventRecord
		DetailType string `json:"detail-type"`
		Source     string
		Detail     json.RawMessage
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		return nil, err
	}
	if event.Source == "aws.s3" {
		var detail struct {
			Bucket struct{ Name string }
			Object struct{ Key string }
		}
		if err := json.Unmarshal(event.Detail, &detail); err != nil {
			return nil, err
		}
		return nil, w.count(ctx, event.Source+" "+event.DetailType+" "+detail.Bucket.Name+" "+detail.Object.Key)
	}
	if event.Source != "" {
		return nil, w.count(ctx, event.Source+" "+event.DetailType)
	}
	var failures []events.DynamoDBBatchItemFailure
	for _, r := range event.Records {
		image := r.Change.NewImage
		if err := w.count(ctx, "record "+image["pk"].String()); err != nil {
			return nil, err
		}
		if to, ok := image["mail_to"]; ok {
			if err := w.send(ctx, to.String()); err != nil {
				return nil, err
			}
		}
		if _, ok := image["fail"]; ok {
			failures = append(failures, events.DynamoDBBatchItemFailure{ItemIdentifier: r.Change.SequenceNumber})
			break
		}
	}
	return events.DynamoDBEventResponse{BatchItemFailures: failures}, nil
}

func (w worker) count(ctx context.Context, key string) error {
	_, err := w.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: aws.String(os.Getenv("SEEN_TABLE")), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key}},
		UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}},
	})
	return err
}

func (w worker) send(ctx context.Context, to string) error {
	_, err := w.mail.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("office@example.jp"), ConfigurationSetName: aws.String(os.Getenv("CONFIGURATION_SET")),
		Destination: &mail.Destination{ToAddresses: []string{to}},
		Content: &mail.EmailContent{Simple: &mail.Message{
			Subject: &mail.Content{Data: aws.String("test")}, Body: &mail.Body{Text: &mail.Content{Data: aws.String("test")}},
		}},
	})
	return err
}
