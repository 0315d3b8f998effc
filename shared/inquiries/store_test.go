package inquiries_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/inquiriestest"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const day = 24 * time.Hour

func open(t *testing.T) (*inquiriestest.World, *inquiries.Store) {
	t.Helper()
	w := inquiriestest.New(t)
	s, err := inquiries.NewStore(inquiries.Store{Client: w.Client, Outbox: w.Mail.Table, AddressKey: config.Key(inquiriestest.AddressKey),
		Guard: guard.Store{Client: w.Client, Table: w.GuardName, Key: config.Key(inquiriestest.AddressKey)},
		Keys:  config.Keys{config.Key(inquiriestest.LinkKey)}, Periods: policy.DefaultPeriods(policy.Get(policy.Inquiry))},
		inquiries.Settings{Table: w.Table, Staff: inquiriestest.Staff, Inbound: inquiriestest.Inbound})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// arrive stores an inquiry of hanako by the form.
func arrive(t *testing.T, s *inquiries.Store, at time.Time, change func(*inquiries.Arrival)) inquiries.Arrival {
	t.Helper()
	to, err := address.Parse("hanako@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	a := inquiries.Arrival{At: at, Ack: to, Once: func(*record.Transaction) {},
		Case:    inquiries.Case{Reference: record.Reference(inquiries.Prefix, at), Channel: policy.ChannelForm, Language: policy.Japanese, Person: to.Key(s.AddressKey)},
		Message: inquiries.Message{Name: "山田 花子", Email: "hanako@example.jp", Text: "資料について"}}
	if change != nil {
		change(&a)
	}
	if err := s.Receive(t.Context(), a); err != nil {
		t.Fatalf("receive: %v", err)
	}
	return a
}

// A case is found by its state, the newest first, page by page; an expired one is in no list (hard case 24).
func TestDesk(t *testing.T) {
	_, s := open(t)
	now := inquiriestest.Now()
	var want []string
	for i := range 5 {
		want = append(want, arrive(t, s, now.Add(time.Duration(i)*time.Second), nil).Case.Reference)
	}
	slices.Reverse(want)
	list := func(state inquiries.State, at time.Time) (got []string) {
		t.Helper()
		var cursor record.Item
		for {
			page, next, err := s.List(t.Context(), state, 2, at, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				got = append(got, c.Reference)
			}
			if cursor = next; cursor == nil {
				return got
			}
		}
	}
	if diff := cmp.Diff(want, list(inquiries.New, now.Add(time.Minute))); diff != "" {
		t.Errorf("new: %s", diff)
	}
	if got := list(inquiries.New, now.Add(731*day)); got != nil {
		t.Errorf("expired cases are listed: %v", got)
	}
	moved := now.Add(time.Hour)
	if err := s.Move(t.Context(), want[3], inquiries.New, inquiries.Open, moved); err != nil {
		t.Fatal(err)
	}
	if err := s.Move(t.Context(), want[3], inquiries.New, inquiries.Open, moved); !errors.Is(err, inquiries.ErrMoved) {
		t.Errorf("moved twice: %v", err)
	}
	if err := s.Move(t.Context(), want[3], inquiries.Open, inquiries.Machine, moved); !errors.Is(err, inquiries.ErrMove) {
		t.Errorf("a move that the desk does not have: %v", err)
	}
	if err := s.Move(t.Context(), "I261124-AAAAAAAAA", inquiries.New, inquiries.Open, moved); !errors.Is(err, inquiries.ErrNoCase) {
		t.Errorf("no case: %v", err)
	}
	if diff := cmp.Diff([]string{want[3]}, list(inquiries.Open, moved)); diff != "" || slices.Contains(list(inquiries.New, moved), want[3]) {
		t.Errorf("after the move: %s", diff)
	}
}

// Requirements, "Retention of an inquiry": two years from receipt; a year from closing, never later than the two years; taken up
// again, the two years hold again.
func TestExpiry(t *testing.T) {
	w, s := open(t)
	received := inquiriestest.Now()
	ref := arrive(t, s, received, func(a *inquiries.Arrival) {
		mark := s.MarkOf("<1@example.jp>", a.Case.Person)
		mark.Reference, a.Message.MarkPK, a.Message.Mark = a.Case.Reference, mark.PK, mark.SK
		arrival := *a
		a.Once = func(tx *record.Transaction) { s.SetMark(tx, mark, arrival) }
	}).Case.Reference
	want := func(name string, at time.Time) {
		t.Helper()
		items := w.All(t)
		if len(items) != 3 {
			t.Fatalf("%d items, want head, message and mark", len(items))
		}
		for _, item := range items {
			if item["expires_at"] != float64(at.Unix()) {
				t.Errorf("%s: %v expires at %v, want %d", name, item["sk"], item["expires_at"], at.Unix())
			}
		}
	}
	want("open", received.Add(730*day))
	early, late := received.Add(10*day), received.Add(700*day)
	for _, step := range []struct {
		name     string
		from, to inquiries.State
		at       time.Time
		expires  time.Time
	}{
		{"closed", inquiries.New, inquiries.Closed, early, early.Add(365 * day)},
		{"taken up again", inquiries.Closed, inquiries.Open, early, received.Add(730 * day)},
		{"closed late", inquiries.Open, inquiries.Closed, late, received.Add(730 * day)},
	} {
		if err := s.Move(t.Context(), ref, step.from, step.to, step.at); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		want(step.name, step.expires)
	}
	_, _, found, err := s.Get(t.Context(), ref, received.Add(731*day))
	if err != nil || found {
		t.Errorf("an expired case is found: %v, %v", found, err)
	}
}

// One more message takes a case back to the desk's new ones and keeps it together; a case that has ended takes nothing.
func TestThread(t *testing.T) {
	_, s := open(t)
	now := inquiriestest.Now()
	ref := arrive(t, s, now, nil).Case.Reference
	if err := s.Move(t.Context(), ref, inquiries.New, inquiries.Closed, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	follow := func(a *inquiries.Arrival) {
		a.Follows, a.Case.Reference, a.Message.Text = true, ref, "追加です 123456789018"
	}
	arrive(t, s, now.Add(time.Hour), follow)
	head, messages, found, err := s.Get(t.Context(), ref, now.Add(2*time.Hour))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if head.State != inquiries.New || head.Messages != 2 || head.Identities != 1 || head.ClosedAt != "" || len(messages) != 2 || messages[0].Text != "資料について" {
		t.Errorf("head %+v, %d messages", head, len(messages))
	}
	a := inquiries.Arrival{At: now.Add(900 * day), Follows: true, Case: inquiries.Case{Reference: ref, Language: policy.Japanese}, Once: func(*record.Transaction) {}}
	if err := s.Receive(t.Context(), a); !errors.Is(err, inquiries.ErrNoCase) {
		t.Errorf("a message to an expired case: %v", err)
	}
}

// Hard case 34: 200 inquiries with a victim's address as sender, in parallel, are all kept; the victim gets three mails, staff a
// hundred, and none of them holds anything that was typed.
func TestFlood(t *testing.T) {
	w, s := open(t)
	now := inquiriestest.Now()
	var group sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range 200 {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			to, _ := address.Parse("victim@example.com")
			err := s.Receive(t.Context(), inquiries.Arrival{At: now, Ack: to, Once: func(*record.Transaction) {},
				Case:    inquiries.Case{Reference: record.Reference(inquiries.Prefix, now), Channel: policy.ChannelForm, Language: policy.English, Person: to.Key(s.AddressKey)},
				Message: inquiries.Message{Name: "http://evil.example", Email: "victim@example.com", Text: fmt.Sprintf("You have won %d http://evil.example", i)}})
			if err != nil {
				t.Errorf("receive: %v", err)
			}
		})
	}
	group.Wait()
	cases := 0
	counters := map[byte]int{} // five counters share the hundred
	for _, item := range w.All(t) {
		if item["sk"] == "case" {
			cases++
			ref := fmt.Sprint(item["pk"])
			counters[ref[len(ref)-1]%5]++
		}
	}
	want := 0
	for _, n := range counters {
		want += min(n, inquiries.NoticesPerDay/5)
	}
	acks, notices := w.Mails(t, policy.InquiryReceived), w.Mails(t, policy.InquiryStaffNotice)
	if cases != 200 || len(acks) != inquiries.AcknowledgementsPerForm || len(notices) != want || want > inquiries.NoticesPerDay || want < 80 {
		t.Errorf("%d cases, %d acknowledgements, %d notices, want %d", cases, len(acks), len(notices), want)
	}
	for _, row := range append(acks, notices...) {
		data, _ := json.Marshal(row.Data)
		if strings.Contains(string(data), "evil") || strings.Contains(string(data), "won") {
			t.Errorf("a mail holds what was typed: %s", data)
		}
		if row.Kind == policy.InquiryStaffNotice && (row.To != inquiriestest.Staff || row.ReplyTo != inquiriestest.Staff || strings.Contains(string(data), "victim")) {
			t.Errorf("notice to %s, reply to %s: %s", row.To, row.ReplyTo, data)
		}
	}
	// The next day the address is acknowledged again.
	arrive(t, s, now.Add(day), func(a *inquiries.Arrival) { a.Ack, _ = address.Parse("victim@example.com") })
	if n := len(w.Mails(t, policy.InquiryReceived)); n != inquiries.AcknowledgementsPerForm+1 {
		t.Errorf("%d acknowledgements after a day", n)
	}
}

