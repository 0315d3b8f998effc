// Command invitations mails, by the clock, the link to the questionnaire of an event to those who registered for it: after the
// event's end and the hours that the event names, not beyond the retention, once each (policy 3(4), R29), and whom no campaign invites.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Events        string      `env:"EVENTS_TABLE"`
	Registrations string      `env:"REGISTRATIONS_TABLE"`
	Invitations   string      `env:"INVITATIONS_TABLE"`
	Campaigns     string      `env:"CAMPAIGNS_TABLE"`
	Outbox        string      `env:"OUTBOX_TABLE"`
	AddressKey    config.Key  `env:"ADDRESS_KEY"`
	LinkKeys      config.Keys `env:"LINK_KEYS"`
}

// run builds the handler from the environment. It fails with every missing setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Questionnaire), env)
	if err := errors.Join(err, periodsErr); err != nil {
		return nil, err
	}
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	i := &inviter{
		client: client, events: &event.Store{Client: client, Table: cfg.Events, Now: time.Now}, registrations: cfg.Registrations, outbox: cfg.Outbox,
		store:     questionnaire.Store{Client: client, Invitations: cfg.Invitations, Key: cfg.AddressKey, Links: link.NewSigner(cfg.LinkKeys)},
		campaigns: &campaign.Store{Client: client, Table: cfg.Campaigns, Now: time.Now}, periods: periods, now: time.Now,
	}
	return func(ctx context.Context, _ json.RawMessage) (any, error) { return nil, i.strike(ctx) }, nil
}
