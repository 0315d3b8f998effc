// Command signin signs staff in and out (OpenID Connect) and serves the front page of the staff pages. What somebody may do on the
// other pages is decided there, by shared/staff.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/staff"
)

func main() { lambdahost.Start(run) }

// settings are those of sign-in beside what every staff function needs.
type settings struct {
	Client string `env:"STAFF_CLIENT"`              // of the pages at the provider
	Secret string `env:"STAFF_CLIENT_SECRET"`       //
	Logout string `env:"STAFF_LOGOUT_URL,optional"` // ends the session at the provider; without it only ours is ended
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	return build(ctx, env, time.Now)
}

func build(ctx context.Context, env config.Source, now func() time.Time) (http.Handler, error) {
	cfg, err := config.Load[settings](env)
	desk, deskErr := staff.Open(ctx, env, now)
	if err = errors.Join(err, deskErr); err != nil {
		return nil, err
	}
	return (&door{Desk: desk, settings: cfg}).handler(), nil
}

// door is where staff come in.
type door struct {
	*staff.Desk
	settings
}

func (d *door) handler() *staff.Mux {
	mux := d.NewMux()
	mux.Handle("GET /staff/openapi.json", nil, d.openAPI)
	mux.HandleOpen("GET /staff", d.toFront)
	mux.Handle("GET /staff/{$}", nil, d.front)
	mux.HandleOpen("GET /staff/signin", d.begin)
	mux.HandleOpen("GET /staff/callback", d.complete)
	mux.HandleOpen("POST /staff/signout", d.signOut)
	mux.HandleOpen("GET /staff/signedout", d.signedOut)
	mux.Describe("GET /staff/{$}", staff.Operation{Summary: "Who you are, and what you may do", Answer: self{}})
	mux.Describe("GET /staff/openapi.json", staff.Operation{Summary: "This document", Media: "application/json"})
	return mux
}

func (d *door) toFront(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, frontPath, http.StatusSeeOther)
	return nil
}
