// Command baseline answers each request with the DynamoDB calls of a post and its status, and does nothing else: no token, no
// check of a value, no hash, no log. It is what the CPU time of a form function is measured against.
//
// BENCH_CALLS holds the calls as the function sent them (JSON of []replay.Recorded), BENCH_STATUS the status. The query's "given" is the
// key of what was put into the database for this request. The client is the SDK's default.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/bench/replay"
)

func main() {
	handler, err := build(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler)
}

type handler func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

func build(ctx context.Context) (handler, error) {
	var recorded []replay.Recorded
	if err := json.Unmarshal([]byte(os.Getenv("BENCH_CALLS")), &recorded); err != nil {
		return nil, fmt.Errorf("read BENCH_CALLS: %w", err)
	}
	calls, err := replay.Parse(recorded)
	if err != nil {
		return nil, err
	}
	status, err := strconv.Atoi(os.Getenv("BENCH_STATUS"))
	if err != nil {
		return nil, fmt.Errorf("read BENCH_STATUS: %w", err)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	client := dynamodb.NewFromConfig(cfg)
	return func(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		for _, call := range calls {
			if err := call.Do(ctx, client, r.QueryStringParameters["given"]); err != nil {
				return events.APIGatewayV2HTTPResponse{}, err
			}
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: map[string]string{"location": "/newsletter/done"}}, nil
	}, nil
}
