package subscription

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/record"
)

// TestChangePreferences: everything but the address takes effect at once; expiry and evidence stay as they are, because
// changing a name is no new consent.
func TestChangePreferences(t *testing.T) {
	w := newWorld(t)
	link := w.subscribed(t, hanako()).Data["preferences"]
	was, _ := w.stored(t, "hanako@example.jp")
	w.after(time.Hour)
	evidence, mails := w.consents(t, "hanako@example.jp"), len(w.mails(t, "hanako@example.jp", ""))
	body := url.Values{"name": {"山田 はな"}, "prefecture": {"99"}, "email": {"HANAKO@example.jp"}}
	answer := w.do(http.MethodPost, link, body.Encode())
	if answer.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	want := was
	want.Email = "HANAKO@example.jp" // the same mailbox in another spelling needs no confirmation
	want.Fields = map[string]string{"name": "山田 はな", "prefecture": "99", "organization": "例示株式会社", "business_category": "trade"}
	got, _ := w.stored(t, "hanako@example.jp")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subscriber: %s", diff)
	}
	if diff := cmp.Diff(evidence, w.consents(t, "hanako@example.jp")); diff != "" || len(w.mails(t, "hanako@example.jp", "")) != mails {
		t.Errorf("evidence: %s; mails %v", diff, kinds(w.mails(t, "hanako@example.jp", "")))
	}
	page := w.do(http.MethodGet, answer.Header().Get("Location"), "")
	if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "変更を保存しました。") || !strings.Contains(page.Body.String(), `value="山田 はな"`) {
		t.Errorf("page after saving: %d %s", page.Code, page.Body)
	}
}

// TestWrongPreferences: what a sign-up refuses the preferences refuse too, with the values kept and nothing stored.
func TestWrongPreferences(t *testing.T) {
	w := newWorld(t)
	link := w.subscribed(t, hanako()).Data["preferences"]
	before := w.snapshot(t)
	for name, body := range map[string]url.Values{
		"address (hard case 8)":     {"email": {"Bob <a@example.jp>"}, "name": {"新しい名前"}},
		"no name":                   {"name": {"\u3000"}, "organization": {"新しい名前"}},
		"prefecture (hard case 7)":  {"prefecture": {"48"}, "name": {"新しい名前"}},
		"category":                  {"business_category": {"piracy"}, "name": {"新しい名前"}},
		"line break (hard case 4)":  {"name": {"a\r\nBcc: x@example.jp"}, "organization": {"新しい名前"}},
		"invisible (hard case 2)":   {"email": {"a\u200b@example.jp"}, "name": {"新しい名前"}},
		"direction (hard case 2)":   {"organization": {"a\u202eb"}, "name": {"新しい名前"}},
		"given twice":               {"name": {"新しい名前", "x"}},
		"too long: 101 characters":  {"name": {strings.Repeat("あ", 101)}, "organization": {"新しい名前"}},
		"address of 255 characters": {"email": {strings.Repeat("a", 60) + "@" + strings.Repeat("b.", 96) + "jp"}, "name": {"新しい名前"}},
	} {
		answer := w.do(http.MethodPost, link, body.Encode())
		if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), "新しい名前") {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("stored: %s", diff)
	}
}

