// Command retention does by the clock what periods of keeping ask for beyond DynamoDB's own deletion: it asks subscribers to stay before
// their period is over, counts those who gave no answer, tells of those who could not be asked in time, gives back what lapsed
// requests for publications had reserved, and deletes mails as they came with their records (decisions: "Retention of a subscriber",
// "Retention of a publication request", "Retention of an inquiry or inbound mail").
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/metric"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Newsletter  string        `env:"NEWSLETTER_TABLE"`
	Press       string        `env:"PRESS_TABLE"`
	Suppression string        `env:"SUPPRESSION_TABLE"`
	Outbox      string        `env:"OUTBOX_TABLE"`
	AddressKey  config.Key    `env:"ADDRESS_KEY"`
	LinkKeys    config.Keys   `env:"LINK_KEYS"`
	First       time.Duration `env:"STAY_DAYS" min:"7" max:"365"`
	Last        time.Duration `env:"STAY_AGAIN_DAYS" min:"2" max:"90"`
	PerRun      int           `env:"STAY_PER_RUN" min:"1" max:"10000"`
	Metrics     string        `env:"METRIC_NAMESPACE,optional"`
	Requests    string        `env:"PUBLICATIONS_TABLE"`
	Catalogue   string        `env:"CATALOGUE_TABLE"`
	Inquiries   string        `env:"INQUIRIES_TABLE"`
	Inbound     string        `env:"INBOUND_BUCKET"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	k, err := open(ctx, env, time.Now)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ json.RawMessage) (any, error) { return nil, k.strike(ctx) }, nil
}

func open(ctx context.Context, env config.Source, now func() time.Time) (*keeper, error) {
	cfg, err := config.Load[settings](env)
	client, clientErr := record.NewClient(ctx)
	files, filesErr := objects.NewClient(ctx)
	k := &keeper{leads: subscription.Leads{First: cfg.First, Last: cfg.Last}, perRun: cfg.PerRun, now: now, metrics: metric.New(os.Stdout, cfg.Metrics, now),
		requests:  &publications.Store{Client: client, Catalogue: cfg.Catalogue, Requests: cfg.Requests, Now: now},
		originals: &originals.Store{Client: client, Table: cfg.Inquiries, Bucket: files.Bucket(cfg.Inbound), Now: now}}
	all := []error{err, clientErr, filesErr}
	for _, one := range []struct {
		code  policy.Code
		table string
	}{{policy.Newsletter, cfg.Newsletter}, {policy.Press, cfg.Press}} {
		periods, periodsErr := policy.LoadPeriods(policy.Get(one.code), env)
		if all = append(all, periodsErr); periodsErr == nil && err == nil {
			all = append(all, k.leads.Check(periods))
		}
		k.lists = append(k.lists, &subscription.List{Service: policy.Get(one.code), Periods: periods, Client: client, Table: one.table, Outbox: cfg.Outbox,
			Suppression: cfg.Suppression, AddressKey: cfg.AddressKey, Links: link.NewSigner(cfg.LinkKeys), Now: now})
	}
	return k, errors.Join(all...)
}
