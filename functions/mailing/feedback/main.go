// Command feedback takes what SES reports of a mail: it settles mails whose call was never answered, records deliveries, bounces and
// complaints, and ends list mail where it came back (design: "Life of a mail", "Life of a campaign"). Once a day it compares SES's
// own suppression list with ours.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/mail"
	"madoguchi/shared/metric"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
	"madoguchi/shared/suppression"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Outbox      string        `env:"OUTBOX_TABLE"`
	Campaigns   string        `env:"CAMPAIGNS_TABLE"`
	Suppression string        `env:"SUPPRESSION_TABLE"`
	Newsletter  string        `env:"NEWSLETTER_TABLE"`
	Press       string        `env:"PRESS_TABLE"`
	AddressKey  config.Key    `env:"ADDRESS_KEY"`
	Soft        int           `env:"SOFT_BOUNCES" min:"2" max:"20"`
	Keep        time.Duration `env:"CAMPAIGN_RECIPIENT_DAYS" min:"7" max:"1095"`
	Metrics     string        `env:"METRIC_NAMESPACE,optional"`
}

// run builds the handler from the environment. It fails with every missing setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	f, err := build(ctx, env)
	if err != nil {
		return nil, err
	}
	return f.handle, nil
}

func build(ctx context.Context, env config.Source) (*feedback, error) {
	cfg, err := config.Load[settings](env)
	client, clientErr := record.NewClient(ctx)
	account, accountErr := suppression.Open(ctx)
	lists, listsErr := openLists(env, cfg, client)
	if err := errors.Join(err, clientErr, accountErr, listsErr); err != nil {
		return nil, err
	}
	return &feedback{store: mail.NewStore(client, cfg.Outbox, mail.Times{}, time.Now),
		campaigns: &campaign.Store{Client: client, Table: cfg.Campaigns, Now: time.Now, Keep: cfg.Keep},
		lists:     lists, account: account, addressKey: cfg.AddressKey, suppression: cfg.Suppression, soft: cfg.Soft, now: time.Now,
		metrics: metric.New(os.Stdout, cfg.Metrics, time.Now)}, nil
}

// openLists opens the lists for what ends a subscription, which mails nothing.
func openLists(env config.Source, cfg settings, client *dynamodb.Client) (map[policy.Code]*subscription.List, error) {
	lists := map[policy.Code]*subscription.List{}
	var all error
	for code, table := range map[policy.Code]string{policy.Newsletter: cfg.Newsletter, policy.Press: cfg.Press} {
		service := policy.Get(code)
		periods, err := policy.LoadPeriods(service, env)
		all = errors.Join(all, err)
		lists[code] = &subscription.List{Service: service, Periods: periods, Client: client, Table: table, Outbox: cfg.Outbox,
			Suppression: cfg.Suppression, AddressKey: cfg.AddressKey, Now: time.Now}
	}
	return lists, all
}