// TestChangeOfAddress holds what a change of address stores and sends, step by step.
func TestChangeOfAddress(t *testing.T) {
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	was, _ := w.stored(t, "hanako@example.jp")
	w.after(time.Hour)
	if err := w.change(welcome.Data["preferences"], hanako("email", "new@例え.jp", "name", "山田 はな")); err != nil {
		t.Fatal(err)
	}
	// Until the new address confirms, nothing moves but the name.
	waiting, _ := w.stored(t, "hanako@example.jp")
	if waiting.State != Confirmed || waiting.Email != "hanako@example.jp" || waiting.Fields["name"] != "山田 はな" || waiting.ExpiresAt != was.ExpiresAt {
		t.Errorf("before its confirmation: %+v", waiting)
	}
	if _, found := w.stored(t, "new@例え.jp"); found {
		t.Error("an address that has not confirmed has a record")
	}
	asked := w.last(t, "new@例え.jp", "address_confirm")
	if asked.To != "new@xn--r8jz45g.jp" {
		t.Errorf("mail to %s", asked.To)
	}
	w.after(2 * day)
	if err := w.confirm(asked.Data["link"]); err != nil {
		t.Fatal(err)
	}

	moved, _ := w.stored(t, "new@例え.jp")
	if moved.State != Confirmed || moved.Email != "new@例え.jp" || moved.Fields["name"] != "山田 はな" || moved.Change != nil ||
		moved.ExpiresAt != w.now().Add(1095*day).Unix() {
		t.Errorf("moved: %+v", moved)
	}
	if w.state(t, "hanako@example.jp") != "" {
		t.Errorf("the old address is %q", w.state(t, "hanako@example.jp"))
	}
	if got := w.last(t, "new@例え.jp", "welcome"); got.Data["name"] != "山田 はな" {
		t.Errorf("welcome %+v", got)
	}
	// The old address learns that it was replaced, and nothing of the new one.
	if notice := w.last(t, "hanako@example.jp", "address_changed"); len(notice.Data) != 0 {
		t.Errorf("notice to the old address: %v", notice.Data)
	}
	old, fresh := w.consents(t, "hanako@example.jp"), w.consents(t, "new@例え.jp")
	if len(old) != 1 || old[0].EndedAt != stamp(w.now()) || old[0].ExpiresAt != w.now().Add(365*day).Unix() {
		t.Errorf("evidence of the old address %+v", old)
	}
	if len(fresh) != 1 || fresh[0].EndedAt != "" || fresh[0].Policy != was.Policy || fresh[0].FormVersion != was.FormVersion || fresh[0].Ref != moved.Ref {
		t.Errorf("evidence of the new address %+v", fresh)
	}
	// The same click once more.
	before := w.snapshot(t)
	if err := w.confirm(asked.Data["link"]); err != nil || cmp.Diff(before, w.snapshot(t)) != "" {
		t.Errorf("confirmed twice: %v %s", err, cmp.Diff(before, w.snapshot(t)))
	}
}

// TestOldLinksAfterAChangeOfAddress: links in mails to the old address reach the person that moved, also when somebody
// has signed the old address up again, and after two changes and the way back.
func TestOldLinksAfterAChangeOfAddress(t *testing.T) {
	for _, test := range []struct {
		name   string
		do     func(t *testing.T, w *world)
		person string // address under which the person is now
	}{
		{"moved", func(*testing.T, *world) {}, "b@example.jp"},
		{"a stranger signed the old address up", func(t *testing.T, w *world) { w.signUp(t, hanako("name", "なりすまし")) }, "b@example.jp"},
		{"and that has expired and was deleted", func(t *testing.T, w *world) {
			w.signUp(t, hanako("name", "なりすまし"))
			w.after(8 * day)
			w.deleteExpired(t)
		}, "b@example.jp"},
		{"moved on", func(t *testing.T, w *world) { w.move(t, "b@example.jp", "c@example.jp") }, "c@example.jp"},
		{"moved on and back", func(t *testing.T, w *world) {
			w.move(t, "b@example.jp", "c@example.jp")
			w.move(t, "c@example.jp", "hanako@example.jp")
		}, "hanako@example.jp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			welcome := w.moved(t, hanako(), "b@example.jp")
			test.do(t, w)
			w.mustUnsubscribe(t, welcome["unsubscribe"])
			if w.state(t, test.person) != Unsubscribed || !w.suppressed(t, test.person) {
				t.Errorf("%s is %q, suppressed %v", test.person, w.state(t, test.person), w.suppressed(t, test.person))
			}
			if err := w.undo(welcome["unsubscribe"]); err != nil || w.state(t, test.person) != Confirmed {
				t.Errorf("undo: %v, %q", err, w.state(t, test.person))
			}
		})
	}
}

// move changes the address of a subscriber by the links of its last welcome mail.
func (w *world) move(t fatal, from, to string) {
	t.Helper()
	w.after(time.Hour)
	if err := w.change(w.last(t, from, "welcome").Data["preferences"], hanako("email", to)); err != nil {
		t.Fatalf("move: %v", err)
	}
	w.after(time.Hour)
	if err := w.confirm(w.last(t, to, "address_confirm").Data["link"]); err != nil {
		t.Fatalf("move: %v", err)
	}
}

