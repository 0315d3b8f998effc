// Command reminders does by the clock what registrations of events need: reminders on the day before, offers that lapse and
// seats that go on, and the mail to everybody when an event was moved or cancelled (policy 3(4), R28).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"madoguchi/shared/config"
	"madoguchi/shared/event"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/registration"
)

func main() { lambdahost.StartEvents(run) }

type settings struct {
	Events        string      `env:"EVENTS_TABLE"`
	Registrations string      `env:"REGISTRATIONS_TABLE"`
	Outbox        string      `env:"OUTBOX_TABLE"`
	LinkKeys      config.Keys `env:"LINK_KEYS"`
}

// run builds the handler from the environment. It fails with every missing or wrong setting named.
func run(ctx context.Context, env config.Source) (lambdahost.EventHandler, error) {
	cfg, err := config.Load[settings](env)
	periods, periodsErr := policy.LoadPeriods(policy.Get(policy.Events), env)
	client, clientErr := record.NewClient(ctx)
	if err := errors.Join(err, periodsErr, clientErr); err != nil {
		return nil, err
	}
	book := &registration.Book{Client: client, Table: cfg.Registrations, Outbox: cfg.Outbox, Periods: periods, Links: link.NewSigner(cfg.LinkKeys),
		Now: time.Now, Events: &event.Store{Client: client, Table: cfg.Events, Now: time.Now}}
	return func(ctx context.Context, _ json.RawMessage) (any, error) { return nil, tend(ctx, book) }, nil
}

const (
	// reserve is kept at the end of an invocation, so that it ends by itself and the next goes on.
	reserve = 3 * time.Second
	perPage = 50
)

// tend looks after changes of events first, then after every event to come. One event's failure never fails another's.
func tend(ctx context.Context, book *registration.Book) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-reserve))
		defer cancel()
	}
	tasks, err := book.Events.Tasks(ctx)
	failed := note(ctx, "", "read tasks", err)
	for _, task := range tasks {
		failed = note(ctx, task.Event, "follow a change", book.Follow(ctx, task)) || failed
	}
	for cursor := record.Item(nil); ctx.Err() == nil; {
		page, err := book.Events.Coming(ctx, book.Now(), perPage, cursor)
		if note(ctx, "", "read events", err) {
			return errFailed
		}
		for _, e := range page.Events {
			failed = note(ctx, e.ID, "offers", book.LapseOffers(ctx, e)) || failed
			failed = note(ctx, e.ID, "waiting list", book.Promote(ctx, e)) || failed
			failed = note(ctx, e.ID, "reminders", book.Remind(ctx, e)) || failed
		}
		if cursor = page.Next; cursor == nil {
			break
		}
	}
	if failed {
		return errFailed
	}
	return nil
}

var errFailed = errors.New("left to the next run")

// note logs what failed and tells whether something did. Time that is over is no failure: the next run goes on.
func note(ctx context.Context, event, what string, err error) bool {
	if err == nil || ctx.Err() != nil {
		return false
	}
	slog.WarnContext(ctx, "left to the next run", "event", event, "step", what, "error", err)
	return true
}
