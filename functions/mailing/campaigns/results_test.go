package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
)

// sent makes a campaign that is being sent to some keys, of whom all but the last two have been called for.
func (w *world) sent(id string, keys []string) {
	w.t.Helper()
	ctx := w.t.Context()
	chunk := campaign.NewChunk(id, policy.Japanese, keys, w.now().AddDate(0, 3, 0).Unix())
	campaigntest.Put(w.t, w.editor.store, chunk)
	if _, err := w.editor.store.Change(ctx, id, func(c *campaign.Campaign) error {
		c.State, c.Frozen, c.Freeze.Done, c.StartedAt = campaign.Sending, len(keys), true, w.now().UnixMilli()
		c.Left = map[string]int{campaign.LeftUnsubscribed: 2, campaign.LeftBounced: 5}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.editor.store.Apply(ctx, &chunk, "t", func(outcomes []campaign.Outcome) {
		for i := range outcomes[:len(outcomes)-2] {
			outcomes[i] = campaign.Accepted(fmt.Sprint("m", i))
		}
		outcomes[1], outcomes[2] = campaign.Failed(campaign.NoAnswer), campaign.Excluded(campaign.LeftUnsubscribed)
	}); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.editor.store.Report(ctx, chunk.Ref(0), "m0", campaign.Bounced, "Permanent/General", w.now()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) keyOf(email string) string {
	w.t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Key(w.editor.addressKey)
}

// The numbers while it is being sent and afterwards, on pages, as JSON and as a file without anything personal.
func TestResults(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	if page := w.page("editor", "/"+id); strings.Contains(page, `id="live"`) {
		t.Error("a draft shows progress")
	}
	keys := []string{w.keyOf("hanako@example.jp")}
	for i := range 9 {
		keys = append(keys, fmt.Sprintf("%032x", 0xf0+i))
	}
	w.sent(id, keys)
	w.after(time.Minute)
	want := campaign.Counts{LeftOut: 7, Frozen: 10, Pending: 2, Accepted: 6, Failed: 1, Excluded: 1, Bounced: 1}
	got := answer[struct {
		Status campaign.State
		Counts campaign.Counts
	}](w, w.call("editor", http.MethodGet, "/"+id, nil))
	if got.Counts.Reasons = nil; got.Status != campaign.Sending || fmt.Sprint(got.Counts) != fmt.Sprint(want) {
		t.Errorf("%+v", got)
	}
	p := answer[live](w, w.call("editor", http.MethodGet, "/"+id+"/progress", nil))
	if p.Finished != 8 || p.Total != 10 || p.Percent != 80 || p.PerMinute != 8 || !p.Moving || !strings.Contains(p.Text, "10件のうち8件") || p.EndsAt == "" {
		t.Errorf("%+v", p)
	}
	page := w.page("editor", "/"+id)
	if !strings.Contains(page, `aria-live="polite"`) || !strings.Contains(page, `<progress`) || !strings.Contains(page, "/pause") || strings.Contains(page, "/edit") {
		t.Errorf("%s", page)
	}
	results := w.page("editor", "/"+id+"/results")
	for _, piece := range []string{"<svg", "<title id", "不達", "何もする必要はありません", "返事がなかった", "配信を停止した", "表で見る"} {
		if !strings.Contains(results, piece) {
			t.Errorf("no %q in the results", piece)
		}
	}
	file := w.want(w.do("editor", http.MethodGet, base+"/"+id+"/results.csv", "", "Accept", "text/html"), 200)
	text := file.Body.String()
	if !strings.HasPrefix(text, "\ufeff項目,件数\r\n宛先,10\r\n") || strings.Contains(text, "十一月号") || !strings.Contains(text, "2026-11-24 09:00,6,1,1,0\r\n") {
		t.Errorf("%q", text)
	}
	// Programs ask in English, and get the names of the JSON answer.
	for _, ask := range [][]string{{"?lang=en", "Accept", "application/json"}, {"", "Accept", "application/json", "Accept-Language", "en-GB,en;q=0.9"}} {
		file := w.want(w.do("editor", http.MethodGet, base+"/"+id+"/results.csv"+ask[0], "", ask[1:]...), 200).Body.String()
		if !strings.HasPrefix(file, "\ufeffitem,number\r\nfrozen,10\r\n") || !strings.Contains(file, "at,accepted,failed,excluded,unknown\r\n2026-11-24T09:00:00+09:00,6,1,1,0\r\n") {
			t.Errorf("%v: %q", ask, file)
		}
	}
}

// Did this person get it?
func TestRecipient(t *testing.T) {
	w := newWorld(t)
	id := w.create("editor", newsletter())
	people := []string{"hanako@example.jp", "taro@example.jp", "jiro@example.jp"} // in the order of their keys
	slices.SortFunc(people, func(a, b string) int { return strings.Compare(w.keyOf(a), w.keyOf(b)) })
	w.sent(id, []string{w.keyOf(people[0]), w.keyOf(people[1]), w.keyOf(people[2]), strings.Repeat("f", 31) + "0", strings.Repeat("f", 32)})
	type found struct{ Items []fate }
	ask := func(who string) []fate {
		return answer[found](w, w.want(w.call("editor", http.MethodPost, "/"+id+"/recipient", m{"who": who}), 200)).Items
	}
	if got := ask(strings.ToUpper(people[0][:1]) + people[0][1:]); len(got) != 1 || got[0].Outcome != campaign.ClassAccepted || len(got[0].Reported) != 1 || got[0].Reported[0].What != "bounced" {
		t.Errorf("%+v", got)
	}
	if got := ask(people[1]); got[0].Outcome != campaign.ClassFailed || got[0].Reason != campaign.NoAnswer {
		t.Errorf("%+v", got)
	}
	if got := ask("stranger@example.jp"); len(got) != 1 || got[0].Found {
		t.Errorf("%+v", got)
	}
	w.want(w.call("editor", http.MethodPost, "/"+id+"/recipient", m{"who": "x"}), 422)
	if ledger := w.ledger(); ledger[len(ledger)-1] != "editor campaign.recipient campaign/"+id+" done" {
		t.Errorf("%v", ledger)
	}
	page := w.want(w.send("editor", "/"+id+"/recipient", map[string][]string{"who": {people[2]}}), 200).Body.String()
	if !strings.Contains(page, "送信の直前に対象から外れました：配信を停止した") {
		t.Errorf("%s", page)
	}
	// Of an event, by the reference or by the address, which may have registered several people.
	eventtest.Save(t, w.editor.events, "seminar", nil)
	w.register("seminar", "E-1", "registered", "ja")
	about := w.create("events", about("seminar"))
	w.sent(about, []string{"E-1", "E-2", "E-3", "E-4"})
	for who, want := range map[string]campaign.Class{"e-1": campaign.ClassAccepted, "e-1@example.jp": campaign.ClassAccepted, "E-2": campaign.ClassFailed, "E-4": campaign.ClassPending} {
		got := answer[found](w, w.want(w.call("events", http.MethodPost, "/"+about+"/recipient", m{"who": who}), 200)).Items
		if len(got) != 1 || got[0].Outcome != want {
			t.Errorf("%s: %+v", who, got)
		}
	}
}

// Who is not in a campaign is told what can be known: that nothing is fixed yet, what the checks say today, or that it is not kept any
// more. Why somebody was left out then is kept of nobody (R57).
func TestRecipientNotFound(t *testing.T) {
	w := newWorld(t)
	w.subscribe(policy.Newsletter, 60)
	eventtest.Save(t, w.editor.events, "seminar", nil)
	w.register("seminar", "E-1", "waiting", "ja")
	narrow := w.create("editor", newsletter("segment", m{"prefecture": []string{"02"}}))
	event, correction := w.create("events", about("seminar")), ""
	ask := func(who, id, whom string) fate {
		t.Helper()
		return answer[struct{ Items []fate }](w, w.want(w.call(who, http.MethodPost, "/"+id+"/recipient", m{"who": whom}), 200)).Items[0]
	}
	want := func(got fate, because, today string) {
		t.Helper()
		if got.Found || got.Because != because || got.Today != today {
			t.Errorf("%+v, want %s, %s", got, because, today)
		}
	}
	want(ask("events", event, "E-1"), notFrozen, campaign.LeftWaiting)
	want(ask("events", event, "E-2"), notFrozen, "no_record")
	want(ask("editor", narrow, "s000002@example.jp"), notFrozen, "segment")
	want(ask("editor", narrow, "s000001@example.jp"), notFrozen, "reached")
	w.sent(narrow, []string{strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32), strings.Repeat("d", 32)})
	want(ask("editor", narrow, "s000001@example.jp"), leftOut, "reached")
	want(ask("editor", narrow, "nobody@example.jp"), leftOut, "no_record")
	if _, err := w.editor.store.Enter(t.Context(), narrow, campaign.Cancelled, "editor", ""); err != nil {
		t.Fatal(err)
	}
	correction = w.create("editor", newsletter("follows", narrow))
	want(ask("editor", correction, "s000001@example.jp"), notFrozen, "segment") // it never got what is corrected
	for lang, says := range map[string]string{"ja": "個人ごとには記録していません", "en": "not kept person by person"} {
		page := w.want(w.do("editor", http.MethodPost, base+"/"+narrow+"/recipient?lang="+lang, "who=s000001%40example.jp", "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded"), 200)
		if !strings.Contains(page.Body.String(), says) {
			t.Errorf("%s: %s", lang, page.Body)
		}
	}
	w.after(91 * 24 * time.Hour)
	clear(w.cookies) // the session has ended
	want(ask("editor", narrow, "s000001@example.jp"), notKept, "")
}

// Bars stand for longer spans where a campaign took long, and none is lost.
func TestChart(t *testing.T) {
	v := view{Tongue: staff.Tongue{Language: policy.Japanese}}
	for _, minutes := range []int{1, 47, 48, 49, 600, 20_000} {
		var all []campaign.Minute
		for i := range minutes {
			all = append(all, campaign.Minute{At: start.Add(time.Duration(i) * time.Minute), Tally: campaign.Tally{campaign.ClassAccepted: 7}})
		}
		c, sum := newChart(v, all), 0
		for _, b := range c.Bars {
			sum += b.Sent
			if b.Y < 0 || b.Height > chartHeight || b.X+b.Width > chartWidth {
				t.Fatalf("%d minutes: a bar stands out: %+v", minutes, b)
			}
		}
		if sum != 7*minutes || len(c.Bars) > mostBars+1 || len(c.Labels) == 0 {
			t.Errorf("%d minutes: %d in %d bars, %d labels", minutes, sum, len(c.Bars), len(c.Labels))
		}
	}
}
