package roster

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/policy"
)

// mailed is a campaign to the newsletter in a state, begun now, with what became of each recipient.
func (w *world) mailed(state campaign.State, outcomes map[string]campaign.Outcome) campaign.Campaign {
	w.Helper()
	store := w.worker.Mailings.Campaigns
	c, err := store.Create(w.Context(), campaign.Campaign{ID: campaign.NewID(), Kind: policy.NewsletterIssue, Author: "x"},
		[]campaign.Content{{Language: policy.Japanese, Subject: "号", Body: "文"}})
	if err == nil {
		c, err = store.Change(w.Context(), c.ID, func(c *campaign.Campaign) error {
			c.State, c.StartedAt, c.Frozen = state, w.now().UnixMilli(), len(outcomes)
			return nil
		})
	}
	if err != nil {
		w.Fatal(err)
	}
	var keys []string
	became := map[string]campaign.Outcome{}
	for email, o := range outcomes {
		keys, became[w.person(email)] = append(keys, w.person(email)), o
	}
	slices.Sort(keys)
	for some := range slices.Chunk(keys, 2) { // several chunks, so that the neighbours of a key are in others
		chunk := campaign.NewChunk(c.ID, policy.Japanese, some, w.now().Add(30*24*time.Hour).Unix())
		for i, key := range some {
			chunk.Outcomes += strings.Repeat(" ", min(1, i)) + string(became[key])
		}
		campaigntest.Put(w, store, chunk)
	}
	return c
}

func (w *world) report(i Import) []string {
	w.Helper()
	var text bytes.Buffer
	if err := w.worker.Store.Report(w.Context(), i, policy.Japanese, &text); err != nil {
		w.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(text.String(), "\ufeff"), "\r\n"), "\r\n")
}

