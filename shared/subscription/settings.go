package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// settings are the settings of every list's function; the list's table and its periods are read beside them.
type settings struct {
	Organization policy.Organization
	Outbox       string        `env:"OUTBOX_TABLE"`
	Suppression  string        `env:"SUPPRESSION_TABLE"`
	Guard        string        `env:"GUARD_TABLE"`
	AddressKey   config.Key    `env:"ADDRESS_KEY"`
	FormKeys     config.Keys   `env:"FORM_KEYS"`
	LinkKeys     config.Keys   `env:"LINK_KEYS"`
	Origins      []string      `env:"ALLOWED_ORIGINS,optional"`
	Minimum      time.Duration `env:"FORM_MINIMUM_SECONDS" min:"0" max:"60"`
	PerHour      int           `env:"RATE_LIMIT_PER_HOUR" min:"0"`
}

// New builds the handler of a list from the environment; table names the setting that holds the list's table. The error
// names every setting that is missing or wrong.
func New(ctx context.Context, env config.Source, service *policy.Service, table string, now func() time.Time) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	list, cfg, err := load(env, service, table, client, now)
	if err != nil {
		return nil, err
	}
	site := &web.Site{Organization: cfg.Organization, Origins: cfg.Origins, Now: now}
	engine := &form.Engine{Site: site, Guard: list.Guard, Keys: cfg.FormKeys, Now: now, Minimum: cfg.Minimum, PerHour: cfg.PerHour}
	return NewHandler(site, engine, list), nil
}

// Open opens a list's store alone, from the same settings and over a client of the caller's: for loading content.
func Open(env config.Source, service *policy.Service, table string, client *dynamodb.Client, now func() time.Time) (*List, error) {
	list, _, err := load(env, service, table, client, now)
	return list, err
}

func load(env config.Source, service *policy.Service, table string, client *dynamodb.Client, now func() time.Time) (*List, settings, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(service, env)
	name, ok := env(table)
	if !ok || name == "" {
		err = errors.Join(err, fmt.Errorf("%s is missing", table))
	}
	if err = errors.Join(err, periodsErr); err != nil {
		return nil, cfg, err
	}
	return &List{Service: service, Periods: periods, Client: client, Table: name, Outbox: cfg.Outbox, Suppression: cfg.Suppression,
		Guard:      guard.Store{Client: client, Table: cfg.Guard, Key: cfg.AddressKey},
		AddressKey: cfg.AddressKey, Links: link.NewSigner(cfg.LinkKeys), Now: now}, cfg, nil
}
