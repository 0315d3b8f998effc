// Command newsletter is the e-mail newsletter list: sign-up with confirmation, preferences, change of address,
// unsubscription (policy 3(2), R15-R19).
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription/reception"
)

func main() { lambdahost.Start(run) }

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	return reception.New(ctx, env, policy.Get(policy.Newsletter), reception.Names{Table: "NEWSLETTER_TABLE", Issues: policy.NewsletterIssue}, time.Now)
}
