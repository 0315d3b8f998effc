package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"madoguchi/infra/local/runtime"
	"madoguchi/shared/event"
)

// crowdBudget: registrations for one event run at 0.7 times the rate of the same registrations for 32 events at least, so that one
// takes 1/0.7 of the time at most (design, "Budgets").
const crowdBudget = 1.43

const (
	inFlight   = 32  // registrations at the same time
	seats      = 500 // of each event
	crowd      = 100 // registrations of a batch
	pairsOfSet = 4   // batches until new events are made: the one event is then four fifths full
)

// registrations measures a crowd at the opening of one event against the same crowd at 32 events: what they hold together - seats,
// the event's own item - must not queue them up. Batches of both take turns over the same function, gateway, engine and tables.
func registrations(ctx context.Context, b *bench) ([]Row, error) {
	rows, err := b.crowds(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return []Row{notMeasured("seats", "events", "registrations", err)}, nil
	}
	return rows, nil
}

func (b *bench) crowds(ctx context.Context) ([]Row, error) {
	f, err := functionOf(b.template, "/events")
	if err != nil {
		return nil, err
	}
	binary, err := b.host(ctx, f.CodeURI)
	if err != nil {
		return nil, err
	}
	r, err := b.runWith(ctx, []runtime.Function{runnable(f, ours, binary, nil)}, inFlight)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	v, err := b.visit(r, sample{}, f, nil, map[string]string{"/events/{proxy+}": ours})
	if err != nil {
		return nil, err
	}
	v.client.Transport = &http.Transport{MaxIdleConnsPerHost: inFlight}
	b.say("registering for events")
	store := &event.Store{Client: b.database.client, Table: f.Environment["EVENTS_TABLE"], Now: time.Now}
	took := map[bool][]float64{} // milliseconds of a registration, by whether all were for one event
	for i := range max(2, b.effort.postPairs/3) {
		set := i / pairsOfSet
		if i%pairsOfSet == 0 {
			for n := range inFlight + 1 {
				if err := saveEvent(ctx, store, fmt.Sprintf("bench-%d-%d", set, n), 30, seats, "null"); err != nil {
					return nil, err
				}
			}
		}
		turns := []bool{true, false}
		if i%2 == 1 {
			slices.Reverse(turns)
		}
		for _, one := range turns {
			result, err := v.crowd(ctx, set, one)
			if err != nil {
				return nil, err
			}
			if i > 0 { // the first pair starts the processes
				took[one] = append(took[one], result)
			}
		}
	}
	return []Row{Row{Part: "seats", Subject: "events", Figure: "a registration for one event", Value: median(took[true]), Unit: "ms",
		Against: fmt.Sprintf("ms, spread over %d events", inFlight), Base: median(took[false]), Budget: atMost(crowdBudget, "ratio"),
		Note: fmt.Sprintf("%d in flight, events of %d seats; median of %d batches of %d", inFlight, seats, len(took[true]), crowd)}.judged()}, nil
}

// crowd registers a crowd, for one event or for all of a set, and returns the milliseconds that a registration took of the whole.
func (v *visitor) crowd(ctx context.Context, set int, one bool) (float64, error) {
	errands := make([]errand, crowd)
	for i := range errands {
		n := 0
		if !one {
			n = 1 + i%inFlight
		}
		var err error
		if errands[i], err = v.fill(ctx, fmt.Sprintf("/events/bench-%d-%d", set, n), "submit", registrant(v.unique())); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	err := each(crowd, inFlight, func(i int) error { return v.post(ctx, errands[i], http.StatusSeeOther) })
	return float64(time.Since(began).Microseconds()) / 1000 / crowd, err
}
