// Command importer does the work of imports: it checks lists that staff have sent, takes them over and gives them back, in steps
// (issue "the lists desk"). The stream of the imports table wakes it at once; the clock goes on with what was left behind, and
// deletes files whose day is over. Beside it adds to the lists the marks that older records lack. What it knows is in the table and the bucket alone: killed at any moment, the next one goes on.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/ledger"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/roster"
	"madoguchi/shared/roster/workbook"
	"madoguchi/shared/subscription"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Imports     string     `env:"IMPORTS_TABLE"`
	Files       string     `env:"IMPORT_FILES_BUCKET"`
	Newsletter  string     `env:"NEWSLETTER_TABLE"`
	Press       string     `env:"PRESS_TABLE"`
	Suppression string     `env:"SUPPRESSION_TABLE"`
	Campaigns   string     `env:"CAMPAIGNS_TABLE"`
	Ledger      string     `env:"LEDGER_TABLE"`
	AddressKey  config.Key `env:"ADDRESS_KEY"`
}

const (
	// work is how long one invocation goes on: the clock strikes every minute, and the next one is there when this one hands over.
	work = 50 * time.Second
	// reserve is kept at the end of an invocation to store a step.
	reserve = 8 * time.Second
)

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	client, clientErr := record.NewClient(ctx)
	files, filesErr := objects.NewClient(ctx)
	lists := map[policy.Code]*subscription.List{}
	all := []error{err, clientErr, filesErr}
	for code, table := range map[policy.Code]string{policy.Newsletter: cfg.Newsletter, policy.Press: cfg.Press} {
		service := policy.Get(code)
		periods, err := policy.LoadPeriods(service, env)
		all = append(all, err)
		lists[code] = &subscription.List{Service: service, Periods: periods, Client: client, Table: table, Suppression: cfg.Suppression,
			AddressKey: cfg.AddressKey, Now: time.Now}
	}
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	w := &roster.Worker{Store: &roster.Store{Client: client, Table: cfg.Imports, Now: time.Now}, Files: files.Bucket(cfg.Files), Lists: lists, Now: time.Now,
		Books: workbook.Open, Mailings: roster.Mailings{Campaigns: &campaign.Store{Client: client, Table: cfg.Campaigns, Now: time.Now}}}
	m := &marks{lists: lists, ledger: &ledger.Store{Client: client, Table: cfg.Ledger, Now: time.Now}}
	return func(ctx context.Context, payload json.RawMessage) (any, error) {
		var event events.DynamoDBEvent
		if err := json.Unmarshal(payload, &event); err != nil {
			return nil, fmt.Errorf("decode event: %w", err)
		}
		end := time.Now().Add(work)
		if deadline, ok := ctx.Deadline(); ok && deadline.Add(-reserve).Before(end) {
			end = deadline.Add(-reserve)
		}
		err := w.Work(ctx, end)
		if len(event.Records) > 0 {
			// What failed is in the log and stays with the clock: a repeated record would say nothing more.
			return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}, nil
		}
		return nil, errors.Join(err, m.work(ctx, end))
	}, nil
}
