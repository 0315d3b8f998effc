// Command subscribers is the lists desk: staff find out who is on a list, why and how they came, and act at the wish of the people
// (contract: "Staff"). It sends nothing itself, and no route of it edits a consent.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
	"madoguchi/shared/suppression"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Newsletter  string      `env:"NEWSLETTER_TABLE"`
	Press       string      `env:"PRESS_TABLE"`
	Approval    bool        `env:"PRESS_APPROVAL"`
	Suppression string      `env:"SUPPRESSION_TABLE"`
	Outbox      string      `env:"OUTBOX_TABLE"`
	Campaigns   string      `env:"CAMPAIGNS_TABLE"`
	AddressKey  config.Key  `env:"ADDRESS_KEY"`
	LinkKeys    config.Keys `env:"LINK_KEYS"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	account, sesErr := suppression.Open(ctx)
	if err := errors.Join(err, sesErr); err != nil {
		return nil, err
	}
	c, err := open(env, client, account, time.Now)
	if err != nil {
		return nil, err
	}
	return c.handler(), nil
}

func open(env config.Source, client *dynamodb.Client, account suppression.Account, now func() time.Time) (*counter, error) {
	desk, err := staff.With(env, client, now)
	cfg, ownErr := config.Load[settings](env)
	c := &counter{staff: desk, ses: account, now: now}
	for _, one := range []struct {
		code     policy.Code
		table    string
		role     string
		approval bool
	}{{policy.Newsletter, cfg.Newsletter, policy.RoleEditor, false}, {policy.Press, cfg.Press, policy.RolePress, cfg.Approval}} {
		periods, periodsErr := policy.LoadPeriods(policy.Get(one.code), env)
		err = errors.Join(err, periodsErr)
		c.lists = append(c.lists, list{role: one.role, List: &subscription.List{Service: policy.Get(one.code), Periods: periods, Approval: one.approval,
			Client: client, Table: one.table, Outbox: cfg.Outbox, Suppression: cfg.Suppression, AddressKey: cfg.AddressKey,
			Links: link.NewSigner(cfg.LinkKeys), Now: now}})
	}
	if err := errors.Join(err, ownErr); err != nil {
		return nil, err
	}
	c.campaigns = &campaign.Store{Client: client, Table: cfg.Campaigns, Now: now}
	return c, nil
}
