package subscription

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// A tick that is days late sends one letter, never both at once; and who has been asked late is not asked again at once.
func TestLateTick(t *testing.T) {
	for _, test := range []struct {
		name   string
		ticks  []time.Duration // before the end
		mailed []int
	}{
		{"in time", []time.Duration{60 * day, 30 * day, 14 * day, 7 * day}, []int{1, 0, 1, 0}},
		{"forty days late", []time.Duration{20 * day, 14 * day, 10 * day, day}, []int{1, 0, 0, 0}},
		{"thirty-nine days late", []time.Duration{21 * day, 14 * day, day}, []int{1, 1, 0}},
		{"the last hour", []time.Duration{time.Hour, time.Minute}, []int{1, 0}},
		{"the second is late", []time.Duration{60 * day, day, time.Hour}, []int{1, 1, 0}},
		{"too late", []time.Duration{0, -time.Hour}, []int{0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.subscribed(t, hanako())
			s, _ := w.stored(t, email)
			for i, before := range test.ticks {
				w.set(time.Unix(s.ExpiresAt, 0).Add(-before))
				if mailed, _ := w.tick(t); mailed != test.mailed[i] {
					t.Errorf("%s before the end: %d letters, want %d", before, mailed, test.mailed[i])
				}
			}
		})
	}
}

// Who cannot be written to, does not want it, or waits for staff is not asked (R57, R77).
func TestWhoIsNotAsked(t *testing.T) {
	for state, w := range states(t) {
		s, found := w.stored(t, email)
		if !found {
			t.Fatalf("%s: no record", state)
		}
		w.set(time.Unix(s.ExpiresAt, 0).Add(-time.Hour))
		want := 0
		if state == Confirmed {
			want = 1
		}
		if mailed, _ := w.tick(t); mailed != want || len(w.mails(t, email, "stay")) != want {
			t.Errorf("%s: %d letters", state, mailed)
		}
	}
	for _, reason := range []string{"stop_use", "complained"} {
		w := newWorld(t)
		w.subscribed(t, hanako())
		s, _ := w.stored(t, email)
		if _, err := record.Put(t.Context(), w.list.Client, w.list.Suppression, suppression{Person: w.person(email), List: "newsletter", Reason: reason}, record.Condition{}); err != nil {
			t.Fatal(err)
		}
		w.set(time.Unix(s.ExpiresAt, 0).Add(-leads.First))
		for range 2 {
			if mailed, _ := w.tick(t); mailed != 0 || len(w.mails(t, email, "stay")) != 0 {
				t.Errorf("%s: asked", reason)
			}
		}
		if due, err := w.list.DueFor(t.Context(), FirstLetter, leads, 10); err != nil || len(due) != 0 {
			t.Errorf("%s: looked at again in each run: %v %v", reason, due, err)
		}
		w.set(time.Unix(s.ExpiresAt, 0))
		if _, lapsed := w.tick(t); lapsed != 1 {
			t.Errorf("%s: does not lapse", reason)
		}
	}
}

func TestLeads(t *testing.T) {
	periods := policy.DefaultPeriods(policy.Get(policy.Newsletter))
	for name, test := range map[string]struct {
		leads Leads
		ok    bool
	}{
		"the template's":     {leads, true},
		"none":               {Leads{}, false},
		"the second first":   {Leads{14 * day, 60 * day}, false},
		"longer than it":     {Leads{1095 * day, 14 * day}, false},
		"in the second half": {Leads{547 * day, 14 * day}, true},
	} {
		if err := test.leads.Check(periods); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The index holds who may be asked, and nothing of them but keys and the day.
func TestEndingHoldsKeysOnly(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	w.signUp(t, hanako("email", "waits@example.jp"))
	name := indexEnding
	out, err := w.list.Client.Scan(t.Context(), &dynamodb.ScanInput{TableName: &w.list.Table, IndexName: &name})
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("%d in the index: %v", len(out.Items), err)
	}
	for attribute := range out.Items[0] {
		switch attribute {
		case "pk", "sk", "ending", "expires_at":
		default:
			t.Errorf("the index holds %s", attribute)
		}
	}
}
