package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/campaign"
	"madoguchi/shared/config"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// aboutRecipient is an event of events/feedback about another recipient of the same chunk.
func aboutRecipient(t *testing.T, event string, n int) []byte {
	t.Helper()
	return []byte(strings.ReplaceAll(string(payload(t, event)), "-00\"", fmt.Sprintf("-%02d\"", n)))
}

// Hard case 20: what SES reports of a chunk, each event eight times, in any order, some before the answer of the call is stored and
// some after: the numbers are the same, and exact. One recipient never spoils another's (hard case 23).
func TestCampaignEvents(t *testing.T) {
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		// Of each recipient some kinds of events, beside the Send that precedes them; a rejection stands alone.
		kinds := []string{"bounce", "soft-bounce", "complaint", "suppressed", "complained-before", "delivery-delayed"}
		var all []string
		want := map[string]int{}
		recipients := rapid.IntRange(1, 4).Draw(r, "recipients")
		for n := range recipients {
			switch rapid.IntRange(0, 3).Draw(r, "fate") {
			case 0:
				failure := rapid.SampledFrom([]string{"reject", "rendering-failure"}).Draw(r, "failure")
				all = append(all, fmt.Sprint(failure, " ", n))
				want["failed"]++
				continue
			case 1: // no event at all: lost
			default:
				all = append(all, fmt.Sprint("send ", n))
				for _, kind := range rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 0, 3, rapid.ID).Draw(r, "kinds") {
					all = append(all, fmt.Sprint(kind, " ", n))
				}
			}
			want["accepted"]++
		}
		for _, e := range all {
			kind, _, _ := strings.Cut(e, " ")
			want[kind]++
		}
		// Both say that SES did not try: one recipient counts once for them.
		for n := range recipients {
			if slices.Contains(all, fmt.Sprint("suppressed ", n)) && slices.Contains(all, fmt.Sprint("complained-before ", n)) {
				want["suppressed"]--
			}
		}
		var eight []string
		for range 8 {
			eight = append(eight, all...)
		}
		seed := rapid.Uint64().Draw(r, "order")
		rand.New(rand.NewPCG(seed, seed)).Shuffle(len(eight), func(i, j int) { eight[i], eight[j] = eight[j], eight[i] })
		before := rapid.IntRange(0, len(eight)).Draw(r, "before the answer")

		run++
		id := strings.NewReplacer("0", "a", "1", "b", "8", "c", "9", "d").Replace(fmt.Sprintf("%016d", run))
		keys := []string{w.person(hanako)}
		for n := 1; n < recipients; n++ {
			keys = append(keys, fmt.Sprintf("%s%02x", strings.Repeat("e", 30), n))
		}
		chunk := w.frozen(id, policy.NewsletterIssue, keys...)
		w.begin(&chunk)
		for i, e := range eight {
			if i == before {
				w.answer(&chunk)
			}
			var kind string
			var n int
			if _, err := fmt.Sscan(e, &kind, &n); err != nil {
				r.Fatal(err)
			}
			w.invoke([]byte(strings.ReplaceAll(string(aboutRecipient(t, "campaign-"+kind, n)), issue, id)))
		}
		if before == len(eight) {
			w.answer(&chunk)
		}
		c, counts := w.counts(id)
		got := map[string]int{"accepted": counts.Accepted, "failed": counts.Failed, "pending": counts.Pending, "unknown": counts.Unknown,
			"bounced": c.Bounced, "soft": c.Soft, "suppressed": c.Suppressed, "complained": c.Complained, "delayed": c.Delayed}
		expected := map[string]int{"accepted": want["accepted"], "failed": want["failed"], "bounced": want["bounce"], "soft": want["soft-bounce"],
			"suppressed": want["suppressed"] + want["complained-before"], "complained": want["complaint"], "delayed": want["delivery-delayed"],
			"pending": 0, "unknown": 0}
		if diff := cmp.Diff(expected, got); diff != "" {
			r.Fatalf("events %v, %d before the answer: %s", eight, before, diff)
		}
	})
}

