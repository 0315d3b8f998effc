// Command inquiry is the inquiry form: a message to the office, an acknowledgement to whoever sent it, a notice to staff
// (policy 3(6), R37, R40, R41). Mails to the office come in by functions/mailing/inbound.
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
)

func main() { lambdahost.Start(run) }

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	d, cfg, err := desk.Open[settings](ctx, env, policy.Get(policy.Inquiry), time.Now)
	if err != nil {
		return nil, err
	}
	return newHandler(d, cfg)
}

// settings are the function's own, beside those of every form.
type settings struct {
	Inquiries inquiries.Settings
	LinkKeys  config.Keys `env:"LINK_KEYS"`
}
