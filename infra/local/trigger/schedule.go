package trigger

import (
	"encoding/json"
	"strings"
	"sync"
	"time"

	"madoguchi/infra/local/template"
)

// Ran is the outcome of one schedule in a tick.
type Ran struct {
	Function   string `json:"function"`
	Event      string `json:"event"`
	Attempts   int    `json:"attempts"`
	DurationMS int64  `json:"duration_ms"`
	Error      string `json:"error,omitempty"`
}

// Tick runs every schedule once, now, all at once, disabled ones too, and returns when the last has finished, its retries included.
func (t *Triggers) Tick() []Ran {
	ran := make([]Ran, len(t.schedules))
	var all sync.WaitGroup
	for i, s := range t.schedules {
		all.Go(func() {
			began := time.Now()
			attempts, err := t.async(s.Function, s.Event, s.payload(began), s.retries)
			ran[i] = Ran{Function: s.Function, Event: s.Event, Attempts: attempts, DurationMS: time.Since(began).Milliseconds()}
			if err != nil {
				ran[i].Error = err.Error()
			}
		})
	}
	all.Wait()
	return ran
}

// follow invokes the function of a schedule at its times. One that takes longer than its interval runs beside the next, as in AWS.
func (t *Triggers) follow(s schedule) {
	at := time.Now()
	for {
		next, ok := s.next(at)
		if !ok {
			return // at(...) in the past
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-t.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		t.begin(func() { _, _ = t.async(s.Function, s.Event, s.payload(next), s.retries) })
		at = next
		if now := time.Now(); now.Sub(at) > time.Minute {
			at = now // the machine slept: what was missed is not made up for
		}
	}
}

// payload is what the function is invoked with. A rule's schedule sends the "Scheduled Event" of aws.events with an empty detail.
// EventBridge Scheduler without an Input sends nearly the same from aws.scheduler, but its detail is the text "{}", not an object
// (so a program must not decode it into a struct); with one it sends the Input, after replacing its context attributes.
func (s schedule) payload(at time.Time) []byte {
	arn := "arn:aws:events:" + template.Region + ":" + template.Account + ":rule/" + s.Function + s.Event
	source, detail := "aws.events", json.RawMessage(`{}`)
	if s.Scheduler {
		arn = "arn:aws:scheduler:" + template.Region + ":" + template.Account + ":schedule/default/" + s.Function + s.Event
		source, detail = "aws.scheduler", json.RawMessage(`"{}"`)
	}
	e := envelope(source, "Scheduled Event", []string{arn}, detail, at)
	if s.Input != "" {
		input := s.Input
		if s.Scheduler {
			input = strings.NewReplacer(
				"<aws.scheduler.schedule-arn>", arn, "<aws.scheduler.scheduled-time>", e.Time,
				"<aws.scheduler.execution-id>", e.ID, "<aws.scheduler.attempt-number>", "1",
			).Replace(input)
		}
		return []byte(input)
	}
	out, _ := json.Marshal(e) // a struct of texts
	return out
}
