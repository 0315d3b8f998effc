// Command feedback takes what SES reports of a mail: it settles mails whose call was never answered, and records
// deliveries, bounces and complaints (design: "Life of a mail").
package main

import (
	"context"
	"os"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/mail"
	"madoguchi/shared/metric"
	"madoguchi/shared/record"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Outbox  string `env:"OUTBOX_TABLE"`
	Metrics string `env:"METRIC_NAMESPACE,optional"`
}

// run builds the handler from the environment. It fails with every missing setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	if err != nil {
		return nil, err
	}
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	f := &feedback{store: mail.NewStore(client, cfg.Outbox, mail.Times{}, time.Now), now: time.Now,
		metrics: metric.New(os.Stdout, cfg.Metrics, time.Now)}
	return f.handle, nil
}
