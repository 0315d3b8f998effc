package trigger

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
)

// recorder notes who was invoked, and fails the first invocations.
type recorder struct {
	mu      sync.Mutex
	calls   []string
	payload map[string][]byte
	fail    int
	done    chan struct{}
}

func (r *recorder) Invoke(_ context.Context, function string, event []byte) (runtime.Result, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, function)
	if r.payload == nil {
		r.payload = map[string][]byte{}
	}
	r.payload[function] = event
	if r.done != nil {
		r.done <- struct{}{}
	}
	if r.fail > 0 {
		r.fail--
		return runtime.Result{}, errors.New("asked to fail")
	}
	return runtime.Result{}, nil
}

func startWith(t *testing.T, r *recorder, functions ...template.Function) *Triggers {
	t.Helper()
	triggers, err := Start(Options{Functions: functions, Invoker: r, AsyncRetry: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(triggers.Stop)
	return triggers
}

func TestEmit(t *testing.T) {
	rule := func(name, pattern string) template.Function {
		return template.Function{Name: name, Rules: []template.Rule{{Function: name, Event: "E", Pattern: pattern}}}
	}
	r := &recorder{done: make(chan struct{}, 10)}
	triggers := startWith(t, r,
		rule("Sent", `{"source":["aws.ses"],"detail-type":["Email Sent"]}`), rule("Bounced", `{"detail-type":["Email Bounced"]}`),
		rule("Tagged", `{"detail":{"mail":{"tags":{"kind":["welcome"]}}}}`))
	if err := triggers.Emit("aws.ses", "Email Sent", []string{"arn:set"}, json.RawMessage(`{"mail":{"tags":{"kind":["confirm"]}}}`)); err != nil {
		t.Fatal(err)
	}
	<-r.done
	triggers.Stop()
	if diff := cmp.Diff([]string{"Sent"}, r.calls); diff != "" {
		t.Errorf("invoked: %s", diff)
	}
	var got eventBridgeEvent
	if err := json.Unmarshal(r.payload["Sent"], &got); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.RFC3339, got.Time); err != nil || len(got.ID) != 36 {
		t.Errorf("id %q, time %q", got.ID, got.Time)
	}
	got.Time, got.ID = "", ""
	if diff := cmp.Diff(eventBridgeEvent{
		Version: "0", Source: "aws.ses", DetailType: "Email Sent", Account: "123456789012", Region: "ap-northeast-1",
		Resources: []string{"arn:set"}, Detail: json.RawMessage(`{"mail":{"tags":{"kind":["confirm"]}}}`),
	}, got); diff != "" {
		t.Error(diff)
	}
	if err := triggers.Emit("aws.ses", "Email Sent", nil, json.RawMessage(`{}`)); err != nil || len(r.calls) != 1 {
		t.Errorf("after Stop: %v, calls %v; want nothing invoked", err, r.calls)
	}
}

func TestTick(t *testing.T) {
	schedule := func(name string, retries int, disabled bool) template.Function {
		return template.Function{Name: name, AsyncRetries: retries, Schedules: []template.Schedule{
			{Function: name, Event: "E", Expression: "rate(1 day)", Disabled: disabled},
		}}
	}
	for _, c := range []struct {
		name     string
		fail     int
		retries  int
		attempts int
		problem  string
	}{
		{"at once", 0, 2, 1, ""},
		{"second retry", 2, 2, 3, ""},
		{"given up", 9, 2, 3, "asked to fail"},
		{"no retry wanted", 9, 0, 1, "asked to fail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &recorder{fail: c.fail}
			ran := startWith(t, r, schedule("F", c.retries, false)).Tick()
			if len(ran) != 1 || ran[0].Function != "F" || ran[0].Attempts != c.attempts || ran[0].Error != c.problem || len(r.calls) != c.attempts {
				t.Errorf("%+v, calls %v", ran, r.calls)
			}
		})
	}
	t.Run("every schedule, disabled ones too", func(t *testing.T) {
		r := &recorder{}
		if ran := startWith(t, r, schedule("A", 0, false), schedule("B", 0, true)).Tick(); len(ran) != 2 || len(r.calls) != 2 {
			t.Errorf("%+v, calls %v", ran, r.calls)
		}
	})
}

func TestStartRefusesWhatItCannotFollow(t *testing.T) {
	for name, f := range map[string]template.Function{
		"expression": {Schedules: []template.Schedule{{Expression: "rate(often)"}}},
		"pattern":    {Rules: []template.Rule{{Pattern: `{"a":[{"wildcard":"*"}]}`}}},
		"filter":     {Streams: []template.Stream{{Filters: []string{`{"a":1}`}}}},
	} {
		if _, err := Start(Options{Functions: []template.Function{f}}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