// A Send that comes after silence has decided corrects it, and so do all events that prove as much.
func TestLateEventsCorrect(t *testing.T) {
	for _, test := range []struct{ event, want string }{
		{"send", "a:0106019aaf3c5d2e-2b7e1516-28ae-4d2a-abf7-158809cf4f3c-000000"},
		{"bounce", "a:0106019aaf3c5d2e-2b7e1516-28ae-4d2a-abf7-158809cf4f3c-000000"},
		{"delivery-delayed", "a:0106019aaf3c5d2e-2b7e1516-28ae-4d2a-abf7-158809cf4f3c-000000"},
		{"reject", "f:rejected"},
		{"rendering-failure", "f:rendering_failure"},
	} {
		t.Run(test.event, func(t *testing.T) {
			w := newWorld(t)
			chunk := w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
			w.begin(&chunk)
			w.set(w.now().Add(time.Hour))
			if lapsed, err := w.campaigns.Lapse(t.Context(), &chunk, "sender"); !lapsed || err != nil {
				t.Fatal(lapsed, err)
			}
			if left, err := w.campaigns.Settle(t.Context(), &chunk, "sender", 15*time.Minute); left != 0 || err != nil {
				t.Fatal(left, err)
			}
			if _, counts := w.counts(issue); counts.Failed != 1 {
				t.Fatalf("silence: %+v", counts)
			}
			for range 8 {
				w.invoke(payload(t, "campaign-"+test.event))
			}
			who, found, err := w.campaigns.Find(t.Context(), issue, w.person(hanako))
			if err != nil || !found || string(who.Outcome) != test.want {
				t.Errorf("%q, %v, %v", who.Outcome, found, err)
			}
			w.counts(issue)
		})
	}
}

// counting is a DynamoDB that counts the calls.
func counting(t *testing.T) func() []string {
	t.Helper()
	target, err := url.Parse(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"))
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var calls []string
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		calls = append(calls, operation)
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		all := calls
		calls = nil
		return all
	}
}

// Design, "Budgets": feedback of a campaign is one write of at most 1 kB for each event of a mail that was sent.
func TestOneWriteForEachMail(t *testing.T) {
	w := newWorld(t)
	w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
	calls := counting(t)
	env := environment(w.outbox.Table)
	maps.Copy(env, map[string]string{"CAMPAIGNS_TABLE": w.campaigns.Table, "SUPPRESSION_TABLE": w.suppression,
		"NEWSLETTER_TABLE": w.lists[policy.Newsletter].Table, "PRESS_TABLE": w.lists[policy.Press].Table})
	handle, err := run(t.Context(), config.Map(env))
	if err != nil {
		t.Fatal(err)
	}
	for _, again := range []string{"first", "again"} {
		if _, err := handle(t.Context(), payload(t, "campaign-send")); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"UpdateItem"}, calls()); diff != "" {
			t.Errorf("%s: %s", again, diff)
		}
	}
	if _, err := handle(t.Context(), payload(t, "campaign-bounce")); err != nil {
		t.Fatal(err)
	}
	if n := len(calls()); n < 3 {
		t.Errorf("a bounce makes %d calls: the counting counts nothing", n)
	}
	if size := len(fmt.Sprint(item(t, w))); size < 300 || size > 1024 {
		t.Errorf("what is kept of a mail has %d bytes", size)
	}
}

// item is what is kept of hanako's mail, with everything that can be reported of it.
func item(t *testing.T, w *listWorld) map[string]any {
	t.Helper()
	for _, kind := range []string{"soft-bounce", "complaint", "delivery-delayed", "suppressed", "reject", "rendering-failure"} {
		w.invoke(payload(t, "campaign-"+kind))
	}
	var all map[string]any
	of, ok := campaign.ParseRef("c-" + issue + "-ja-" + w.person(hanako) + "-00")
	if !ok {
		t.Fatal("no reference")
	}
	found, err := record.Get(t.Context(), w.campaigns.Client, w.campaigns.Table,
		record.Key("e#"+of.Campaign+"#ja#"+of.Chunk, "00"), w.now(), &all)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return all
}

// An event of a campaign or of a recipient that is not there any more is no error, and makes nobody a suppressed one.
func TestCampaignIsGone(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, hanako, mailed.Add(-time.Hour))
	for _, event := range []string{"send", "reject", "bounce", "complaint", "soft-bounce", "suppressed"} {
		w.invoke(payload(t, "campaign-"+event))
	}
	w.frozen(issue, policy.NewsletterIssue, w.person(hanako))
	w.invoke(aboutRecipient(t, "campaign-bounce", 7))
	if got := w.standing(policy.Newsletter, hanako); got != "confirmed" {
		t.Errorf("%q", got)
	}
}

// The store does not answer: the event must come again.
func TestCampaignStoreDown(t *testing.T) {
	outbox := mailtest.New(t)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	var handle lambdahost.EventHandler
	handle, err := run(t.Context(), config.Map(environment(outbox.Table)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handle(t.Context(), payload(t, "campaign-send")); err == nil {
		t.Error("an event was swallowed that could not be stored")
	}
}
