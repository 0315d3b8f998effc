package main

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

// logged collects what the function logs during a test.
func logged(t *testing.T) *bytes.Buffer {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &log
}

// 250 addresses on SES's list, in pages: every other event was lost, some people have confirmed again since, most are on no list of
// ours. Afterwards the lists agree, a second run changes nothing, and the log names nobody (hard case 33).
func TestReconcile(t *testing.T) {
	w := newWorld(t)
	log := logged(t)
	added := w.now()
	want := map[string]string{}
	for i := range 250 {
		email := fmt.Sprintf("hanako%03d@example.jp", i)
		reason, ended := types.SuppressionListReasonBounce, "bounced bounced"
		if i%2 == 1 {
			reason, ended = types.SuppressionListReasonComplaint, "unsubscribed complained"
		}
		w.suppress(email, reason)
		switch i % 5 {
		case 0, 1: // the event was lost
			w.subscribe(policy.Newsletter, email, added.Add(-time.Hour))
			want[email] = ended
		case 2: // a newer consent
			w.subscribe(policy.Newsletter, email, added.Add(time.Hour))
			want[email] = "confirmed"
		case 3: // nobody's
			want[email] = ""
		case 4: // the event came
			w.subscribe(policy.Newsletter, email, added.Add(-time.Hour))
			record := w.lists[policy.Newsletter].Bounce
			if i%2 == 1 {
				record = w.lists[policy.Newsletter].Complain
			}
			if _, err := record(t.Context(), w.person(email), added.Add(-time.Minute)); err != nil {
				t.Fatal(err)
			}
			want[email] = ended
		}
	}
	w.suppress("root@192.0.2.1", types.SuppressionListReasonBounce)
	for run := range 2 {
		w.set(added.Add(time.Duration(2+24*run) * time.Hour))
		w.invoke(payload(t, "schedule"))
		got := map[string]string{}
		for email := range want {
			got[email] = w.standing(policy.Newsletter, email)
			if w.onSESsList(email) != (want[email] != "confirmed") {
				t.Errorf("run %d: %s is on SES's list: %v", run, got[email], w.onSESsList(email))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("run %d: %s", run, diff)
		}
	}
	text := log.String()
	if strings.Contains(text, "hanako") || strings.Contains(text, "@") {
		t.Errorf("the log names somebody: %s", text)
	}
	if first := `"ended":100,"removed":50,"nobody":100,"unreadable":1`; !strings.Contains(text, first) {
		t.Errorf("the log does not say %s: %s", first, text)
	}
}

// A run looks at what was added since the last one and the day before it; one that fails leaves all to the next. One entry's failure
// does not stop the others.
func TestReconcileGoesOn(t *testing.T) {
	w := newWorld(t)
	logged(t)
	asked := make(chan string, 100)
	local, broken := w.ses.API(), false
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet:
			asked <- r.URL.Query().Get("StartDate")
		case r.Method == http.MethodDelete && broken:
			out.WriteHeader(http.StatusBadRequest)
			return
		}
		local.ServeHTTP(out, r)
	}))
	t.Cleanup(server.Close)
	w.account.Client = sesv2.New(w.account.Client.Options(), func(o *sesv2.Options) { o.BaseEndpoint = &server.URL })
	from := func() string {
		t.Helper()
		select {
		case start := <-asked:
			return start
		default:
			t.Fatal("SES was not asked")
			return ""
		}
	}
	const other = "taro@example.jp"
	start := w.now()
	w.suppress(hanako, types.SuppressionListReasonBounce)
	w.suppress(other, types.SuppressionListReasonBounce)
	w.subscribe(policy.Newsletter, hanako, start.Add(time.Minute))
	w.subscribe(policy.Press, other, start.Add(-time.Minute))
	w.set(start.Add(time.Hour))
	broken = true
	if _, err := w.handle(t.Context(), payload(t, "schedule")); !errors.Is(err, errLeft) {
		t.Fatalf("a removal that failed: %v", err)
	}
	if got := from(); got != "" {
		t.Errorf("the first run asks from %q on", got)
	}
	if got := w.standing(policy.Press, other); got != "bounced bounced" {
		t.Errorf("one entry's failure stopped another: %q", got)
	}
	broken = false
	w.invoke(payload(t, "schedule"))
	if got := from(); got != "" || w.onSESsList(hanako) {
		t.Errorf("after a run that failed it asks from %q on; still on SES's list: %v", got, w.onSESsList(hanako))
	}
	<-asked
	done := w.now()
	w.set(done.Add(24 * time.Hour))
	w.invoke(payload(t, "schedule"))
	if got, want := from(), done.Add(-24*time.Hour).Format("2006-01-02T15:04:05"); !strings.HasPrefix(got, want) {
		t.Errorf("the next run asks from %s on, want %s", got, want)
	}
}

// SES does not answer: an error, for the alarm, and the next run begins where this one did.
func TestReconcileWithoutSES(t *testing.T) {
	w := newWorld(t)
	logged(t)
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	refused := "http://127.0.0.1:1"
	w.account.Client = sesv2.New(w.account.Client.Options(), func(o *sesv2.Options) { o.BaseEndpoint, o.RetryMaxAttempts = &refused, 1 })
	if _, err := w.handle(t.Context(), payload(t, "schedule")); err == nil || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("%v", err)
	}
}
