// Command questionnaires takes what people answer after an event, from the link that they were mailed (policy 3(4), R29).
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/web"
)

func main() { lambdahost.Start(run) }

// settings are the function's own tables.
type settings struct {
	Answers     string `env:"ANSWERS_TABLE"`
	Invitations string `env:"INVITATIONS_TABLE"`
	Events      string `env:"EVENTS_TABLE"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (http.Handler, error) {
	d, own, err := desk.Open[settings](ctx, env, policy.Get(policy.Questionnaire), time.Now)
	if err != nil {
		return nil, err
	}
	return newHandler(d, own).mux(), nil
}

// newHandler looks questionnaires up among the events.
func newHandler(d *desk.Desk, own settings) *handler {
	events := &event.Store{Client: d.Client, Table: own.Events, Now: d.Now}
	return &handler{Desk: d, store: questionnaire.Store{Client: d.Client, Answers: own.Answers, Invitations: own.Invitations, Key: d.AddressKey, Links: d.Links},
		find: func(ctx context.Context, id string) (questionnaire.Questionnaire, error) {
			e, err := events.Get(ctx, id)
			if errors.Is(err, event.ErrNotFound) {
				return questionnaire.Questionnaire{}, web.ErrNotFound
			}
			if err != nil {
				return questionnaire.Questionnaire{}, err
			}
			q, asks := questionnaire.Of(e, d.Periods)
			if !asks {
				return q, web.ErrNotFound
			}
			return q, nil
		}}
}
