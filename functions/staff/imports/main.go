// Command imports is where staff bring lists along that they kept before: subscribers with the evidence of their consent, old opt-outs
// and bounces (contract: "Staff"). It takes the file, shows the dry run and takes the decision; the work is functions/upkeep/importer's.
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
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/roster"
	"madoguchi/shared/staff"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Imports   string `env:"IMPORTS_TABLE"`
	Files     string `env:"IMPORT_FILES_BUCKET"`
	Campaigns string `env:"CAMPAIGNS_TABLE"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	client, err := record.NewClient(ctx)
	files, filesErr := objects.NewClient(ctx)
	if err := errors.Join(err, filesErr); err != nil {
		return nil, err
	}
	d, err := open(env, client, files, time.Now)
	if err != nil {
		return nil, err
	}
	return d.handler(), nil
}

func open(env config.Source, client *dynamodb.Client, files *objects.Client, now func() time.Time) (*desk, error) {
	office, err := staff.With(env, client, now)
	cfg, ownErr := config.Load[settings](env)
	if err := errors.Join(err, ownErr); err != nil {
		return nil, err
	}
	return &desk{staff: office, store: &roster.Store{Client: client, Table: cfg.Imports, Now: now}, files: files.Bucket(cfg.Files),
		mailings: roster.Mailings{Campaigns: &campaign.Store{Client: client, Table: cfg.Campaigns, Now: now}}, now: now, wait: patience}, nil
}

// base is where all of it lives.
const base = "/staff/subscribers/imports"

// roleOf is the role of a list.
var roleOf = map[policy.Code]string{policy.Newsletter: policy.RoleEditor, policy.Press: policy.RolePress}

// handler returns the routes.
func (d *desk) handler() http.Handler {
	mux, roles := d.staff.NewMux(), []string{policy.RoleEditor, policy.RolePress}
	mux.Handle("GET "+base, roles, d.list)
	mux.Handle("POST "+base, roles, d.create)
	mux.Handle("GET "+base+"/{id}", roles, d.with(d.show))
	mux.Handle("GET "+base+"/{id}/progress", roles, d.with(d.progress))
	mux.Handle("POST "+base+"/{id}/columns", roles, d.with(d.match))
	mux.Handle("POST "+base+"/{id}/apply", roles, d.with(d.apply))
	mux.Handle("POST "+base+"/{id}/undo", roles, d.with(d.undo))
	mux.Handle("GET "+base+"/{id}/report.csv", roles, d.with(d.report))
	describeRoutes(mux)
	return mux
}
