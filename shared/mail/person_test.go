package mail

import (
	"testing"
	"time"

	"madoguchi/shared/policy"
)

// What became of a person's mails of one service, the newest first: nothing of other services, no address, no link and no word.
func TestOfPerson(t *testing.T) {
	b := newOutbox(t)
	other := confirmation()
	other.ID, other.Service, other.Kind = "OTHER", policy.Press, policy.PressConfirm
	b.enqueue(t, other)
	stranger := confirmation()
	stranger.ID, stranger.Person = "STRANGER", "0123456789abcdef0123456789abcdef"
	b.enqueue(t, stranger)
	var want []string
	for _, id := range []string{"FIRST", "SECOND", "THIRD"} {
		b.clock = b.clock.Add(time.Minute)
		m := confirmation()
		m.ID = id
		b.enqueue(t, m)
		want = append([]string{id}, want...)
	}
	if ok, err := b.Delivered(t.Context(), "SECOND", "m1", b.clock); !ok || err != nil {
		t.Fatal(ok, err)
	}
	rows, err := OfPerson(t.Context(), b.client, b.table, policy.Newsletter, confirmation().Person, b.clock)
	if err != nil || len(rows) != len(want) {
		t.Fatalf("%d mails, %v", len(rows), err)
	}
	for i, row := range rows {
		if row.ID != want[i] || row.To != "" || row.Data != nil || row.Unsub != "" {
			t.Errorf("%d is %+v", i, row)
		}
	}
	if rows[1].State != Accepted || rows[1].Delivered == 0 {
		t.Errorf("the delivered one is %+v", rows[1])
	}
	// Hard case 24: what has expired is not told.
	if rows, err := OfPerson(t.Context(), b.client, b.table, policy.Newsletter, confirmation().Person, b.clock.AddDate(5, 0, 0)); len(rows) != 0 || err != nil {
		t.Errorf("%d mails after years, %v", len(rows), err)
	}
}
