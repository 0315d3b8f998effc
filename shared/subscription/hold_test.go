package subscription

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const caseNumber = "P-2026-0007"

func (w *world) hold(days int) record.Hold {
	return record.Hold{Until: w.now().Add(time.Duration(days) * day).Unix(), Reason: record.PrivacyCase, Reference: caseNumber}
}

// card is what the list knows of an address; nil where it knows nothing.
func (w *world) card(t *testing.T, email string) *Card {
	t.Helper()
	c, found, err := w.list.Card(t.Context(), w.person(email))
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return nil
	}
	return &c
}

// recipients are those whom a campaign to the list would reach or leave out, by the code of the reason.
func (w *world) recipients(t *testing.T) map[string]string {
	t.Helper()
	sources := audience.Sources{Client: w.list.Client, Newsletter: w.list.Table, Suppression: w.list.Suppression, Links: w.list.Links, Now: w.now}
	a, err := audience.Open(t.Context(), sources, &campaign.Campaign{Kind: policy.NewsletterIssue, Langs: []policy.Language{policy.Japanese}})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
		var candidates []campaign.Candidate
		if candidates, cursor, err = a.Page(t.Context(), policy.Japanese, cursor); err != nil {
			t.Fatal(err)
		}
		for _, c := range candidates {
			all[c.Key] = c.Left
		}
	}
	return all
}

// R57, R77: a hold keeps what was known, as it was, beyond every expiry and every change; it lets nobody be mailed, counted or found.
func TestHold(t *testing.T) {
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	person := w.person(hanako()["email"])
	if err := w.list.Hold(t.Context(), person, w.hold(300)); err != nil {
		t.Fatal(err)
	}
	if c := w.card(t, "hanako@example.jp"); len(c.Holds) != 1 || c.State() != Confirmed || w.recipients(t)[person] != "" {
		t.Errorf("a hold changes nothing of a subscription: %+v", c)
	}
	// The person changes the record, and leaves. The profile goes after seven days, as it would without the hold.
	if err := w.change(welcome.Data["preferences"], hanako("name", "川田 花子")); err != nil {
		t.Fatal(err)
	}
	if err := w.unsubscribe(welcome.Data["unsubscribe"]); err != nil {
		t.Fatal(err)
	}
	w.after(8 * day)
	for _, deleted := range []bool{false, true} { // DynamoDB deletes late (hard case 24)
		if deleted {
			w.deleteExpired(t)
		}
		c := w.card(t, "hanako@example.jp")
		if c.Subscriber != nil || len(c.Holds) != 1 {
			t.Fatalf("deleted %v: %+v", deleted, c)
		}
		if kept := c.Holds[0]; kept.Subscriber.Fields["name"] != "山田 花子" || kept.Subscriber.State != Confirmed || len(kept.Consents) != 1 || kept.Reference != caseNumber {
			t.Errorf("deleted %v: what is kept is not what was known: %+v", deleted, kept)
		}
	}
	if who := w.recipients(t); len(who) != 0 {
		t.Errorf("somebody held is counted for a campaign: %v", who)
	}
	for _, state := range append(States(), OnHold) {
		if found, _, err := w.list.InState(t.Context(), state, "", 10); len(found) != 0 || err != nil {
			t.Errorf("%s lists somebody held: %v", state, err)
		}
	}
	if found, _, err := w.list.Beginning(t.Context(), "山田", "", 10); len(found) != 0 || err != nil {
		t.Errorf("the search finds somebody held: %v", err)
	}
	// They may sign up again like anybody; what is kept stays beside it.
	w.subscribed(t, hanako("name", "山田 新子"))
	if c := w.card(t, "hanako@example.jp"); c.Subscriber.Fields["name"] != "山田 新子" || c.Holds[0].Subscriber.Fields["name"] != "山田 花子" {
		t.Errorf("%+v", c)
	}
	w.after(293 * day)
	w.deleteExpired(t)
	if c := w.card(t, "hanako@example.jp"); len(c.Holds) != 0 || c.State() != Confirmed {
		t.Errorf("a hold that is over keeps something: %+v", c)
	}
}

