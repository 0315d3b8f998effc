// Command dynamodb-s3-sesv2 builds a DynamoDB, an S3 and an SES client as the SDK's documentation shows it and waits for work: the
// measure of the cold start of a function that needs the three.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	database, files, mail := dynamodb.NewFromConfig(cfg), s3.NewFromConfig(cfg), sesv2.NewFromConfig(cfg)
	// The handler holds the clients, so that the linker keeps what a program that makes calls has to carry.
	lambda.Start(func(ctx context.Context) error {
		_, err := database.UpdateItem(ctx, &dynamodb.UpdateItemInput{})
		_, fileErr := files.GetObject(ctx, &s3.GetObjectInput{})
		_, mailErr := mail.SendBulkEmail(ctx, &sesv2.SendBulkEmailInput{})
		return errors.Join(err, fileErr, mailErr)
	})
}
