// Command bulk makes calls of SendBulkEmail and does nothing else: no audience, no store, no rate, no mail to fill in. It is what a
// sender's CPU time and throughput are measured against.
//
// BENCH_BODIES is a file with the bodies of calls as a sender made them, one a line; they are read at the start and made again in
// turn. The event says how many calls are made, and how many at a time. The client is the senders' own.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/ses"
)

func main() {
	handler, err := build(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler)
}

type order struct {
	Calls    int `json:"calls"`
	InFlight int `json:"in_flight"`
}

func build(ctx context.Context) (func(context.Context, order) error, error) {
	calls, err := read(os.Getenv("BENCH_BODIES"))
	if err != nil {
		return nil, fmt.Errorf("read BENCH_BODIES: %w", err)
	}
	client, err := ses.New(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, o order) error { return repeat(ctx, client, calls, o) }, nil
}

// read returns the calls of a file.
func read(path string) ([]*sesv2.SendBulkEmailInput, error) {
	f, err := os.Open(path) //nolint:gosec // the bench names its own file
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20) // a call with its template is 500 kB at most
	var calls []*sesv2.SendBulkEmailInput
	for lines.Scan() {
		var in sesv2.SendBulkEmailInput
		if err := json.Unmarshal(lines.Bytes(), &in); err != nil {
			return nil, fmt.Errorf("call %d: %w", len(calls)+1, err)
		}
		calls = append(calls, &in)
	}
	if err := lines.Err(); err != nil || len(calls) == 0 {
		return nil, fmt.Errorf("%d calls (%w)", len(calls), err)
	}
	return calls, nil
}

// repeat makes the calls of an order. An entry that SES does not take is an error: the sender's were all taken.
func repeat(ctx context.Context, client *ses.Client, calls []*sesv2.SendBulkEmailInput, o order) error {
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, o.InFlight)
	for worker := range o.InFlight {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < o.Calls && failed[worker] == nil; i = int(next.Add(1)) - 1 {
				failed[worker] = call(ctx, client, calls[i%len(calls)])
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func call(ctx context.Context, client *ses.Client, in *sesv2.SendBulkEmailInput) error {
	out, err := client.SendBulkEmail(ctx, in)
	if err != nil {
		return err
	}
	for _, r := range out.BulkEmailEntryResults {
		if r.Status != types.BulkEmailStatusSuccess {
			return fmt.Errorf("an entry of a call: %s", r.Status)
		}
	}
	return nil
}
