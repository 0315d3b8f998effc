package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/config"
	"madoguchi/shared/mail"
	"madoguchi/shared/mail/letter"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
)

// environment is what template.yaml gives the function.
func environment(table string) map[string]string {
	org := policy.DefaultOrganization()
	return map[string]string{
		"OUTBOX_TABLE": table, "CAMPAIGNS_TABLE": "campaigns", "CONFIGURATION_SET": "transactional", "SENDER_ADDRESS": "info@forms.example.jp",
		"CLAIM_LEASE_SECONDS": "30", "UNKNOWN_SETTLE_SECONDS": "900", "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": org.WebsiteURL,
		"ORGANIZATION_NAME_JA": org.Name.JA, "ORGANIZATION_NAME_EN": org.Name.EN,
		"ORGANIZATION_SHORT_NAME_JA": org.ShortName.JA, "ORGANIZATION_SHORT_NAME_EN": org.ShortName.EN,
		"REPRESENTATIVE_JA": org.Representative.JA, "REPRESENTATIVE_EN": org.Representative.EN,
		"ORGANIZATION_ADDRESS_JA": org.Address.JA, "ORGANIZATION_ADDRESS_EN": org.Address.EN,
		"PRIVACY_OFFICE_JA": org.PrivacyOffice.JA, "PRIVACY_OFFICE_EN": org.PrivacyOffice.EN, "PRIVACY_CONTACT": org.PrivacyContact,
	}
}

// world is a mailer over a real outbox and the local SES, with a clock that the test moves.
type world struct {
	*testing.T
	*mailtest.Outbox
	ses   *ses.Server
	api   *httptest.Server
	cfg   settings
	mu    sync.Mutex
	clock time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, Outbox: mailtest.New(t), clock: time.Now()}
	server, err := ses.New(ses.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w.ses = server
	w.api = httptest.NewServer(server.API())
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		w.api.Close()
	})
	t.Setenv("AWS_ENDPOINT_URL_SESV2", w.api.URL)
	if w.cfg, err = config.Load[settings](config.Map(environment(w.Table))); err != nil {
		t.Fatal(err)
	}
	return w
}

// short makes leases as short as they may be, for tests in which a call times out.
func (w *world) short() { w.cfg.Lease = 2 * time.Second }

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// mailer builds the function over the real SES client.
func (w *world) mailer() *mailer {
	w.Helper()
	client, err := newSES(w.Context(), w.cfg)
	if err != nil {
		w.Fatal(err)
	}
	return w.mailerOver(client)
}

func (w *world) mailerOver(s sender) *mailer {
	store := mail.NewStore(w.Client, w.Table, mail.Times{Lease: w.cfg.Lease, Settle: w.cfg.Settle}, w.now)
	return &mailer{store: store, ses: s, letters: letter.New(w.cfg.Organization), cfg: w.cfg, now: w.now}
}

// enqueue puts a confirmation into the outbox, due already.
func (w *world) enqueue(to string) string {
	w.Helper()
	return w.Enqueue(w.T, mailtest.Confirmation(to, w.now()), w.now().Add(-time.Minute))
}

func (w *world) row(id string) mail.Row {
	w.Helper()
	return w.Row(w.T, id, w.now())
}

func (w *world) faults(f ses.Faults) {
	w.Helper()
	if err := w.ses.SetFaults(f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) invoke(m *mailer, payload []byte) string {
	w.Helper()
	answer, err := m.handle(w.Context(), payload)
	if err != nil {
		w.Fatal(err)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		w.Fatal(err)
	}
	return string(text)
}

func (w *world) sweep(m *mailer) {
	w.Helper()
	w.invoke(m, payload(w.T, "schedule"))
}

// sent is what lies in the inbox, by recipient.
func (w *world) sent() map[string]int {
	w.Helper()
	count := map[string]int{}
	for m, err := range w.ses.Mails() {
		if err != nil {
			w.Fatal(err)
		}
		for _, to := range m.To {
			count[to]++
		}
	}
	return count
}

func payload(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../events/mailer", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// streamOf is the event in events/mailer with a record for each ID.
func streamOf(t *testing.T, ids ...string) []byte {
	t.Helper()
	var event struct{ Records []json.RawMessage }
	if err := json.Unmarshal(payload(t, "stream"), &event); err != nil {
		t.Fatal(err)
	}
	records := make([]string, len(ids))
	for i, id := range ids {
		records[i] = strings.NewReplacer("K7QW2MZ4H6N3TPA5RXJBVCYDEL", id, "111100000000000000000000001", "sequence-"+id).Replace(string(event.Records[0]))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// answering is an SES that gives one fixed HTTP answer, for what the local one never says.
func answering(t *testing.T, status int, code, message string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if code != "" {
			w.Header().Set("X-Amzn-ErrorType", code)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(message))
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_SESV2", server.URL)
}

// fake is an SES whose answers the test writes down.
type fake struct {
	mu      sync.Mutex
	alive   bool
	answers func(outgoing) answer
	calls   int
}

func (f *fake) Send(_ context.Context, m outgoing) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	return f.answers(m)
}

func (f *fake) Alive(context.Context) bool { f.mu.Lock(); defer f.mu.Unlock(); return f.alive }
func (f *fake) Fresh()                     {}

func (f *fake) Quota(context.Context) (float64, float64, bool) { return 0, 0, false }

func (f *fake) Unsuppress(context.Context, string) error { return nil }

// TestMain keeps the function's own log lines out of the test's output; the tests of the log listen for themselves.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
