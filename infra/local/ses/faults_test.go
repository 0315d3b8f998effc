package ses

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
)

func TestFailingCalls(t *testing.T) {
	for _, c := range []struct {
		name, faults string
		kinds        []string // of three calls
		mails        int
		rejected     int
	}{
		{"none", `{}`, []string{"", "", ""}, 3, 0},
		{"throttled twice", `{"fail":{"throttle":2}}`, []string{"TooManyRequests", "TooManyRequests", ""}, 1, 0},
		{"server error once", `{"fail":{"server_error":1}}`, []string{"InternalServiceError", "", ""}, 2, 0},
		{"rejected after the answer", `{"fail":{"reject":2}}`, []string{"", "", ""}, 1, 2},
		{"one after the other", `{"fail":{"throttle":1,"server_error":1}}`, []string{"TooManyRequests", "InternalServiceError", ""}, 1, 0},
		{"entries are of bulk calls only", `{"fail":{"entries":2}}`, []string{"", "", ""}, 3, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.fault(c.faults)
			got := []string{}
			for range 3 {
				_, err := w.send("taro@example.jp")
				got = append(got, kind(err))
			}
			if d := cmp.Diff(c.kinds, got); d != "" {
				t.Errorf("errors (-want +got):\n%s", d)
			}
			if n := len(w.mails()); n != c.mails {
				t.Errorf("%d mails, want %d", n, c.mails)
			}
			rejected := 0
			for _, e := range w.published() {
				if e.detailType == "Email Rejected" && e.detail.EventType == "Reject" && e.detail.Reject != nil {
					rejected++
				}
			}
			if rejected != c.rejected {
				t.Errorf("%d Reject events, want %d", rejected, c.rejected)
			}
			if n := w.server.Calls()["AKIDMAILER"]; n != 3 {
				t.Errorf("%d calls counted, want 3", n)
			}
		})
	}
}

// HTTP 200 can hold failed entries (requirements.md, facts; hard case 17).
func TestFailingEntries(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"fail":{"entries":2}}`)
	for _, want := range [][]types.BulkEmailStatus{{"FAILED", "FAILED", "SUCCESS"}, {"SUCCESS", "SUCCESS", "SUCCESS"}} {
		out, err := w.client.SendBulkEmail(t.Context(), bulk("a@example.jp", "b@example.jp", "c@example.jp"))
		if err != nil {
			t.Fatal(err)
		}
		got := []types.BulkEmailStatus{}
		for _, r := range out.BulkEmailEntryResults {
			got = append(got, r.Status)
			if (r.Status == "SUCCESS") != (r.MessageId != nil) {
				t.Errorf("%s with message id %v", r.Status, r.MessageId)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("status (-want +got):\n%s", d)
		}
	}
	if n := len(w.mails()); n != 4 {
		t.Errorf("%d mails, want 4", n)
	}
}

// A time-out hangs until the caller gives up; whether the mail has gone is what the caller cannot know.
func TestTimeouts(t *testing.T) {
	for _, c := range []struct {
		name, faults string
		mails        int
	}{
		{"before accepting", `{"fail":{"timeout_before_accepting":1}}`, 0},
		{"after accepting", `{"fail":{"timeout_after_accepting":1}}`, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.fault(c.faults)
			ctx, giveUp := context.WithCancel(t.Context())
			answered := make(chan error, 1)
			go func() {
				_, err := w.client.SendEmail(ctx, simple("taro@example.jp"))
				answered <- err
			}()
			if c.mails > 0 {
				for w.server.Count() == 0 { // accepted, and still no answer
					select {
					case err := <-answered:
						t.Fatalf("answered with %v before giving up", err)
					case <-time.After(time.Millisecond):
					}
				}
			} else {
				for w.server.Calls()["AKIDMAILER"] == 0 {
					time.Sleep(time.Millisecond)
				}
			}
			giveUp()
			if err := <-answered; kind(err) != "no answer" {
				t.Errorf("error %q (%v), want none of SES", kind(err), err)
			}
			if n := len(w.mails()); n != c.mails {
				t.Errorf("%d mails, want %d", n, c.mails)
			}
			w.mustSend("hanako@example.jp") // the next call is well
		})
	}
}

// Close ends calls that hang, so that the local runner stops at once.
func TestCloseEndsHangingCalls(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"fail":{"timeout_before_accepting":1}}`)
	answered := make(chan error, 1)
	go func() {
		_, err := w.client.SendEmail(context.WithoutCancel(t.Context()), simple("taro@example.jp"))
		answered <- err
	}()
	for w.server.Calls()["AKIDMAILER"] == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := w.server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-answered; kind(err) != "no answer" {
		t.Errorf("error %v, want a closed connection", err)
	}
}

