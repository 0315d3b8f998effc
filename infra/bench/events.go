package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
	"madoguchi/infra/local/trigger"
)

// mostWithEvents is up to which size a campaign is sent once more with SES's events: each is an invocation.
const mostWithEvents = 10_000

// eventWrites is how many write units the feedback function may take for an event: one write of up to 1 kB.
const eventWrites = 1.0

// bus carries SES's events to the feedback function, as EventBridge does by the template's rule.
type bus struct {
	triggers         *trigger.Triggers
	published        []string // of the list's configuration set
	emitted, handled atomic.Int64
	failed           atomic.Int64
}

func (b *bus) publish(detailType string, detail json.RawMessage) {
	var event struct {
		EventType string `json:"eventType"`
	}
	if json.Unmarshal(detail, &event) != nil || !slices.ContainsFunc(b.published, func(p string) bool {
		return strings.EqualFold(strings.ReplaceAll(p, "_", ""), strings.ReplaceAll(event.EventType, " ", ""))
	}) {
		return
	}
	b.emitted.Add(1)
	_ = b.triggers.Emit("aws.ses", detailType, nil, detail)
}

// drained waits until every event was handled.
func (b *bus) drained(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for b.handled.Load() < b.emitted.Load() {
		if b.failed.Load() > 0 {
			return fmt.Errorf("%d events failed", b.failed.Load())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// campaignEvents sends to everybody of a list once more, with the feedback function beside the sender, and asks the engine what both
// cost.
func (b *bench) campaignEvents(ctx context.Context, book *addressBook) ([]Row, error) {
	carrier := &bus{}
	office, err := b.openOffice(unbound, answersIn, carrier.publish)
	if err != nil {
		return nil, err
	}
	defer func() { _ = office.Close() }()
	s, err := b.sender(ctx, "Sender", book, office)
	if err != nil {
		return nil, err
	}
	f, err := b.functionAt(feedbackFolder)
	if err != nil {
		return nil, err
	}
	binary, err := b.host(ctx, feedbackFolder)
	if err != nil {
		return nil, err
	}
	settings := maps.Clone(book.settings)
	settings["AWS_ENDPOINT_URL_SESV2"] = office.endpoint
	feedback := runnable(f, f.Name, binary, settings)
	if s.runtime, err = b.runWith(ctx, []runtime.Function{s.function, feedback}, clients); err != nil {
		return nil, err
	}
	defer s.runtime.Close()
	carrier.published = b.template.ConfigurationSets[s.function.Environment["LIST_CONFIGURATION_SET"]].Published
	ruled := template.Function{Name: f.Name, Rules: f.Rules}
	carrier.triggers, err = trigger.Start(trigger.Options{Functions: []template.Function{ruled}, Invoker: s.runtime, OnInvoke: func(i trigger.Invocation) {
		if i.Err != nil {
			carrier.failed.Add(1)
			return
		}
		carrier.handled.Add(1)
	}})
	if err != nil {
		return nil, err
	}
	defer carrier.triggers.Stop()
	b.say("sending to %d recipients with events", book.loaded)
	b.database.meter.begin()
	one, err := s.send(ctx)
	if err == nil {
		err = office.WaitEvents(ctx)
	}
	if err == nil {
		err = carrier.drained(ctx)
	}
	used := b.database.meter.end()
	if err != nil {
		return nil, err
	}
	return b.eventRows(s, f.Name, one, used, int(carrier.handled.Load())), nil
}

// eventRows are what a campaign with events used, and what it would cost for a million mails.
func (b *bench) eventRows(s *sender, feedback string, one sending, used map[metered]capacity, events int) []Row {
	of := map[string]string{} // access key -> function
	for _, p := range s.runtime.Processes() {
		of[p.AccessKey] = p.Function
	}
	sum := map[string]capacity{}
	shares := map[string]float64{}
	for key, c := range used {
		sum[of[key.signer]] = sum[of[key.signer]].plus(c)
		if of[key.signer] == s.name {
			shares[key.operation] += (c.write + c.read) / float64(one.recipients)
		}
	}
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(shares)) {
		parts = append(parts, fmt.Sprintf("%s %.3f", op, shares[op]))
	}
	n, e := float64(one.recipients), float64(events)
	cost := mailPrice{recipients: n, sender: sum[s.name], feedback: sum[feedback], events: e, cpu: one.cpu.Seconds()}
	rows := []Row{
		{Figure: "write units a recipient", Value: sum[s.name].write / n, Note: "of the sender, as Dynoxide says; units by operation: " + strings.Join(parts, ", ")},
		{Figure: "read units a recipient", Value: sum[s.name].read / n},
		{Figure: "calls of DynamoDB an event", Value: float64(sum[feedback].calls) / e, Budget: atMost(1, "value"),
			Note: fmt.Sprintf("%d events, each an invocation of the feedback function", events)},
		{Figure: "write units an event", Value: sum[feedback].write / e, Budget: atMost(eventWrites, "value")},
		{Figure: "a million mails", Value: cost.million(), Unit: "USD", Note: cost.formula()},
	}
	for i := range rows {
		rows[i].Part, rows[i].Subject = "campaign", subjectOf(one.recipients)+", with events"
		rows[i] = rows[i].judged()
	}
	return rows
}
