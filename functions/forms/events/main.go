// Command events is the public's side of events: the list, each event's page with its registration form, and what a registrant
// does with the link in the mail (policy 3(4), R24-R33).
package main

import (
	"context"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/registration"
)

func main() { lambdahost.Start(run) }

type settings struct {
	Events        string `env:"EVENTS_TABLE"`
	Registrations string `env:"REGISTRATIONS_TABLE"`
	Sender        string `env:"SENDER_ADDRESS"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	d, cfg, err := desk.Open[settings](ctx, env, policy.Get(policy.Events), time.Now)
	if err != nil {
		return nil, err
	}
	return newHandler(d, cfg), nil
}

// newHandler returns the routes over a desk.
func newHandler(d *desk.Desk, cfg settings) http.Handler {
	book := &registration.Book{Client: d.Client, Table: cfg.Registrations, Outbox: d.Outbox, Periods: d.Periods, Guard: d.Guard, Links: d.Links,
		Now: d.Now, Events: &event.Store{Client: d.Client, Table: cfg.Events, Now: d.Now}}
	h := &handler{book: book, site: d.Site, sender: cfg.Sender}
	mux := d.Site.NewMux()
	mux.Handle("GET /events", h.list)
	d.Engine.RegisterEach(mux, "/events/{event}", h.form)
	mux.Handle("GET /events/{event}/registration", h.linked(h.show))
	mux.Handle("POST /events/{event}/registration", h.linked(h.act))
	mux.Handle("GET /events/{event}/calendar.ics", h.linked(h.calendar))
	return mux
}
