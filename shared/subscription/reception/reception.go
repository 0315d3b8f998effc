// Package reception opens a list for the functions that have its forms. It stands apart from the list itself, so that what only ends
// a subscription (functions/mailing/feedback) has no settings of forms.
package reception

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/archive"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/subscription"
)

// settings are what a list needs beside what every form does; the list's own table is read by its name.
type settings struct {
	Suppression string `env:"SUPPRESSION_TABLE"`
}

// Names are the names of the settings that each list has under a name of its own.
type Names struct {
	Table    string          // of the list's table
	Issues   policy.MailKind // what the public archive of the list shows
	Approval string          // whether staff approve who is confirmed ("true" or "false"); empty for a list without approval
}

// New builds the handler of a list from the environment. The error names every setting that is missing or wrong.
func New(ctx context.Context, env config.Source, service *policy.Service, names Names, now func() time.Time) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	d, list, err := load(env, service, names, client, now)
	public, publicErr := config.Load[issues](env)
	if err := errors.Join(err, publicErr); err != nil {
		return nil, err
	}
	mux := subscription.NewHandler(d.Site, d.Engine, list)
	(&archive.Archive{Store: &campaign.Store{Client: client, Table: public.Campaigns, Now: now}, Site: d.Site, Kind: names.Issues, Path: service.Path, Images: public.Images}).Register(mux)
	return mux, nil
}

// issues are where the public archive of the list comes from.
type issues struct {
	Campaigns string   `env:"CAMPAIGNS_TABLE"`
	Images    []string `env:"IMAGE_ORIGINS,optional"`
}

// Open opens a list's store alone, from the same settings and over a client of the caller's: for loading content.
func Open(env config.Source, service *policy.Service, names Names, client *dynamodb.Client, now func() time.Time) (*subscription.List, error) {
	_, list, err := load(env, service, names, client, now)
	return list, err
}

func load(env config.Source, service *policy.Service, names Names, client *dynamodb.Client, now func() time.Time) (*desk.Desk, *subscription.List, error) {
	d, own, err := desk.With[settings](env, service, client, now)
	table, _ := env(names.Table)
	if table == "" {
		err = errors.Join(err, fmt.Errorf("%s is missing", names.Table))
	}
	approval := "false"
	if names.Approval != "" {
		approval, _ = env(names.Approval)
	}
	switch approval {
	case "true", "false":
	case "":
		err = errors.Join(err, fmt.Errorf("%s is missing", names.Approval))
	default:
		err = errors.Join(err, fmt.Errorf("%s must be true or false", names.Approval))
	}
	if err != nil {
		return nil, nil, err
	}
	return d, &subscription.List{Service: service, Periods: d.Periods, Approval: approval == "true", Client: client, Table: table, Outbox: d.Outbox, Suppression: own.Suppression,
		Guard: d.Guard, AddressKey: d.AddressKey, Links: d.Links, Now: now}, nil
}