func TestDown(t *testing.T) {
	w := newWorld(t, Options{})
	w.fault(`{"down":true}`)
	if _, err := w.send("taro@example.jp"); kind(err) != "no answer" {
		t.Errorf("error %q (%v), want no answer", kind(err), err)
	}
	if _, err := w.client.GetAccount(t.Context(), &sesv2.GetAccountInput{}); kind(err) != "no answer" {
		t.Errorf("error %q (%v), want no answer", kind(err), err)
	}
	w.fault(`{"down":false}`)
	w.mustSend("taro@example.jp")
	if n := w.server.Cut(); n != 1 {
		t.Errorf("%d calls cut, want that of the mail", n)
	}
}

// POST /_local/ses as contract.md has it; the states are cumulative.
func TestFaultsOverHTTP(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		name, method, body string
		status             int
		holds              map[string]any // members of the answer
	}{
		{"at the start", "GET", "", 200, map[string]any{"max_send_rate": 200.0, "daily_quota": 1e7, "latency_ms": 0.0, "down": false, "fail": map[string]any{}, "events": map[string]any{}}},
		{"settings", "POST", `{"max_send_rate":14,"daily_quota":50000,"latency_ms":1}`, 200, map[string]any{"max_send_rate": 14.0, "daily_quota": 50000.0, "latency_ms": 1.0}},
		{"counters leave settings", "POST", `{"fail":{"throttle":2,"entries":1}}`, 200, map[string]any{"max_send_rate": 14.0, "fail": map[string]any{"throttle": 2.0, "entries": 1.0}}},
		{"counters are replaced", "POST", `{"fail":{"reject":1}}`, 200, map[string]any{"fail": map[string]any{"reject": 1.0}}},
		{"events leave counters", "POST", `{"events":{"drop":3,"reorder":true}}`, 200, map[string]any{"fail": map[string]any{"reject": 1.0}, "events": map[string]any{"drop": 3.0, "reorder": true}}},
		{"not JSON", "POST", `{"fail":`, 400, nil},
		{"two values", "POST", `{} {}`, 400, nil},
		{"unknown member", "POST", `{"fial":{}}`, 400, nil},
		{"unknown fault", "POST", `{"fail":{"throtle":1}}`, 400, nil},
		{"negative count", "POST", `{"fail":{"throttle":-1}}`, 400, nil},
		{"rate of nothing", "POST", `{"max_send_rate":0}`, 400, nil},
		{"over 100 percent", "POST", `{"events":{"drop_percent":101}}`, 400, nil},
		{"wrong ones change nothing", "GET", "", 200, map[string]any{"max_send_rate": 14.0, "fail": map[string]any{"reject": 1.0}}},
		{"empty fail clears all faults", "POST", `{"fail":{}}`, 200, map[string]any{"max_send_rate": 14.0, "latency_ms": 1.0, "fail": map[string]any{}, "events": map[string]any{}, "down": false}},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, w.inbox.URL+"/_local/ses", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := w.inbox.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != c.status {
			t.Fatalf("%s: status %d, want %d: %s", c.name, resp.StatusCode, c.status, body)
		}
		var got map[string]any
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for member, want := range c.holds {
			if d := cmp.Diff(want, got[member]); d != "" {
				t.Errorf("%s: %s (-want +got):\n%s", c.name, member, d)
			}
		}
	}
}
