package subscription

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// away brings a list to the day after a period's end, with a clock that was last there before the first letter: w's clock had asked all
// whose period ends before askedTo.
func (w *world) away(t *testing.T, askedTo func(ends time.Time) time.Time, emails ...string) (ends time.Time) {
	t.Helper()
	if err := w.list.Close(t.Context()); err != nil { // the months begin
		t.Fatal(err)
	}
	for _, email := range emails {
		w.subscribed(t, hanako("email", email))
	}
	s, _ := w.stored(t, emails[len(emails)-1])
	ends = time.Unix(s.ExpiresAt, 0)
	w.set(ends.Add(-leads.First - day))
	if mailed, _ := w.tick(t); mailed != 0 {
		t.Fatalf("%d letters before the first day", mailed)
	}
	if err := w.list.Seen(t.Context(), askedTo(ends)); err != nil {
		t.Fatal(err)
	}
	w.set(ends.Add(day))
	return ends
}

func asIfAsked(ends time.Time) time.Time { return ends.Add(-day) } // as far as the letters of that run go

// deleted is DynamoDB's TTL for one person.
func (w *world) deleted(t *testing.T, email string) {
	t.Helper()
	if _, err := w.list.Client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &w.list.Table, Key: Key(w.person(email))}); err != nil {
		t.Fatal(err)
	}
}

// ends holds what a run finds to what it should.
func (w *world) ends(t *testing.T, unasked, missed int) {
	t.Helper()
	got, more, err := w.list.Unasked(t.Context(), 100)
	if err != nil || more || got != unasked {
		t.Errorf("%d ended unasked, want %d: %v", got, unasked, err)
	}
	if got, _, err := w.list.Missed(t.Context()); err != nil || got != missed {
		t.Errorf("%d were missed, want %d: %v", got, missed, err)
	}
}

// Where the clock was away until the day, the record leaves on it as was promised; nobody is asked after it, nothing is suppressed, and all
// who left are counted once: whom the clock still sees, whom DynamoDB had deleted, and whose record a newer sign-up has replaced
// (decisions: "Retention of a subscriber"; R19, R57, hard case 24).
func TestUnasked(t *testing.T) {
	w := newWorld(t)
	emails := []string{"one@example.jp", "two@example.jp", "deleted@example.jp", "again@example.jp"}
	ends := w.away(t, asIfAsked, emails...)
	seen, _ := w.stored(t, "one@example.jp")
	w.deleted(t, "deleted@example.jp")
	w.signUp(t, hanako("email", "again@example.jp"))
	w.ends(t, 2, 2)
	w.ends(t, 0, 0)
	if got := w.numbers(t); got != (Numbers{Joined: 4, Expired: 4}) {
		t.Errorf("%+v", got)
	}
	w.addUp(t)
	for _, email := range emails {
		if n := len(w.mails(t, email, "stay")); n != 0 || w.suppressed(t, email) {
			t.Errorf("%s: %d letters, suppressed %t", email, n, w.suppressed(t, email))
		}
	}
	if _, found := w.stored(t, "two@example.jp"); found {
		t.Error("the record is still there")
	}
	if w.state(t, "again@example.jp") != Unconfirmed {
		t.Errorf("the newer sign-up is %q", w.state(t, "again@example.jp"))
	}
	if all := w.consents(t, "one@example.jp"); len(all) != 1 || all[0].EndedAt != unixText(seen.ExpiresAt) {
		t.Errorf("evidence: %+v", all)
	}
	months, _, err := w.list.Months(t.Context())
	if last := months[len(months)-1]; err != nil || last.Month != monthOf(ends.Add(day)) || last.Expired == 0 {
		t.Errorf("the last month: %+v %v", last, err)
	}
	w.subscribed(t, hanako("email", "two@example.jp"))
	if s, _ := w.stored(t, "two@example.jp"); s.State != Confirmed || s.ExpiresAt <= w.now().Unix() {
		t.Errorf("back by the form: %+v", s)
	}
}

// Nothing is made of the difference between list and months where the clock was there, or had asked far enough ahead.
func TestMissedOnlyAfterAnAbsence(t *testing.T) {
	for name, test := range map[string]struct {
		askedTo func(time.Time) time.Time
		again   time.Duration // how long before now a run saw the list once more; 0 for never
		want    int
	}{
		"away beyond its letters":           {asIfAsked, 0, 1},
		"the letters reached further":       {func(ends time.Time) time.Time { return ends.Add(10 * day) }, 0, 0},
		"there within the day":              {asIfAsked, deletedAfter - time.Second, 0},
		"a day without it":                  {asIfAsked, deletedAfter, 1},
		"letters that end on the last hour": {func(ends time.Time) time.Time { return ends.Add(day - time.Hour) }, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ends := w.away(t, test.askedTo, email)
			w.deleted(t, email)
			if now := w.now(); test.again != 0 {
				w.set(now.Add(-test.again))
				if err := w.list.Seen(t.Context(), test.askedTo(ends)); err != nil {
					t.Fatal(err)
				}
				w.set(now)
			}
			w.ends(t, 0, test.want)
		})
	}
	w := newWorld(t)
	w.subscribed(t, hanako())
	w.deleted(t, email)
	w.after(1000 * day)
	w.ends(t, 0, 0) // no run has ever seen the list: nothing is known to compare with
}

// Who was asked lapses by the lapse, and is not taken for somebody whom nobody asked, though the clock was away and the record has gone.
func TestAskedIsNotUnasked(t *testing.T) {
	w := newWorld(t)
	ends := w.away(t, asIfAsked, email)
	w.set(ends.Add(-day))
	if mailed, _ := w.tick(t); mailed != 1 {
		t.Fatal("not asked")
	}
	w.set(ends.Add(10 * day))
	w.deleted(t, email)
	if n, _, err := w.list.Lapsed(t.Context(), 100); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.ends(t, 0, 0)
	if got := w.numbers(t); got != (Numbers{Joined: 1, Expired: 1}) {
		t.Errorf("%+v", got)
	}
}

// TestUnaskedAtOnce: three runs meet. Whoever is first, everybody is counted once.
func TestUnaskedAtOnce(t *testing.T) {
	w := newWorld(t)
	w.away(t, asIfAsked, "one@example.jp", "two@example.jp", "deleted@example.jp")
	w.deleted(t, "deleted@example.jp")
	type act struct {
		name string
		do   func() error
	}
	run := act{"run", func() error { _, _, err := w.list.Unasked(context.Background(), 1); return err }}
	together(t, []act{run, run, run}, func(a act) (string, error) { return a.name, a.do() })
	for more := true; more; { // what a run found taken by another is left to the next
		var err error
		if _, more, err = w.list.Unasked(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
	}
	count := act{"count", func() error { _, _, err := w.list.Missed(context.Background()); return err }}
	together(t, []act{count, count, count}, func(a act) (string, error) { return a.name, a.do() })
	w.ends(t, 0, 0)
	if got := w.numbers(t); got != (Numbers{Joined: 3, Expired: 3}) {
		t.Errorf("%+v", got)
	}
	w.addUp(t)
}
