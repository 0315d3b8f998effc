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

	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/ses"
	"madoguchi/shared/staff"
	"madoguchi/shared/subscription"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Audience audience.Settings
	Outbox   string `env:"OUTBOX_TABLE"`
	Files    string `env:"CAMPAIGN_FILES_BUCKET"`
	Mail     envelope.Settings
	Images   []string      `env:"IMAGE_ORIGINS,optional"`
	Delay    time.Duration `env:"SEND_DELAY_MINUTES" min:"0" max:"1440"`
	Review   bool          `env:"CAMPAIGN_REVIEW"`
	Testers  []string      `env:"TEST_RECIPIENTS,optional"`
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
	sources := cfg.Audience.Sources(client, periods, now)
	newsletter := &subscription.List{Client: client, Table: sources.Newsletter, Now: now}
	return &editor{
		staff: desk, store: sources.Campaigns, events: sources.Events, newsletter: newsletter,
		press:      &subscription.List{Service: policy.Get(policy.Press), Client: client, Table: sources.Press, AddressKey: cfg.Audience.AddressKey, Now: now},
		categories: &subscription.Categories{List: newsletter},
		periods:    periods, sources: sources,
		files: files.Bucket(cfg.Files), addressKey: cfg.Audience.AddressKey, outbox: cfg.Outbox, mail: cfg.Mail, images: cfg.Images, ses: caller, delay: cfg.Delay, review: cfg.Review, testers: cfg.Testers, now: now,
	}, nil
}