// The answer to an acknowledgement comes back to its case, and only an address that we made does.
func TestThreadAddress(t *testing.T) {
	current, previous := config.Key(inquiriestest.LinkKey), config.Key("previous-link-key-of-thirty-two-b")
	const ref = "I261124-ABCDEFGH2"
	thread := inquiries.Thread(config.Keys{previous}, inquiriestest.Inbound, ref)
	local, _, _ := strings.Cut(thread, "@")
	if len(local) > 64 || strings.ToLower(thread) != thread {
		t.Errorf("thread address %q", thread)
	}
	other := inquiries.Thread(config.Keys{current}, inquiriestest.Inbound, "I261124-ABCDEFGH3")
	_, otherTag, _ := strings.Cut(other, "gh3-")
	for _, test := range []struct {
		name, address string
		ok            bool
	}{
		{"as written", thread, true},
		{"in capitals", strings.ToUpper(thread), true},
		{"another case's tag", thread[:strings.LastIndexByte(thread, '-')+1] + otherTag, false},
		{"without a tag", "inquiry+i261124-abcdefgh2@forms.example.jp", false},
		{"another domain", strings.Replace(thread, "forms.", "evil.", 1), false},
		{"the plain address", inquiriestest.Inbound, false},
		{"nothing", "", false},
	} {
		got, ok := inquiries.ReadThread(config.Keys{current, previous}, inquiriestest.Inbound, test.address)
		if ok != test.ok || ok && got != ref {
			t.Errorf("%s: %q, %v", test.name, got, ok)
		}
	}
	if got := inquiries.Thread(config.Keys{current}, "", ref); got != "" {
		t.Errorf("without an inbound address: %q", got)
	}
	if got := inquiries.Thread(config.Keys{current}, "an-address-of-far-more-letters-than-needed@example.jp", ref); got != "" {
		t.Errorf("a local part of more than 64 letters: %q", got)
	}
}

