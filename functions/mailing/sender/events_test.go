package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/event/eventtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// register stores a registration as shared/registration does, as far as a campaign reads it.
func (w *world) register(id string, n int, state, language, mode string) string {
	w.Helper()
	ref := fmt.Sprintf("E261124-%09d", n)
	email := fmt.Sprintf("r%d@example.jp", n)
	item := map[string]any{"pk": id, "sk": ref, "state": state, "person": keyOf(w.T, email), "email": email, "lang": language, "mode": mode,
		"expires_at": w.now().Add(400 * 24 * time.Hour).Unix(), "fields": map[string]string{"name": fmt.Sprintf("参加者%d", n)}}
	if ok, err := record.Put(w.Context(), w.store.Client, w.cfg.Audience.Registrations, item, record.Condition{}); !ok || err != nil {
		w.Fatal(ok, err)
	}
	return ref
}

// Information on an event reaches those who registered for it, each in the language of the registration, and nobody else (R28,
// hard case 31).
func TestEventInformation(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.sources.Events, "seminar", nil)
	eventtest.Save(t, w.sources.Events, "other", nil)
	for n := 1; n <= 60; n++ {
		w.register("seminar", n, "registered", map[bool]string{true: "ja", false: "en"}[n%3 > 0], "venue")
	}
	w.register("seminar", 61, "cancelled", "ja", "venue")
	w.register("seminar", 62, "waiting", "en", "venue")
	w.register("other", 63, "registered", "ja", "venue")
	w.subscribe(5)
	id := w.schedule(func(c *campaign.Campaign) { c.Kind, c.Event = policy.EventInformation, "seminar" })
	w.tick()
	want := campaign.Counts{LeftOut: 2, Frozen: 60, Accepted: 60, Reasons: map[string]int{"cancelled": 1, "waiting": 1}}
	if diff := cmp.Diff(want, w.counts(id)); diff != "" {
		t.Error(diff)
	}
	if n := w.once(); n != 60 {
		t.Errorf("%d got a mail", n)
	}
	for m, err := range w.ses.Mails() {
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if _, err := fmt.Sscanf(m.To[0], "r%d@", &n); err != nil {
			t.Fatal(m.To)
		}
		if english := strings.Contains(m.Subject, "event"); english != (n%3 == 0) {
			t.Errorf("%s got %q", m.To[0], m.Subject)
		}
		if strings.Contains(m.Headers["List-Unsubscribe"], "http") {
			t.Errorf("a registrant gets the link of a list")
		}
		if !strings.Contains(m.Text, "/events/seminar/registration?t=") {
			t.Errorf("no link to the own registration in %q", m.Text)
		}
	}
}

