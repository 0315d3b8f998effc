// Command campaigns is where staff write, review, schedule and watch newsletters, press releases, media invitations, information on
// an event and invitations to its questionnaire (contract: "Staff"). It sends nothing but tests: what is scheduled is sent by
// functions/mailing/sender.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/ses"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Campaigns     string `env:"CAMPAIGNS_TABLE"`
	Newsletter    string `env:"NEWSLETTER_TABLE"`
	Press         string `env:"PRESS_TABLE"`
	Events        string `env:"EVENTS_TABLE"`
	Registrations string `env:"REGISTRATIONS_TABLE"`
	Invitations   string `env:"INVITATIONS_TABLE"`
	Suppression   string `env:"SUPPRESSION_TABLE"`
	Outbox        string `env:"OUTBOX_TABLE"`
	Files         string `env:"CAMPAIGN_FILES_BUCKET"`
	Mail          envelope.Settings
	AddressKey    config.Key    `env:"ADDRESS_KEY"`
	LinkKeys      config.Keys   `env:"LINK_KEYS"`
	Delay         time.Duration `env:"SEND_DELAY_MINUTES" min:"0" max:"1440"`
	Review        bool          `env:"CAMPAIGN_REVIEW"`
	Testers       []string      `env:"TEST_RECIPIENTS,optional"`
	Keep          time.Duration `env:"CAMPAIGN_RECIPIENT_DAYS" min:"7" max:"1095"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	files, filesErr := objects.NewClient(ctx)
	caller, sesErr := ses.New(ctx)
	if err := errors.Join(err, filesErr, sesErr); err != nil {
		return nil, err
	}
	e, err := open(env, client, files, caller, time.Now)
	if err != nil {
		return nil, err
	}
	return e.handler(), nil
}

func open(env config.Source, client *dynamodb.Client, files *objects.Client, caller *ses.Client, now func() time.Time) (*editor, error) {
	desk, err := staff.With(env, client, now)
	cfg, ownErr := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Questionnaire), env)
	if err := errors.Join(err, ownErr, periodsErr); err != nil {
		return nil, err
	}
	store := &campaign.Store{Client: client, Table: cfg.Campaigns, Now: now, Keep: cfg.Keep}
	events := &event.Store{Client: client, Table: cfg.Events, Now: now}
	newsletter := &subscription.List{Client: client, Table: cfg.Newsletter, Now: now}
	links := link.NewSigner(cfg.LinkKeys)
	return &editor{
		staff: desk, store: store, events: events, newsletter: newsletter, categories: &subscription.Categories{List: newsletter}, periods: periods,
		sources: audience.Sources{Client: client, Newsletter: cfg.Newsletter, Press: cfg.Press, Registrations: cfg.Registrations, Suppression: cfg.Suppression,
			Events: events, Invitations: &questionnaire.Store{Client: client, Invitations: cfg.Invitations, Key: cfg.AddressKey, Links: links},
			Campaigns: store, Links: links, Periods: periods, Now: now},
		files: files.Bucket(cfg.Files), addressKey: cfg.AddressKey, outbox: cfg.Outbox, mail: cfg.Mail, ses: caller, delay: cfg.Delay, review: cfg.Review, testers: cfg.Testers, now: now,
	}, nil
}
