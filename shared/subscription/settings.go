package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// settings are what a list needs beside what every form does; the list's own table is read by its name.
type settings struct {
	Suppression string `env:"SUPPRESSION_TABLE"`
}

// New builds the handler of a list from the environment; table names the setting that holds the list's table. The error
// names every setting that is missing or wrong.
func New(ctx context.Context, env config.Source, service *policy.Service, table string, now func() time.Time) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	d, list, err := load(env, service, table, client, now)
	if err != nil {
		return nil, err
	}
	return NewHandler(d.Site, d.Engine, list), nil
}

// Open opens a list's store alone, from the same settings and over a client of the caller's: for loading content.
func Open(env config.Source, service *policy.Service, table string, client *dynamodb.Client, now func() time.Time) (*List, error) {
	_, list, err := load(env, service, table, client, now)
	return list, err
}

func load(env config.Source, service *policy.Service, table string, client *dynamodb.Client, now func() time.Time) (*desk.Desk, *List, error) {
	d, own, err := desk.With[settings](env, service, client, now)
	name, ok := env(table)
	if !ok || name == "" {
		err = errors.Join(err, fmt.Errorf("%s is missing", table))
	}
	if err != nil {
		return nil, nil, err
	}
	return d, &List{Service: service, Periods: d.Periods, Client: client, Table: name, Outbox: d.Outbox, Suppression: own.Suppression,
		Guard: d.Guard, AddressKey: d.AddressKey, Links: d.Links, Now: now}, nil
}
