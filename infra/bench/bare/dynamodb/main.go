// Command dynamodb builds a DynamoDB client as the SDK's documentation shows it and waits for work: the measure of the cold
// start of a function that needs this client and no other.
package main

import (
	"context"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	client := dynamodb.NewFromConfig(cfg)
	// The handler holds the client, so that the linker keeps what a program that makes a call has to carry.
	lambda.Start(func(ctx context.Context) error {
		_, err := client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{})
		return err
	})
}
