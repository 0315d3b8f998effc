// Package staff decides inside each staff function who is signed in and what they may do (contract, "Staff"). People come with the
// session cookie that functions/staff/signin gave them, scripts with a bearer token of the same identity provider. What is done
// or refused goes into the ledger (R47).
package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/ledger"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/web"
)

// Person is who calls: a person of staff, or a script with credentials of its own. The name and the address are for pages and
// mail, never for a log, a key or the ledger.
type Person struct {
	ID      string   // the provider's subject, opaque; of a script its client id
	Name    string   // of people signed in by a browser; empty with a bearer token
	Email   string   // likewise; Desk.Self finds it for a bearer token
	Roles   []string // policy.RoleEditor …
	Machine bool     // a script by itself (client credentials): it is no second person
}

// May reports whether the person holds one of the roles. The administrator's implies no other: no role sees what it does not
// need (R45).
func (p Person) May(roles ...string) bool {
	return slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(p.Roles, role) })
}

// Of returns who calls, inside a handler of Mux.Handle. Elsewhere it returns nobody: no id, no role.
func Of(ctx context.Context) Person { return visitOf(ctx).person }

// visit is what is known of one call.
type visit struct {
	person  Person
	session *session // nil with a bearer token
	token   string   // the bearer token, to ask the provider for the name that it does not hold
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{}
}

// settings are those of every staff function; its own are read beside them.
type settings struct {
	Organization policy.Organization
	Staff        string        `env:"STAFF_TABLE"`
	Ledger       string        `env:"LEDGER_TABLE"`
	Issuer       string        `env:"STAFF_ISSUER"`
	Client       string        `env:"STAFF_CLIENT"`
	Scripts      []string      `env:"STAFF_SCRIPT_CLIENTS,optional"`
	Session      time.Duration `env:"STAFF_SESSION_HOURS" min:"1" max:"24"`
	Idle         time.Duration `env:"STAFF_IDLE_MINUTES" min:"5" max:"480"`
}

// Desk is where staff work: what every staff function needs.
type Desk struct {
	Site   *web.Site
	Client *dynamodb.Client
	Ledger *ledger.Store
	Issuer *Issuer
	Now    func() time.Time

	table   string // sessions and accounts
	client  string // of the pages at the provider
	scripts []string
	session time.Duration
	idle    time.Duration
}

// Open builds the desk from the environment. The error names every setting that is missing or wrong. Nothing is called at
// start: the provider is asked when the first token comes.
func Open(ctx context.Context, env config.Source, now func() time.Time) (*Desk, error) {
	client, clientErr := record.NewClient(ctx)
	d, err := With(env, client, now)
	if err = errors.Join(err, clientErr); err != nil {
		return nil, err
	}
	return d, nil
}

// With is Open over a client of the caller's: for tests and for loading content.
func With(env config.Source, client *dynamodb.Client, now func() time.Time) (*Desk, error) {
	cfg, err := config.Load[settings](env)
	if err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	return &Desk{
		Site: &web.Site{Organization: cfg.Organization, Now: now}, Client: client, Now: now,
		Ledger: &ledger.Store{Client: client, Table: cfg.Ledger, Now: now},
		Issuer: NewIssuer(cfg.Issuer, now),
		table:  cfg.Staff, client: cfg.Client, scripts: cfg.Scripts, session: cfg.Session, idle: cfg.Idle,
	}, nil
}