// An undo takes back everybody to whom no mail has gone. Who had one stays, and so does who has changed something; the report says of
// each row which, and why.
func TestUndoPersonByPerson(t *testing.T) {
	w := newWorld(t)
	outcomes := map[string]campaign.Outcome{"a@example.jp": campaign.Accepted("1"), "b@example.jp": campaign.Unknown, "c@example.jp": campaign.Failed("rejected"),
		"d@example.jp": campaign.Excluded("suppressed"), "e@example.jp": campaign.Failed(campaign.NoAnswer), "f@example.jp": campaign.InCall, "g@example.jp": campaign.Pending}
	content := head
	for _, name := range strings.Split("abcdefgh", "") { // h came after the campaign was fixed
		content += line(name + "@example.jp")
	}
	content += "x,山田,13,例示,trade\n" + line("i@example.jp")
	i := w.applied(content, nil)
	w.after(time.Minute)
	c := w.mailed(campaign.Sending, outcomes)
	if can, err := w.worker.Mailings.Undoable(t.Context(), w.worker.Store, i); can != IsMailing || err != nil {
		t.Fatalf("while it is sent: %q %v", can, err)
	}
	// i has left by the link meanwhile.
	person := w.person("i@example.jp")
	if err := w.list.OptOutByHand(t.Context(), person, "telephone"); err != nil {
		t.Fatal(err)
	}
	// Somebody who begins an undo just before a campaign is waited for, and nobody is taken back under its hands.
	i = w.act(i.ID, w.worker.Store.Undo)
	if i.Status != Applied || !i.Undoing || i.Undone != 0 || w.state("g@example.jp") != "confirmed" {
		t.Fatalf("%+v", i)
	}
	if _, err := w.worker.Mailings.Campaigns.Change(t.Context(), c.ID, func(c *campaign.Campaign) error { c.State = campaign.Paused; return nil }); err != nil {
		t.Fatal(err)
	}
	w.work()
	i = w.get(i.ID)
	if i.Status != Undone || i.Undoing || i.Undone != 4 || i.Kept != 5 || i.Mailed != 4 {
		t.Errorf("%+v", i)
	}
	for email, stays := range map[string]bool{"a": true, "b": true, "c": false, "d": false, "e": true, "f": true, "g": false, "h": false} {
		if got := w.state(email+"@example.jp") == "confirmed"; got != stays {
			t.Errorf("%s stays: %v", email, got)
		}
	}
	mail, changed := "取り消さずに残した,,"+Say(keptMailed, policy.Japanese), "取り消さずに残した,,"+Say(keptChanged, policy.Japanese)
	gone := "取り消し済み,,"
	want := []string{"行,結果,項目,理由", "2," + mail, "3," + mail, "4," + gone, "5," + gone, "6," + mail, "7," + mail, "8," + gone, "9," + gone,
		"10,エラー,メールアドレス," + Say("invalid", policy.Japanese), "11," + changed}
	got := w.report(i)
	if len(got) == len(want) {
		want[9] = got[9] // the sentence is the form's
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Where an issue has gone to everybody there is nothing to take back: the import stays applied. Recipients that a campaign does not keep any
// more count as reached.
func TestUndoWhereEverybodyWasReached(t *testing.T) {
	w := newWorld(t)
	i := w.applied(head+line("a@example.jp")+line("b@example.jp"), nil)
	w.after(time.Minute)
	w.mailed(campaign.Sent, map[string]campaign.Outcome{"a@example.jp": campaign.Accepted("1"), "b@example.jp": campaign.Accepted("2")})
	for days := range 2 {
		if can, err := w.worker.Mailings.Undoable(t.Context(), w.worker.Store, i); can != AllReached || err != nil {
			t.Errorf("after %d days: %q %v", days*31, can, err)
		}
		i = w.act(i.ID, w.worker.Store.Undo)
		if i.Status != Applied || i.Undoing || i.Undone != 0 || i.Mailed != 2 || w.state("a@example.jp") != "confirmed" {
			t.Errorf("after %d days: %+v", days*31, i)
		}
		w.after(31 * 24 * time.Hour) // the engine has not deleted the chunks yet: expired means absent
	}
	out := w.applied("メール\nz@example.jp\n", optOuts)
	if can, err := w.worker.Mailings.Undoable(t.Context(), w.worker.Store, out); can != CanUndo || err != nil {
		t.Errorf("opt-outs: %q %v", can, err)
	}
}

// A long import is undone in parts, and killed on the way it goes on: the report still says of each row what became of it.
func TestUndoOfManyParts(t *testing.T) {
	w := newWorld(t)
	content, outcomes := head, map[string]campaign.Outcome{}
	const people = 100
	for n := range people {
		email := fmt.Sprintf("p%03d@example.jp", n)
		content += line(email)
		if n%3 == 0 {
			outcomes[email] = campaign.Accepted(fmt.Sprint(n))
		}
	}
	i := w.applied(content, nil)
	w.after(time.Minute)
	w.mailed(campaign.Sent, outcomes)
	if _, err := w.worker.Store.Undo(t.Context(), i.ID); err != nil {
		t.Fatal(err)
	}
	for runs := 0; ; runs++ {
		w.kill.Store(w.calls.Load() + 7) // the worker dies after some calls
		err := w.worker.Work(t.Context(), w.now().Add(time.Hour))
		w.kill.Store(0)
		if i = w.get(i.ID); !i.Undoing {
			break
		}
		if runs > 100 {
			t.Fatal(err)
		}
	}
	if i.Status != Undone || i.Undone != people-len(outcomes) || i.Mailed != len(outcomes) {
		t.Errorf("%+v", i)
	}
	for n, got := range w.report(i)[1:] {
		email := fmt.Sprintf("p%03d@example.jp", n)
		_, stays := outcomes[email]
		if stays != strings.Contains(got, "残した") || stays != (w.state(email) == "confirmed") {
			t.Errorf("row %s: %v", got, stays)
		}
	}
}
