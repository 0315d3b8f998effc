// Command publications is the request for materials and publications: catalogue, request, address from a postal code (policy 3(7),
// R42-R44).
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
)

func main() { lambdahost.Start(run) }

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	d, tables, err := desk.Open[publications.Tables](ctx, env, policy.Get(policy.Publications), time.Now)
	if err != nil {
		return nil, err
	}
	return newCounter(d, publications.Open(d, tables)), nil
}
