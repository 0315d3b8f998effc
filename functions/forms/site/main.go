// Command site serves the pages around the forms: the front page, the privacy policy with its versions (R1), and the
// health check.
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/policy/text"
	"madoguchi/shared/web"
)

func main() { lambdahost.Start(run) }

type settings struct{ Organization policy.Organization }

// run builds the handler from the environment. It fails with every missing setting named.
func run(_ context.Context, env config.Source) (http.Handler, error) {
	cfg, err := config.Load[settings](env)
	if err != nil {
		return nil, err
	}
	site := &web.Site{Organization: cfg.Organization, Now: time.Now}
	return newHandler(site, text.Published, policy.Version, policy.Services()), nil
}
