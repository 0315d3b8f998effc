// Command dynamodb-s3 builds a DynamoDB client, an S3 client and its signer of links as the SDK's documentation shows it and waits for
// work: the measure of the cold start of a function that needs them.
package main

import (
	"context"
	"errors"
	"log"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	database, files := dynamodb.NewFromConfig(cfg), s3.NewFromConfig(cfg)
	links := s3.NewPresignClient(files)
	// The handler holds the clients, so that the linker keeps what a program that makes calls has to carry.
	lambda.Start(func(ctx context.Context) error {
		_, err := database.UpdateItem(ctx, &dynamodb.UpdateItemInput{})
		_, fileErr := files.GetObject(ctx, &s3.GetObjectInput{})
		_, linkErr := links.PresignGetObject(ctx, &s3.GetObjectInput{})
		return errors.Join(err, fileErr, linkErr)
	})
}
