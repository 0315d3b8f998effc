// Command bulk makes calls of SendBulkEmail and does nothing else: no audience, no store, no rate, no mail to fill in. It is what a
// sender's CPU time and throughput are measured against.
//
// BENCH_BODIES is a file with the bodies of calls as a sender made them, one a line; they are read at the start and made again in
// turn. BENCH_CALLS, where it is set, is a file with all DynamoDB calls of the same campaign, which are made again between them: what no
// sender that keeps its state in the table can do without. The event says how many calls of SES are made, how many at a time, and how
// many the campaign had. The clients are the senders' own.
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
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/infra/bench/replay"
	"madoguchi/shared/record"
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
	Of       int `json:"of"` // calls of SES in the campaign whose DynamoDB calls are made beside them
}

// loop is what is made again.
type loop struct {
	ses   *ses.Client
	calls []*sesv2.SendBulkEmailInput
	table *dynamodb.Client // nil: no calls of DynamoDB
	steps []replay.Step
}

func build(ctx context.Context) (func(context.Context, order) error, error) {
	var l loop
	var err error
	if l.calls, err = read(os.Getenv("BENCH_BODIES")); err != nil {
		return nil, fmt.Errorf("read BENCH_BODIES: %w", err)
	}
	if l.ses, err = ses.New(ctx); err != nil {
		return nil, err
	}
	if path := os.Getenv("BENCH_CALLS"); path != "" {
		if l.steps, err = steps(path); err != nil {
			return nil, fmt.Errorf("read BENCH_CALLS: %w", err)
		}
		if l.table, err = record.NewClient(ctx); err != nil {
			return nil, err
		}
	}
	return l.repeat, nil
}

// steps returns the DynamoDB calls of a file.
func steps(path string) ([]replay.Step, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the bench names its own file
	if err != nil {
		return nil, err
	}
	var recorded []replay.Recorded
	if err := json.Unmarshal(text, &recorded); err != nil {
		return nil, err
	}
	return replay.Steps(recorded)
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
func (l loop) repeat(ctx context.Context, o order) error {
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, o.InFlight)
	for worker := range o.InFlight {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < o.Calls && failed[worker] == nil; i = int(next.Add(1)) - 1 {
				if failed[worker] = l.between(ctx, i, o.Of); failed[worker] == nil {
					failed[worker] = call(ctx, l.ses, l.calls[i%len(l.calls)])
				}
			}
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

// between makes the calls of DynamoDB that come before the i-th call of SES, of so many: evenly spread.
func (l loop) between(ctx context.Context, i, of int) error {
	if len(l.steps) == 0 {
		return nil
	}
	for n := i * len(l.steps) / of; n < (i+1)*len(l.steps)/of; n++ {
		if err := l.steps[n%len(l.steps)](ctx, l.table); err != nil {
			return err
		}
	}
	return nil
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
