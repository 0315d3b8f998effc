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
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/metric"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/ses"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Campaigns     string      `env:"CAMPAIGNS_TABLE"`
	Newsletter    string      `env:"NEWSLETTER_TABLE"`
	Press         string      `env:"PRESS_TABLE"`
	Events        string      `env:"EVENTS_TABLE"`
	Registrations string      `env:"REGISTRATIONS_TABLE"`
	Invitations   string      `env:"INVITATIONS_TABLE"`
	Suppression   string      `env:"SUPPRESSION_TABLE"`
	Files         string      `env:"CAMPAIGN_FILES_BUCKET"`
	AddressKey    config.Key  `env:"ADDRESS_KEY"`
	LinkKeys      config.Keys `env:"LINK_KEYS"`
	envelope.Settings

	Lease   time.Duration `env:"CLAIM_LEASE_SECONDS" min:"2" max:"300"`
	Settle  time.Duration `env:"UNKNOWN_SETTLE_SECONDS" min:"5" max:"86400"`
	Canary  time.Duration `env:"CANARY_SECONDS" min:"0" max:"86400"`
	Grace   time.Duration `env:"SCHEDULE_GRACE_MINUTES" min:"1" max:"1440"`
	Keep    time.Duration `env:"CAMPAIGN_RECIPIENT_DAYS" min:"7" max:"1095"`
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
	store := &campaign.Store{Client: client, Table: cfg.Campaigns, Now: time.Now, Keep: cfg.Keep}
	links := link.NewSigner(cfg.LinkKeys)
	events := &event.Store{Client: client, Table: cfg.Events, Now: time.Now}
	s := &sender{
		cfg: cfg, store: store, ses: caller, files: bucket.Bucket(cfg.Files), now: time.Now, sleep: campaign.Sleep, metrics: metric.New(os.Stdout, cfg.Metrics, time.Now),
		bucket: &campaign.Bucket{Store: store, Sleep: campaign.Sleep},
		sources: audience.Sources{Client: client, Newsletter: cfg.Newsletter, Press: cfg.Press, Registrations: cfg.Registrations,
			Suppression: cfg.Suppression, Events: events, Campaigns: store, Links: links, Periods: periods, Now: time.Now,
			Invitations: &questionnaire.Store{Client: client, Invitations: cfg.Invitations, Key: cfg.AddressKey, Links: links}},
	}
	return s.handle, nil
}
