// Command echo is a function for the tests of the local stack: it answers with what it was given, or misbehaves as the
// query asks.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

var served int

func main() {
	if os.Getenv("BREAK_INIT") != "" {
		fmt.Fprintln(os.Stderr, "settings: BREAK_INIT must be empty")
		os.Exit(1)
	}
	fmt.Println(`{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","msg":"started"}`)
	lambda.Start(handle)
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	served++
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(raw, &event); err != nil {
		return nil, err
	}
	switch event.QueryStringParameters["do"] {
	case "exit":
		fmt.Fprintln(os.Stderr, "panic: on request")
		os.Exit(3)
	case "error":
		fmt.Println(`{"timestamp":"2026-01-01T00:00:00Z","level":"ERROR","msg":"asked to fail"}`)
		return nil, errors.New("asked to fail")
	case "sleep":
		ms, _ := strconv.Atoi(event.QueryStringParameters["ms"])
		time.Sleep(time.Duration(ms) * time.Millisecond)
	case "cookies":
		return events.APIGatewayV2HTTPResponse{StatusCode: 201, Cookies: []string{"a=1", "b=2"}, Headers: map[string]string{"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"}, Body: "set"}, nil
	case "binary":
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, IsBase64Encoded: true, Headers: map[string]string{"content-type": "image/gif"}, Body: "R0lGODlhAQABAAAAACw="}, nil
	case "plain":
		return "just text", nil
	case "env":
		return map[string]any{"env": names(), "key": os.Getenv("AWS_ACCESS_KEY_ID"), "served": served}, nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return map[string]any{"event": raw, "pid": os.Getpid(), "served": served, "arn": lc.InvokedFunctionArn, "left_ms": time.Until(deadline).Milliseconds()}, nil
}

func names() []string {
	var out []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		out = append(out, name)
	}
	return out
}
