package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/metric"
	shared "madoguchi/shared/ses"
)

// measured sweeps once and returns every figure that was written, summed over the lines.
func (w *world) measured(m *mailer) map[string]float64 {
	w.Helper()
	var out bytes.Buffer
	m.metrics = metric.New(&out, "madoguchi", w.now)
	w.sweep(m)
	sums := map[string]float64{}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "hanako") || strings.Contains(line, "@") {
			w.Errorf("a metric names a person: %s", line)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			w.Fatal(err)
		}
		delete(members, "_aws")
		for name, text := range members {
			var value float64
			if err := json.Unmarshal(text, &value); err != nil {
				w.Fatal(err)
			}
			sums[name] += value
		}
	}
	return sums
}

// Each sweep tells how the outbox stands when it has done what it can.
func TestMeasure(t *testing.T) {
	t.Run("nothing waits", func(t *testing.T) {
		w := newWorld(t)
		w.faults(ses.Faults{DailyQuota: new(200.0)})
		w.enqueue("hanako@example.jp")
		got := w.measured(w.mailer())
		want := map[string]float64{"MailOldest": 0, "MailDue": 0, "MailUnknown": 0, "MailFailed": 0, "SesQuotaUsed": 0.5}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("SES is out of reach for an hour: put off again and again, the mail's age still grows", func(t *testing.T) {
		w := newWorld(t)
		w.Enqueue(w.T, mailtest.Confirmation("hanako@example.jp", w.now()), w.now())
		m := w.mailerOver(&fake{alive: true, answers: func(outgoing) answer { return answer{outcome: mail.Queued, reason: shared.Unreachable} }})
		got := map[string]float64{}
		for range 12 {
			w.wait(5 * time.Minute)
			got = w.measured(m)
		}
		want := map[string]float64{"MailOldest": time.Hour.Seconds(), "MailDue": 0, "MailUnknown": 0, "MailFailed": 0}
		got["MailOldest"] = float64(int(got["MailOldest"])) // created_at has milliseconds
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		w := newWorld(t)
		w.enqueue("hanako@example.jp")
		m := w.mailerOver(&fake{alive: true, answers: func(outgoing) answer { return answer{outcome: mail.Unknown, reason: mail.NoAnswer} }})
		if got := w.measured(m); got["MailUnknown"] != 1 || got["MailFailed"] != 0 {
			t.Errorf("after the first silence: %v", got)
		}
		w.wait(time.Hour)
		w.measured(m)
		w.wait(time.Hour)
		if got := w.measured(m); got["MailUnknown"] != 0 || got["MailFailed"] != 1 {
			t.Errorf("after the second silence: %v", got)
		}
	})
	t.Run("an expired row counts no more", func(t *testing.T) {
		w := newWorld(t)
		w.enqueue("hanako@example.jp")
		w.wait(mail.UnsettledFor + time.Hour)
		if got := w.measured(w.mailerOver(&fake{})); got["MailOldest"] != 0 || got["MailDue"] != 0 {
			t.Errorf("%v", got)
		}
	})
}

// A sweep without time leaves mail that is due: it shows.
func TestMeasureDue(t *testing.T) {
	w := newWorld(t)
	w.enqueue("hanako@example.jp")
	w.enqueue("hanako@example.jp")
	m := w.mailer()
	b, err := m.store.Backlog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (mail.Backlog{Oldest: b.Oldest, Waiting: 2, Due: 2}); b != want || b.Oldest <= 0 {
		t.Errorf("want %+v, got %+v", want, b)
	}
}

// What share of the quota is used can be told only where there is one; a refusal is no figure.
func TestQuota(t *testing.T) {
	for _, test := range []struct {
		name, body      string
		status          int
		want, perSecond float64
		ok              bool
	}{
		{"half", `{"SendQuota": {"Max24HourSend": 50000, "SentLast24Hours": 25000, "MaxSendRate": 14}}`, 200, 50, 14, true},
		{"no limit", `{"SendQuota": {"Max24HourSend": -1, "SentLast24Hours": 25000, "MaxSendRate": 90.5}}`, 200, 0, 90.5, true},
		{"nothing allowed", `{"SendQuota": {"Max24HourSend": 0, "SentLast24Hours": 0, "MaxSendRate": 1}}`, 200, 0, 1, false},
		{"not said", `{}`, 200, 0, 0, false},
		{"refused", `{}`, http.StatusForbidden, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			answering(t, test.status, "", test.body)
			client, err := newSES(t.Context(), w.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got, perSecond, ok := client.Quota(t.Context()); got != test.want || perSecond != test.perSecond || ok != test.ok {
				t.Errorf("%v, %v a second, %v", got, perSecond, ok)
			}
		})
	}
}

// Every figure that a sweep writes is one that the alarms know.
func TestMeasuredNames(t *testing.T) {
	w := newWorld(t)
	known := metric.Names()
	var names []string
	for name := range w.measured(w.mailer()) {
		if classed, ok := known[name]; !ok || classed {
			t.Errorf("%s is not a metric of the deployment", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"MailDue", "MailFailed", "MailOldest", "MailUnknown", "SesQuotaUsed"}, names); diff != "" {
		t.Error(diff)
	}
}