// TestOwnerOfAnAddressGivenUp: whoever confirms an address that a subscriber gave up is a subscriber of their own; the two
// do not touch each other.
func TestOwnerOfAnAddressGivenUp(t *testing.T) {
	w := newWorld(t)
	w.moved(t, hanako(), "new@example.jp")
	second := w.subscribed(t, hanako("name", "佐藤 次郎"))
	w.mustUnsubscribe(t, second.Unsub)
	if w.state(t, "hanako@example.jp") != Unsubscribed || w.state(t, "new@example.jp") != Confirmed {
		t.Errorf("old %q, new %q", w.state(t, "hanako@example.jp"), w.state(t, "new@example.jp"))
	}
}

// TestPageDoesNotTellWhoIsSubscribed: a subscriber who enters another's address as the new one sees the same page whether
// it is known or not; a known one gets a mail that says so, and keeps its own record.
func TestPageDoesNotTellWhoIsSubscribed(t *testing.T) {
	pages := map[bool]string{}
	for _, known := range []bool{false, true} {
		w := newWorld(t)
		if known {
			w.subscribed(t, hanako("email", "jiro@example.jp", "name", "佐藤 次郎"))
		}
		w.set(start.Add(time.Hour))
		link := w.subscribed(t, hanako()).Data["preferences"]
		answer := w.do(http.MethodPost, link, url.Values{"email": {"jiro@example.jp"}}.Encode())
		page := w.do(http.MethodGet, answer.Header().Get("Location"), "")
		_, token, _ := strings.Cut(link, "t=")
		pages[known] = strings.ReplaceAll(fmt.Sprint(answer.Code, page.Code, page.Body), token, "TOKEN")
		want := "newsletter_address_confirm"
		if known {
			want = "newsletter_already"
			if s, _ := w.stored(t, "jiro@example.jp"); s.State != Confirmed || s.Fields["name"] != "佐藤 次郎" {
				t.Errorf("the other's record became %+v", s)
			}
		}
		mails := w.mails(t, "jiro@example.jp", "")
		if got := mails[len(mails)-1]; string(got.Kind) != want {
			t.Errorf("known %v: mail %s", known, got.Kind)
		}
	}
	if !strings.Contains(pages[false], "jiro@example.jp") {
		t.Errorf("the page does not say what happens next: %s", pages[false])
	}
	if diff := cmp.Diff(pages[false], pages[true]); diff != "" {
		t.Errorf("the page tells: %s", diff)
	}
}

// TestNewAddressSubscribedMeanwhile: where the new address became a subscriber by itself before the click, its own record
// stays and the old one gives way to it.
func TestNewAddressSubscribedMeanwhile(t *testing.T) {
	w := newWorld(t)
	welcome := w.subscribed(t, hanako())
	if err := w.change(welcome.Data["preferences"], hanako("email", "new@example.jp")); err != nil {
		t.Fatal(err)
	}
	w.subscribed(t, hanako("email", "new@example.jp", "name", "佐藤 次郎"))
	if err := w.confirm(w.last(t, "new@example.jp", "address_confirm").Data["link"]); err != nil {
		t.Fatal(err)
	}
	if s, _ := w.stored(t, "new@example.jp"); s.State != Confirmed || s.Fields["name"] != "佐藤 次郎" || w.state(t, "hanako@example.jp") != "" {
		t.Errorf("new %+v, old %q", s, w.state(t, "hanako@example.jp"))
	}
	w.mustUnsubscribe(t, welcome.Unsub)
	if w.state(t, "new@example.jp") != Unsubscribed {
		t.Error("the old link does not reach the person")
	}
}

