// Command sender carries out campaigns: by the clock it freezes the audience of what is due, sends chunk after chunk at the
// account's rate, settles what SES never answered, and stops what comes back (design: "Life of a campaign"). What it knows is in
// the campaigns table alone: killed at any moment, the next invocation goes on.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/metric"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/ses"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Audience audience.Settings
	Mail     envelope.Settings
	Files    string `env:"CAMPAIGN_FILES_BUCKET"`

	Lease   time.Duration `env:"CLAIM_LEASE_SECONDS" min:"2" max:"300"`
	Settle  time.Duration `env:"UNKNOWN_SETTLE_SECONDS" min:"5" max:"86400"`
	Canary  time.Duration `env:"CANARY_SECONDS" min:"0" max:"86400"`
	Grace   time.Duration `env:"SCHEDULE_GRACE_MINUTES" min:"1" max:"1440"`
	Singly  bool          `env:"SEND_SINGLY"`
	Metrics string        `env:"METRIC_NAMESPACE,optional"`
}

// run builds the handler from the environment. It fails with every missing setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Questionnaire), env)
	client, clientErr := record.NewClient(ctx)
	caller, sesErr := ses.New(ctx)
	bucket, filesErr := objects.NewClient(ctx)
	if err := errors.Join(err, periodsErr, clientErr, sesErr, filesErr); err != nil {
		return nil, err
	}
	sources := cfg.Audience.Sources(client, periods, time.Now)
	s := &sender{
		cfg: cfg, store: sources.Campaigns, sources: sources, ses: caller, files: bucket.Bucket(cfg.Files), now: time.Now, sleep: campaign.Sleep,
		metrics: metric.New(os.Stdout, cfg.Metrics, time.Now), bucket: &campaign.Bucket{Store: sources.Campaigns, Sleep: campaign.Sleep},
	}
	return s.handle, nil
}
