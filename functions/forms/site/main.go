// Command site serves the pages around the forms: the front page, the privacy policy with its versions (R1), and the
// health check.
package main

import (
	"context"
	"errors"
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

// run builds the handler from the environment. It fails with every missing setting named, or with the place where a
// policy text is wrong.
func run(_ context.Context, env config.Source) (http.Handler, error) {
	cfg, settingsErr := config.Load[settings](env)
	versions, textErr := text.Published()
	if err := errors.Join(settingsErr, textErr); err != nil {
		return nil, err
	}
	site := &web.Site{Organization: cfg.Organization, Now: time.Now}
	return newHandler(site, versions, policy.Version, policy.Services())
}