// The end of a hold brings the ordinary expiry back: where that has passed meanwhile, the person is gone at once.
func TestEndHold(t *testing.T) {
	w := newWorld(t)
	w.signUp(t, hanako()) // never confirmed: gone after seven days
	person := w.person("hanako@example.jp")
	for range 2 { // the second is an extension: what is kept stays
		if err := w.list.Hold(t.Context(), person, w.hold(30)); err != nil {
			t.Fatal(err)
		}
		w.after(5 * day)
	}
	w.deleteExpired(t)
	c := w.card(t, "hanako@example.jp")
	if c == nil || c.State() != OnHold || len(c.Holds) != 1 || c.Holds[0].Subscriber.Fields["name"] != "山田 花子" {
		t.Fatalf("%+v", c)
	}
	if c.Since() != c.Holds[0].Since || c.Holds[0].Until != start.Add(35*day+2*time.Second).Unix() && c.Holds[0].Until <= start.Add(34*day).Unix() {
		t.Errorf("the extension: %+v", c.Holds[0].Hold)
	}
	if err := w.list.EndHold(t.Context(), person, "P-2026-0008"); !errors.Is(err, ErrNothingHeld) {
		t.Errorf("another case's: %v", err)
	}
	if err := w.list.EndHold(t.Context(), person, caseNumber); err != nil {
		t.Fatal(err)
	}
	if c := w.card(t, "hanako@example.jp"); c != nil {
		t.Errorf("something is left: %+v", c)
	}
	for _, item := range items(t, w, w.list.Table) {
		if strings.Contains(record.Text(item, "sk"), person) {
			t.Errorf("the table holds %v", item["pk"])
		}
	}
	if err := w.list.EndHold(t.Context(), person, caseNumber); !errors.Is(err, ErrNotFound) {
		t.Errorf("ended twice: %v", err)
	}
}

// Two cases hold one person, each to its own end; who is held is told page by page.
func TestSeveralHolds(t *testing.T) {
	w := newWorld(t)
	people := []string{}
	for _, email := range []string{"a@example.jp", "b@example.jp", "c@example.jp"} {
		w.subscribed(t, hanako("email", email))
		people = append(people, w.person(email))
		if err := w.list.Hold(t.Context(), w.person(email), w.hold(10)); err != nil {
			t.Fatal(err)
		}
	}
	incident := record.Hold{Until: w.now().Add(20 * day).Unix(), Reason: record.Incident, Reference: "I-3"}
	if err := w.list.Hold(t.Context(), people[0], incident); err != nil {
		t.Fatal(err)
	}
	if c := w.card(t, "a@example.jp"); len(c.Holds) != 2 || c.Holds[0].Reason != record.Incident {
		t.Errorf("%+v", c.Holds)
	}
	count := func() (n int, who []string) {
		for cursor, page := "", 0; page == 0 || cursor != ""; page++ {
			some, next, err := w.list.EverybodyHeld(t.Context(), cursor, 3)
			if err != nil || len(some) > 3 {
				t.Fatal(len(some), err)
			}
			for _, one := range some {
				n++
				who = append(who, one.Person)
			}
			cursor = next
		}
		return n, slices.Compact(slices.Sorted(slices.Values(who)))
	}
	if n, who := count(); n != 4 || !slices.Equal(who, slices.Sorted(slices.Values(people))) {
		t.Errorf("%d holds of %v", n, who)
	}
	w.after(11 * day) // the engine has not deleted them yet
	if n, who := count(); n != 1 || !slices.Equal(who, people[:1]) {
		t.Errorf("%d holds of %v", n, who)
	}
	if _, _, err := w.list.EverybodyHeld(t.Context(), "x", 3); !errors.Is(err, ErrCursor) {
		t.Errorf("a cursor of somebody's own making: %v", err)
	}
}

func TestHoldsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	person := w.person("hanako@example.jp")
	for name, test := range map[string]struct {
		change func(*record.Hold)
		want   error
	}{
		"over a year":         {func(h *record.Hold) { h.Until = w.now().Add(367 * day).Unix() }, record.ErrHoldUntil},
		"today":               {func(h *record.Hold) { h.Until = w.now().Unix() }, record.ErrHoldUntil},
		"no end":              {func(h *record.Hold) { h.Until = 0 }, record.ErrHoldUntil},
		"another reason":      {func(h *record.Hold) { h.Reason = "because" }, record.ErrHoldReason},
		"no reference":        {func(h *record.Hold) { h.Reference = "" }, record.ErrHoldReference},
		"a name":              {func(h *record.Hold) { h.Reference = "Yamada-Hanako" }, record.ErrHoldReference},
		"a name in Japanese":  {func(h *record.Hold) { h.Reference = "山田7" }, record.ErrHoldReference},
		"a long reference":    {func(h *record.Hold) { h.Reference = strings.Repeat("7", 41) }, record.ErrHoldReference},
		"a reference of many": {func(h *record.Hold) { h.Reference = "7#7" }, record.ErrHoldReference},
	} {
		h := w.hold(10)
		test.change(&h)
		if err := w.list.Hold(t.Context(), person, h); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.list.Hold(t.Context(), w.person("nobody@example.jp"), w.hold(10)); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	// Of whom only the wish is kept, nothing can be held.
	if err := w.list.OptOutUnknown(t.Context(), w.person("nobody@example.jp"), ChannelTelephone); err != nil {
		t.Fatal(err)
	}
	if err := w.list.Hold(t.Context(), w.person("nobody@example.jp"), w.hold(10)); !errors.Is(err, ErrNothingHeld) {
		t.Errorf("a wish: %v", err)
	}
	if c := w.card(t, "hanako@example.jp"); len(c.Holds) != 0 {
		t.Errorf("%+v", c.Holds)
	}
}

// Whoever tells staff not to write, and is not on the list, is not written to either: only the keyed hash is kept, and a list that comes
// later, on whatever paper it stood, changes nothing of it.
func TestOptOutUnknown(t *testing.T) {
	w := newWorld(t)
	to := parse("ＨＡＮＡＫＯ@Example.jp")
	person, err := w.list.Whose(t.Context(), to)
	if err != nil || person != w.person("hanako@example.jp") {
		t.Fatal(person, err)
	}
	for range 2 {
		if err := w.list.OptOutUnknown(t.Context(), person, ChannelLetter); err != nil {
			t.Fatal(err)
		}
		w.after(day)
	}
	all := items(t, w, w.list.Suppression)
	if len(all) != 1 || len(items(t, w, w.list.Table)) != 0 {
		t.Fatalf("%v", all)
	}
	for name, value := range all[0] {
		if !slices.Contains([]string{"pk", "sk", "reason", "since", "channel"}, name) {
			t.Errorf("%s: %v is kept of somebody unknown", name, value)
		}
	}
	c := w.card(t, "hanako@example.jp")
	if c.State() != Unsubscribed || c.Suppression.Channel != ChannelLetter || c.Since() != stamp(start) {
		t.Errorf("%+v", c.Suppression)
	}
	here, err := w.list.Look(t.Context(), []string{person})
	if err != nil || here[person].Free() || here[person].OptedOut() != string(Unsubscribed) {
		t.Errorf("an import finds %+v, %v", here[person], err)
	}
	// Somebody who has moved: the old address leads to the person.
	welcome := w.subscribed(t, hanako("email", "old@example.jp"))
	if err := w.change(welcome.Data["preferences"], hanako("email", "new@example.jp")); err != nil {
		t.Fatal(err)
	}
	if err := w.confirm(w.last(t, "new@example.jp", "address_confirm").Data["link"]); err != nil {
		t.Fatal(err)
	}
	if person, err = w.list.Whose(t.Context(), parse("old@example.jp")); err != nil || person != w.person("new@example.jp") {
		t.Fatal(err)
	}
	if err := w.list.OptOutUnknown(t.Context(), person, ChannelTelephone); err != nil || w.state(t, "new@example.jp") != Unsubscribed || !w.suppressed(t, "new@example.jp") {
		t.Errorf("%v, %s", err, w.state(t, "new@example.jp"))
	}
}