// Hard case 35: a notice must not come back as an inquiry.
func TestStaffIsNotInbound(t *testing.T) {
	for _, test := range []struct{ staff, inbound, word string }{
		{"Inquiry@forms.example.jp", "inquiry@forms.example.jp", "INQUIRY_STAFF_ADDRESS"},
		{"nobody", "inquiry@forms.example.jp", "INQUIRY_STAFF_ADDRESS"}, {"staff@example.jp", "nobody", "INBOUND_ADDRESS"},
	} {
		_, err := inquiries.NewStore(inquiries.Store{}, inquiries.Settings{Table: "t", Staff: test.staff, Inbound: test.inbound})
		if err == nil || !strings.Contains(err.Error(), test.word) {
			t.Errorf("staff %s, inbound %s: %v", test.staff, test.inbound, err)
		}
	}
}

// R10: numbers of identity documents are kept as they were written, and masked with a warning for staff.
func TestMaskedView(t *testing.T) {
	m := inquiries.Message{Name: "山田", Subject: "旅券 TK1234567", Text: "番号は1234-5678-9018です。電話は03-1234-5678。", From: "hanako@example.jp",
		Attachments: []inquiries.Attachment{{Name: "TK7654321.pdf"}}, Verdict: &inquiries.Verdict{DMARC: "fail"}}
	want := inquiries.View{Name: "山田", Subject: "旅券 *********", Text: "番号は****-****-****です。電話は03-1234-5678。", From: "hanako@example.jp",
		Attachments: []inquiries.Attachment{{Name: "*********.pdf"}}, Forged: true}
	got := m.View()
	kinds := got.Identities
	got.Identities = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(kinds) != 2 || m.Attachments[0].Name != "TK7654321.pdf" || !strings.Contains(m.Text, "1234-5678-9018") {
		t.Errorf("warnings %v; the message is changed: %+v", kinds, m)
	}
}
