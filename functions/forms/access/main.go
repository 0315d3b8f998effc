// Command access counts page views and shows what is counted: the beacon and the picture that pages send (policy 3(1),
// R11-R14), the page about cookies with its switch (R98-R103), and the released statistics (R62-R64). It is the only
// function of the public side that sets a cookie.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Organization policy.Organization
	Access       string   `env:"ACCESS_TABLE"`
	Counters     string   `env:"COUNTERS_TABLE"`
	Releases     string   `env:"RELEASES_TABLE"`
	Guard        string   `env:"GUARD_TABLE"`
	Origins      []string `env:"ALLOWED_ORIGINS,optional"`
	OwnNetworks  []string `env:"OWN_NETWORKS,optional"`
	PerHour      int      `env:"VIEWS_PER_HOUR" min:"0"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Access), env)
	own, ownErr := parseNetworks(cfg.OwnNetworks)
	if err = errors.Join(err, periodsErr, ownErr); err != nil {
		return nil, err
	}
	client, err := record.NewClient(ctx)
	if err != nil {
		return nil, err
	}
	site := &web.Site{Organization: cfg.Organization, Origins: cfg.Origins, Now: time.Now}
	return newHandler(&access{
		site: site, client: client, table: cfg.Access, periods: periods, own: own, limit: limit{perHour: cfg.PerHour}, random: rand.Text, now: time.Now,
		counters: statistics.Counters{Client: client, Table: cfg.Counters}, releases: statistics.Releases{Client: client, Table: cfg.Releases},
		visitors: visitors{client: client, table: cfg.Guard, random: rand.Text},
	}), nil
}