// TestDeadChangeOfAddress: a change that was replaced, given up, or came too late does nothing; one that waits ends with
// the subscription.
func TestDeadChangeOfAddress(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(t *testing.T, w *world, preferences string)
		want error
	}{
		{"too late", func(_ *testing.T, w *world, _ string) { w.after(7 * day) }, ErrGone},
		{"unsubscribed since", func(t *testing.T, w *world, _ string) {
			w.mustUnsubscribe(t, w.last(t, "hanako@example.jp", "welcome").Unsub)
		}, ErrGone},
		{"replaced by another", func(t *testing.T, w *world, preferences string) {
			if err := w.change(preferences, hanako("email", "third@example.jp")); err != nil {
				t.Fatal(err)
			}
		}, ErrGone},
		{"given up", func(t *testing.T, w *world, preferences string) {
			if err := w.change(preferences, hanako()); err != nil {
				t.Fatal(err)
			}
		}, ErrGone},
		{"replaced by another that was confirmed", func(t *testing.T, w *world, preferences string) {
			if err := w.change(preferences, hanako("email", "third@example.jp")); err != nil {
				t.Fatal(err)
			}
			if err := w.confirm(w.last(t, "third@example.jp", "address_confirm").Data["link"]); err != nil {
				t.Fatal(err)
			}
		}, ErrGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			preferences := w.subscribed(t, hanako()).Data["preferences"]
			if err := w.change(preferences, hanako("email", "new@example.jp")); err != nil {
				t.Fatal(err)
			}
			test.do(t, w, preferences)
			before := w.snapshot(t)
			if err := w.confirm(w.last(t, "new@example.jp", "address_confirm").Data["link"]); !errors.Is(err, test.want) {
				t.Errorf("confirm: %v, want %v", err, test.want)
			}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				page := w.do(method, w.last(t, "new@example.jp", "address_confirm").Data["link"], "")
				if page.Code != http.StatusGone || strings.Contains(page.Body.String(), "変更しました") {
					t.Errorf("%s: the page says that something was changed: %d", method, page.Code)
				}
			}
			if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
				t.Errorf("changed: %s", diff)
			}
		})
	}
}

// TestStaleLink: a link older than a day shows nothing and changes nothing, because newsletters are forwarded; it mails a
// fresh one to the subscriber's own address, three times a day, and its answer does not tell whether there is one.
func TestStaleLink(t *testing.T) {
	w := newWorld(t)
	link := w.subscribed(t, hanako()).Data["preferences"]
	if page := w.do(http.MethodGet, link, ""); !strings.Contains(page.Body.String(), "山田 花子") {
		t.Fatalf("fresh link: %d %s", page.Code, page.Body)
	}
	w.after(day + time.Second)
	if page := w.do(http.MethodGet, link, ""); page.Code != http.StatusOK || strings.Contains(page.Body.String(), "山田") || strings.Contains(page.Body.String(), "example.jp") {
		t.Errorf("stale link: %d %s", page.Code, page.Body)
	}
	before := w.snapshot(t)
	if answer := w.do(http.MethodPost, link, url.Values{"name": {"なりすまし"}}.Encode()); answer.Code != http.StatusGone {
		t.Errorf("stale change: %d", answer.Code)
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("stale change: %s", diff)
	}
	var answers []string
	for range 5 {
		answers = append(answers, w.do(http.MethodPost, link, "action=fresh").Body.String())
	}
	mails := w.mails(t, "hanako@example.jp", "preferences")
	if len(mails) != mailsPerDay {
		t.Errorf("%d mails", len(mails))
	}
	if page := w.do(http.MethodGet, mails[0].Data["link"], ""); !strings.Contains(page.Body.String(), "山田 花子") {
		t.Errorf("the fresh link: %d %s", page.Code, page.Body)
	}
	w.mustUnsubscribe(t, mails[0].Unsub)
	answers = append(answers, w.do(http.MethodPost, link, "action=fresh").Body.String())
	for _, answer := range answers {
		if diff := cmp.Diff(answers[0], answer); diff != "" {
			t.Errorf("the answer tells: %s", diff)
		}
	}
	if page := w.do(http.MethodGet, mails[0].Data["link"], ""); page.Code != http.StatusGone {
		t.Errorf("preferences of somebody who left: %d", page.Code)
	}
}

