// Command mailer sends what lies in the outbox: new mail when the table's stream tells of it, by the clock what was left
// behind, put off or never answered (design: "Life of a mail").
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/letter"
	"madoguchi/shared/metric"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Outbox           string        `env:"OUTBOX_TABLE"`
	Campaigns        string        `env:"CAMPAIGNS_TABLE"`
	ConfigurationSet string        `env:"CONFIGURATION_SET"`
	Sender           string        `env:"SENDER_ADDRESS"`
	Lease            time.Duration `env:"CLAIM_LEASE_SECONDS" min:"2" max:"300"`
	Settle           time.Duration `env:"UNKNOWN_SETTLE_SECONDS" min:"5" max:"86400"`
	Metrics          string        `env:"METRIC_NAMESPACE,optional"`
	Organization     policy.Organization
}

// run builds the handler from the environment. It fails with every missing setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	if err != nil {
		return nil, err
	}
	client, err := record.NewClient(ctx)
	sender, sesErr := newSES(ctx, cfg)
	if err := errors.Join(err, sesErr); err != nil {
		return nil, err
	}
	store := mail.NewStore(client, cfg.Outbox, mail.Times{Lease: cfg.Lease, Settle: cfg.Settle}, time.Now)
	m := &mailer{store: store, ses: sender, letters: letter.New(cfg.Organization), cfg: cfg, now: time.Now,
		metrics: metric.New(os.Stdout, cfg.Metrics, time.Now),
		rate:    &campaign.Store{Client: client, Table: cfg.Campaigns, Now: time.Now}}
	return m.handle, nil
}