// Segments of an event: by attendance, status and language.
func TestEventSegments(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.sources.Events, "seminar", nil)
	n := 0
	for _, state := range []string{"registered", "waiting", "cancelled"} {
		for _, language := range []string{"ja", "en"} {
			for _, mode := range []string{"venue", "online"} {
				n++
				w.register("seminar", n, state, language, mode)
			}
		}
	}
	for name, c := range map[string]struct {
		segment campaign.Segment
		want    int
	}{
		"everybody with a seat": {campaign.Segment{}, 4},
		"online":                {campaign.Segment{Attendance: []string{"online"}}, 2},
		"who waits":             {campaign.Segment{Status: []string{"waiting"}}, 4},
		"who cancelled, in English, at the venue": {campaign.Segment{Status: []string{"cancelled"}, Language: []string{"en"}, Attendance: []string{"venue"}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.schedule(func(k *campaign.Campaign) { k.Kind, k.Event, k.Segment = policy.EventInformation, "seminar", c.segment })
			w.tick()
			if got := w.counts(id); got.Frozen != c.want || got.Accepted != c.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

// The invitation to a questionnaire: not before it opens, to those who had a seat, once each, and not to those who have answered (R29).
func TestQuestionnaireInvitation(t *testing.T) {
	w := newWorld(t)
	eventtest.Save(t, w.sources.Events, "seminar", map[string]any{"questionnaire": map[string]any{"anonymous": true, "opens_after_hours": 3,
		"questions": []any{map[string]any{"name": "overall", "label": map[string]string{"ja": "満足度", "en": "Overall"}, "type": "rating", "required": true}}}})
	refs := make([]string, 6)
	for n := range refs {
		refs[n] = w.register("seminar", n, map[bool]string{true: "registered", false: "cancelled"}[n < 4], "ja", "venue")
	}
	invite := func(c *campaign.Campaign) { c.Kind, c.Event = policy.QuestionnaireInvite, "seminar" }
	early := w.schedule(invite)
	w.tick()
	if c := w.get(early); c.State != campaign.Cancelled || c.Reason != "gate" || w.once() != 0 {
		t.Errorf("before the end: %s, %s", c.State, c.Reason)
	}
	w.wait(31 * 24 * time.Hour)
	first := w.schedule(invite)
	w.tick()
	if got := w.counts(first); got.Accepted != 4 || got.LeftOut != 2 {
		t.Errorf("%+v", got)
	}
	invitations := w.sources.Invitations
	spent := invitations.IDOf("seminar", refs[1])
	if ok, err := record.Update(t.Context(), w.store.Client, w.cfg.Audience.Invitations, record.Key(spent, ""), "SET spent = :yes", record.Values{"yes": true},
		record.Condition{}, nil); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := w.ses.Clear(); err != nil {
		t.Fatal(err)
	}
	again := w.schedule(invite)
	w.tick()
	if got := w.counts(again); got.Accepted != 3 || got.Reasons["answered"] != 1 || w.inbox()["r1@example.jp"] != 0 {
		t.Errorf("%+v", got)
	}
	for m, err := range w.ses.Mails() {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.Text, "/questionnaires/seminar?t=") || strings.Contains(m.Text, "E261124") {
			t.Errorf("%q", m.Text)
		}
	}
}

// A frozen audience does not depend on how often the freezing was cut off: everybody is in one chunk, in order.
func TestFreezingResumes(t *testing.T) {
	w := newWorld(t)
	keys := w.subscribe(230)
	for n := 1; n <= 230; n += 7 {
		w.set(keys[n], "state", "unconfirmed")
	}
	id := w.schedule(nil)
	if _, err := w.start(t.Context(), w.get(id)); err != nil {
		t.Fatal(err)
	}
	for cut := 0; w.get(id).State == campaign.Freezing; cut++ {
		ctx := t.Context()
		c := w.get(id)
		from, err := w.audience(ctx, &c)
		if err != nil {
			t.Fatal(err)
		}
		// Each run reads everything from its place on, stores a little and is cut off.
		f := &freezing{sender: w.sender, c: c, from: from, expires: w.now().Add(time.Hour).Unix()}
		lang := policy.Japanese
		page, next, err := from.Page(ctx, lang, c.Freeze.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		var queue []queued
		for _, k := range page {
			if c.Freeze.Last == "" || k.Key > c.Freeze.Last {
				queue = append(queue, queued{k, c.Freeze.Cursor})
			}
		}
		n := prefix(queue, campaign.ChunkSize)
		over := n == len(queue) && next == ""
		if _, err := f.step(ctx, lang, queue[:n], over); err != nil {
			t.Fatal(err)
		}
		if over {
			if _, err := w.freeze(ctx, w.get(id), w.now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		if cut > 50 {
			t.Fatal("it never ends")
		}
	}
	seen, last := map[string]bool{}, ""
	w.each(id, func(c campaign.Chunk, i int, _ campaign.Outcome) {
		key := c.Keys()[i]
		if seen[key] || key <= last {
			t.Errorf("%s is there twice or out of order", key)
		}
		seen[key], last = true, key
	})
	if got := w.counts(id); len(seen) != 197 || got.Frozen != 197 || got.LeftOut != 33 {
		t.Errorf("%d, %+v", len(seen), got)
	}
}
