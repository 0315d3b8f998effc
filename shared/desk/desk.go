// Package desk is what every function behind a form needs: its settings, its clients, and the site and the form engine
// that are made of them. The functions of the lists (shared/subscription) and of the other forms are built on it.
package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/form"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// settings are the settings of every form's function; its tables and its periods are read beside them.
type settings struct {
	Organization policy.Organization
	Outbox       string        `env:"OUTBOX_TABLE"`
	Guard        string        `env:"GUARD_TABLE"`
	AddressKey   config.Key    `env:"ADDRESS_KEY"`
	FormKeys     config.Keys   `env:"FORM_KEYS"`
	LinkKeys     config.Keys   `env:"LINK_KEYS"`
	Origins      []string      `env:"ALLOWED_ORIGINS,optional"`
	Minimum      time.Duration `env:"FORM_MINIMUM_SECONDS" min:"0" max:"60"`
	PerHour      int           `env:"RATE_LIMIT_PER_HOUR" min:"0"`
}

// Desk is the counter at which one service receives the public.
type Desk struct {
	Service    *policy.Service
	Periods    policy.Periods
	Client     *dynamodb.Client
	Outbox     string // name of the outbox table
	Guard      guard.Store
	AddressKey config.Key
	Links      link.Signer
	Now        func() time.Time
	Site       *web.Site
	Engine     *form.Engine
}

// Open builds the desk of a service from the environment, and the function's own settings T beside it (config.Load: its
// tables above all). The error names every setting that is missing or wrong.
func Open[T any](ctx context.Context, env config.Source, service *policy.Service, now func() time.Time) (*Desk, T, error) {
	client, err := record.NewClient(ctx)
	if err != nil {
		var none T
		return nil, none, err
	}
	return With[T](env, service, client, now)
}

// With is Open over a client of the caller's: for tests and for loading content.
func With[T any](env config.Source, service *policy.Service, client *dynamodb.Client, now func() time.Time) (*Desk, T, error) {
	cfg, err := config.Load[settings](env)
	own, ownErr := config.Load[T](env)
	periods, periodsErr := policy.LoadPeriods(service, env)
	if err = errors.Join(err, ownErr, periodsErr); err != nil {
		return nil, own, fmt.Errorf("%s: %w", service.Code, err)
	}
	site := &web.Site{Organization: cfg.Organization, Origins: cfg.Origins, Now: now}
	guard := guard.Store{Client: client, Table: cfg.Guard, Key: cfg.AddressKey}
	return &Desk{
		Service: service, Periods: periods, Client: client, Outbox: cfg.Outbox, Guard: guard, AddressKey: cfg.AddressKey,
		Links: link.NewSigner(cfg.LinkKeys), Now: now, Site: site,
		Engine: &form.Engine{Site: site, Guard: guard, Keys: cfg.FormKeys, Now: now, Minimum: cfg.Minimum, PerHour: cfg.PerHour},
	}, own, nil
}

// Enqueue promises a mail to one person, in the transaction.
func (d *Desk) Enqueue(tx *record.Transaction, kind policy.MailKind, l policy.Language, to address.Address, data map[string]string) {
	mail.Enqueue(tx, d.Outbox, mail.Mail{Service: d.Service.Code, Kind: kind, Language: l, To: to.ASCII(),
		Person: to.Key(d.AddressKey), Data: data}, d.Now())
}
