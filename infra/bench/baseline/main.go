// Command baseline answers each request with the DynamoDB writes of a form post and a 303, and does nothing else: no token, no
// check of a value, no hash, no log. It is what the CPU time of a form function is measured against.
//
// BENCH_CALLS holds the writes as the form function sent them (JSON of []replay.Recorded). The client is the SDK's default.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"

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
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	client := dynamodb.NewFromConfig(cfg)
	return func(ctx context.Context, _ events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		for _, call := range calls {
			if err := call.Do(ctx, client); err != nil {
				return events.APIGatewayV2HTTPResponse{}, err
			}
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: http.StatusSeeOther, Headers: map[string]string{"location": "/newsletter/done"}}, nil
	}, nil
}