// TestChangeOfAddressAtTheCap: a new address whose mails for today are used up is not asked, and the page says so; the
// other changes are stored.
func TestChangeOfAddressAtTheCap(t *testing.T) {
	w := newWorld(t)
	link := w.subscribed(t, hanako()).Data["preferences"]
	for i := range mailsPerDay + 1 {
		answer := w.do(http.MethodPost, link, url.Values{"email": {"other@example.jp"}, "organization": {"変更 " + string(rune('A'+i))}}.Encode())
		page := w.do(http.MethodGet, answer.Header().Get("Location"), "").Body.String()
		if limited := i >= mailsPerDay; strings.Contains(page, "1日3通まで") != limited {
			t.Errorf("change %d: the page speaks of the limit: %v, want %v", i+1, !limited, limited)
		}
		if !strings.Contains(page, "変更 "+string(rune('A'+i))) {
			t.Errorf("change %d: the organisation was not stored", i+1)
		}
	}
	if n := len(w.mails(t, "other@example.jp", "")); n != mailsPerDay {
		t.Errorf("%d mails", n)
	}
}

// TestSavedPreferencesSurviveAMove: what was saved after the record was read that moves to a new address is not lost on
// the way: the move begins again.
func TestSavedPreferencesSurviveAMove(t *testing.T) {
	w := newWorld(t)
	preferences := w.subscribed(t, hanako()).Data["preferences"]
	if err := w.change(preferences, hanako("email", "new@example.jp")); err != nil {
		t.Fatal(err)
	}
	confirm := w.last(t, "new@example.jp", "address_confirm").Data["link"]
	read, _ := w.stored(t, "hanako@example.jp")
	saved := read
	saved.Fields = without(hanako("organization", "新しい所属"), "email")
	if _, err := record.Put(t.Context(), w.list.Client, w.list.Table, saved, record.Condition{}); err != nil {
		t.Fatal(err)
	}
	var cancelled *record.Cancelled
	if err := w.list.confirmChange(t.Context(), read); !errors.As(err, &cancelled) {
		t.Fatalf("the record that was read moved: %v", err)
	}
	if err := w.confirm(confirm); err != nil {
		t.Fatal(err)
	}
	if moved, _ := w.stored(t, "new@example.jp"); moved.Fields["organization"] != "新しい所属" {
		t.Errorf("%+v", moved.Fields)
	}
}

// A link in a mail to an address that was given up shows and changes nothing any more: whoever has that mailbox is not asked
// twice. Its button mails a fresh link to the address that took its place.
func TestPreferencesOfAnAddressGivenUp(t *testing.T) {
	w := newWorld(t)
	old := w.subscribed(t, hanako()).Data["preferences"]
	if err := w.change(old, hanako("email", "hana@example.jp")); err != nil {
		t.Fatal(err)
	}
	if err := w.confirm(w.last(t, "hana@example.jp", "address_confirm").Data["link"]); err != nil {
		t.Fatal(err)
	}
	if page := w.do(http.MethodGet, old, ""); page.Code != http.StatusOK || strings.Contains(page.Body.String(), "hana@example.jp") || !strings.Contains(page.Body.String(), "fresh") {
		t.Errorf("the old link shows: %d %s", page.Code, page.Body)
	}
	u, err := url.Parse(old)
	if err != nil {
		t.Fatal(err)
	}
	post := func(action string) int {
		values := url.Values{"t": {u.Query().Get("t")}, "action": {action}}
		for name, value := range hanako("email", "hana@example.jp", "name", "別の人") {
			values.Set(name, value)
		}
		return w.do(http.MethodPost, old, values.Encode()).Code
	}
	if code := post("save"); code != http.StatusGone {
		t.Errorf("the old link saves: %d", code)
	}
	if s, _ := w.stored(t, "hana@example.jp"); s.Fields["name"] != "山田 花子" {
		t.Errorf("the old link changed the name to %q", s.Fields["name"])
	}
	if code := post("fresh"); code != http.StatusOK || len(w.mails(t, "hana@example.jp", "preferences")) != 1 || len(w.mails(t, "hanako@example.jp", "preferences")) != 0 {
		t.Errorf("a fresh link: %d, mails %v", code, kinds(w.mails(t, "hana@example.jp", "")))
	}
}
