// Command press is the list of press releases and media invitations: sign-up with confirmation, approval of the medium where
// the office wishes, preferences, change of address, unsubscription (policy 3(3), R20-R23).
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
	names := reception.Names{Table: "PRESS_TABLE", Approval: "PRESS_APPROVAL", Issues: policy.PressRelease}
	return reception.New(ctx, env, policy.Get(policy.Press), names, time.Now)
}
