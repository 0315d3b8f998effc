package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"madoguchi/infra/journey"
	"madoguchi/infra/local/stack"
)

// TestJourney is the life of registrations over the real programs: list, page, form, mail with calendar entry, own page, the
// waiting list, and what the clock does (R24-R33).
func TestJourney(t *testing.T) {
	p := begin(t)
	p.load(t, map[string]any{"events": []any{
		definition("open", month, map[string]any{"kind": "hybrid", "online_url": "https://meet.example.jp/open", "omit": []string{"title"},
			"partners": []any{map[string]any{"id": "foundation", "name": map[string]string{"ja": "アセアン財団", "en": "ASEAN Foundation"}, "role": "co_organiser",
				"country": "ID", "legal_form": "consented_provision", "receives": []string{"name", "email"}}},
			"fields": []any{map[string]any{"name": "nationality", "label": map[string]string{"ja": "国籍", "en": "Nationality"}, "type": "country", "required": true, "for": []string{"foundation"}}}}),
		definition("full", month, map[string]any{"capacity": 1, "waiting_list": true}),
		definition("small", month, map[string]any{"capacity": 1}),
		definition("seatless", month, map[string]any{"capacity": 0, "waiting_list": true}),
		definition("soon", 20*time.Hour, map[string]any{"kind": "online", "online_url": "https://meet.example.jp/soon"}),
		definition("past", -month, nil),
		definition("draft", month, map[string]any{"state": "draft"}),
		definition("later", month, map[string]any{"opens_at": time.Now().Add(month / 2).Format(time.RFC3339)}),
	}, "registrations": []any{map[string]any{"event": "past", "name": "参加 者", "email": "past@example.jp", "phone": "03-1234-5678", "organization": "例示", "title": "なし"}}})
	t.Run("refused loads", p.refusedLoads)
	t.Run("list", p.lists)
	t.Run("with a partner", p.withPartner)
	t.Run("English", p.inEnglish)
	t.Run("waiting list", p.waitingList)
	t.Run("no seats yet", p.seatless)
	t.Run("closed", p.closed)
	t.Run("reminder", p.reminder)
	t.Run("calls", p.calls)
	t.Run("moved and cancelled", p.movedAndCancelled)
}

// An event with errors is refused with place and reason, and nothing of the load is kept.
func (p product) refusedLoads(t *testing.T) {
	bad := definition("bad", month, map[string]any{"fields": []any{map[string]any{"name": "x", "label": map[string]string{"ja": "旅券番号"}, "type": "text"}}})
	body, err := json.Marshal(map[string]any{"events": []any{definition("good", month, nil), bad},
		"registrations": []any{map[string]any{"event": "good", "name": "A", "email": "not an address"}, map[string]any{"event": "nowhere"}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Load(t.Context(), body)
	var places []string
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("%v", err)
	}
	for _, one := range joined.Unwrap() {
		var load *stack.LoadError
		if errors.As(one, &load) && load.Reason != "" {
			places = append(places, load.Place)
		}
	}
	for _, want := range []string{"events[1].fields", "events[1].fields[0].label", "registrations[0].email", "registrations[0].phone", "registrations[1].event"} {
		if !strings.Contains(strings.Join(places, " ")+" ", want+" ") {
			t.Errorf("no problem at %s: %v", want, places)
		}
	}
	if page := journey.NewVisitor(p.target()).Get(t, "/events/good"); page.Status != http.StatusNotFound {
		t.Errorf("a part of the load is kept: %d", page.Status)
	}
}

func (p product) lists(t *testing.T) {
	items := p.list(t)
	for id, want := range map[string]string{"open": "open", "full": "open", "soon": "open", "past": "past", "later": "closed"} {
		if got := items[id]["status"]; got != want {
			t.Errorf("%s: %v, want %s", id, got, want)
		}
	}
	if items["draft"] != nil {
		t.Error("a draft is in the list")
	}
	v := journey.NewVisitor(p.target())
	if page := v.Get(t, "/events"); page.Status != http.StatusOK || !strings.Contains(page.Text, "投資セミナー open 受付中") || !strings.Contains(page.Text, "受付開始前") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	for _, path := range []string{"/events/draft", "/events/nowhere", "/events/OPEN", "/events/open/registration?t=x", "/events?cursor=e30x"} {
		if page := v.Get(t, path); page.Status != http.StatusNotFound && page.Status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, page.Status)
		}
	}
}

// The changed items stand above the form with the partner; consent is the person's own; the link to join goes to registrants
// only; the entry can be put into a calendar; the registration can be changed and cancelled.
func (p product) withPartner(t *testing.T) {
	v := journey.NewVisitor(p.target())
	form := v.Get(t, "/events/open")
	for _, want := range []string{"アセアン財団（所在国：インドネシア）", "提供する項目：お名前、メールアドレス", "第三者提供", "アセアン財団のために伺う項目です", "（日本時間）", "UTC", "余裕があります|残りわずか", "03-1234-5678"} {
		found := false
		for _, one := range strings.Split(want, "|") {
			found = found || strings.Contains(form.Text, one)
		}
		if !found {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(form.Body, "meet.example.jp") || strings.Contains(form.Text, "お役職") {
		t.Error("the page shows the link to join, or an item that is left out")
	}
	if value, there := form.Fields["consent.foundation"]; !there || value == "true" {
		t.Errorf("the box of consent: there %v, %q; it must not be ticked (R33)", there, value)
	}
	values := person("hanako@example.jp", "nationality", "JP")
	delete(values, "title")
	done := p.register(t, "open", values)
	for _, want := range []string{"参加登録を受け付けました", "国籍", "アセアン財団", "に削除します"} {
		if !strings.Contains(done.Text, want) {
			t.Errorf("the done page does not say %q: %s", want, done.Text)
		}
	}
	mail := p.target().Wait(t, "hanako@example.jp", "event_registered", 1)
	if len(mail.Attachments) != 1 || mail.Attachments[0].Type != "text/calendar" || !strings.Contains(mail.Text, "https://meet.example.jp/open") || !strings.Contains(mail.Text, "国籍") {
		t.Errorf("%v\n%s", mail.Attachments, mail.Text)
	}
	p.register(t, "open", values)
	p.target().Wait(t, "hanako@example.jp", "event_already", 1)
	if left := p.list(t)["open"]["seats_left"]; left != 9.0 {
		t.Errorf("%v seats left, want 9: the same person takes no second", left)
	}
	link := mail.Link(t, "/events/open/registration")
	for range 20 { // hard case 12
		v.Get(t, link)
	}
	own := v.Get(t, link)
	if own.Status != http.StatusOK || !strings.Contains(own.Text, "登録されています") || !strings.Contains(own.Body, "https://meet.example.jp/open") {
		t.Errorf("%d %s", own.Status, own.Text)
	}
	file := v.Get(t, strings.Replace(link, "/registration", "/calendar.ics", 1))
	if file.Status != http.StatusOK || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/calendar") || !strings.Contains(file.Body, "SEQUENCE:0\r\n") {
		t.Errorf("%d %v\n%s", file.Status, file.Header, file.Body)
	}
	if wrong := p.act(t, link, "edit", "phone", "x"); wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong telephone number: %d", wrong.Status)
	}
	if saved := p.act(t, link, "edit", "phone", "03-9999-9999", "consent.foundation", "true"); saved.Status != http.StatusSeeOther {
		t.Errorf("edit: %d %s", saved.Status, saved.Text)
	}
	p.target().Wait(t, "hanako@example.jp", "event_changed", 1)
	if own = v.Get(t, link); !strings.Contains(own.Text, "03-9999-9999") || !strings.Contains(own.Text, "提供することに同意します はい") {
		t.Errorf("%s", own.Text)
	}
	other := strings.Replace(link, "/events/open/", "/events/full/", 1)
	if page := v.Get(t, other); page.Status != http.StatusBadRequest {
		t.Errorf("the link at another event: %d", page.Status)
	}
	for range 2 {
		if gone := p.act(t, link, "cancel"); gone.Status != http.StatusSeeOther {
			t.Errorf("cancel: %d %s", gone.Status, gone.Text)
		}
	}
	p.target().Wait(t, "hanako@example.jp", "event_withdrawn", 1)
	if accepted := p.act(t, link, "accept"); accepted.Status != http.StatusConflict {
		t.Errorf("an offer that nobody made: %d", accepted.Status)
	}
	if left := p.list(t)["open"]["seats_left"]; left != 10.0 {
		t.Errorf("%v seats left after the cancellation", left)
	}
}

func (p product) inEnglish(t *testing.T) {
	v := journey.NewVisitor(p.target())
	status, described := v.JSON(t, "/events/soon?lang=en", nil)
	if status != http.StatusOK || described["language"] != "en" {
		t.Fatalf("%d %v", status, described)
	}
	token, _ := described["form_token"].(string)
	values := person("jane@example.com", "name", "Jane Doe", "form_token", token)
	for range 2 { // twice is once (hard case 9)
		if status, answer := v.JSON(t, "/events/soon", values); status != http.StatusCreated || answer["status"] != "registered" {
			t.Fatalf("%d %v", status, answer)
		}
	}
	mail := p.target().Wait(t, "jane@example.com", "event_registered", 1)
	if !strings.Contains(mail.Subject, "You are registered for “Investment seminar soon”") || !strings.Contains(mail.Text, "Japan time") {
		t.Errorf("%s\n%s", mail.Subject, mail.Text)
	}
	if status, answer := v.JSON(t, "/events/open", map[string]string{"form_token": token}); status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		t.Errorf("the token of another event (hard case 10): %d %v", status, answer)
	}
}

func (p product) waitingList(t *testing.T) {
	p.register(t, "full", person("first@example.jp"))
	first := p.target().Wait(t, "first@example.jp", "event_registered", 1).Link(t, "/events/full/registration")
	if got := p.list(t)["full"]["status"]; got != "waiting" {
		t.Errorf("full with a list: %v", got)
	}
	done := p.register(t, "full", person("second@example.jp"))
	if !strings.Contains(done.Text, "キャンセル待ちを受け付けました") {
		t.Errorf("%s", done.Text)
	}
	waiting := p.target().Wait(t, "second@example.jp", "event_waiting", 1).Link(t, "/events/full/registration")
	if own := journey.NewVisitor(p.target()).Get(t, waiting); !strings.Contains(own.Text, "キャンセル待ちの順番はなくなります") || strings.Contains(own.Text, "席は次の方に") {
		t.Errorf("%s", own.Text)
	}
	if gone := p.act(t, first, "cancel"); gone.Status != http.StatusSeeOther {
		t.Errorf("%d", gone.Status)
	}
	offer := p.target().Wait(t, "second@example.jp", "event_offer", 1)
	link := offer.Link(t, "/events/full/registration")
	if own := journey.NewVisitor(p.target()).Get(t, link); !strings.Contains(own.Text, "までお席を確保しています") {
		t.Errorf("%s", own.Text)
	}
	for range 2 {
		if taken := p.act(t, link, "accept"); taken.Status != http.StatusSeeOther {
			t.Errorf("accept: %d %s", taken.Status, taken.Text)
		}
	}
	p.target().Wait(t, "second@example.jp", "event_registered", 1)
}

// An event without seats yet is shown as full and takes the waiting list; the clock offers the seats that staff add.
func (p product) seatless(t *testing.T) {
	if got := p.list(t)["seatless"]; got["status"] != "waiting" || got["seats_left"] != 0.0 {
		t.Errorf("%v", got)
	}
	if page := journey.NewVisitor(p.target()).Get(t, "/events/seatless"); !strings.Contains(page.Text, "満席（キャンセル待ちを受け付けています）") {
		t.Errorf("%s", page.Text)
	}
	p.register(t, "seatless", person("early@example.jp"))
	p.target().Wait(t, "early@example.jp", "event_waiting", 1)
	p.tick(t)
	p.load(t, map[string]any{"events": []any{definition("seatless", month, map[string]any{"capacity": 1, "waiting_list": true})}})
	p.forget()
	p.tick(t)
	link := p.target().Wait(t, "early@example.jp", "event_offer", 1).Link(t, "/events/seatless/registration")
	if taken := p.act(t, link, "accept"); taken.Status != http.StatusSeeOther {
		t.Errorf("accept: %d %s", taken.Status, taken.Text)
	}
	p.target().Wait(t, "early@example.jp", "event_registered", 1)
}

// What takes no registrations says why and what to do: 200 for people who look, 409 for who sends (contract).
func (p product) closed(t *testing.T) {
	v := journey.NewVisitor(p.target())
	form := v.Get(t, "/events/small")
	p.register(t, "small", person("first@example.jp"))
	late := v.Send(t, form, "submit", person("late@example.jp"))
	if late.Status != http.StatusConflict || !strings.Contains(late.Text, "満席") || late.Fields["email"] != "late@example.jp" {
		t.Errorf("the last seat has gone: %d %s", late.Status, late.Text)
	}
	if got := p.list(t)["small"]["status"]; got != "full" {
		t.Errorf("full without a list: %v", got)
	}
	for path, want := range map[string]string{"/events/small": "満席", "/events/past": "終了しました", "/events/later": "に始まります"} {
		if page := v.Get(t, path); page.Status != http.StatusOK || !strings.Contains(page.Text, want) || page.Action != "" {
			t.Errorf("%s: %d %s", path, page.Status, page.Text)
		}
		if status, answer := v.JSON(t, path, nil); status != http.StatusConflict || answer["detail"] == "" {
			t.Errorf("%s: %d %v", path, status, answer)
		}
	}
}

// The day before, with the link to join; also to those who register after the first reminders.
func (p product) reminder(t *testing.T) {
	p.tick(t)
	mail := p.target().Wait(t, "jane@example.com", "event_reminder", 1)
	if !strings.Contains(mail.Text, "https://meet.example.jp/soon") {
		t.Errorf("%s", mail.Text)
	}
	p.register(t, "soon", person("late@example.com"))
	p.tick(t)
	p.target().Wait(t, "late@example.com", "event_reminder", 1)
	if n := count(p.target().Mails(t, "jane@example.com"), "event_reminder"); n != 1 {
		t.Errorf("%d reminders", n)
	}
}

func count(mails []journey.Mail, kind string) (n int) {
	for _, m := range mails {
		if m.Kind() == kind {
			n++
		}
	}
	return n
}

// Moving and cancelling an event writes to everybody once, with the calendar entry changed and taken back.
func (p product) movedAndCancelled(t *testing.T) {
	for i, change := range []map[string]any{
		{"capacity": 1, "waiting_list": true, "place": map[string]string{"ja": "別の会場"}},
		{"capacity": 1, "waiting_list": true, "place": map[string]string{"ja": "別の会場"}, "state": "cancelled"},
	} {
		p.load(t, map[string]any{"events": []any{definition("full", month, change)}})
		p.forget()
		p.tick(t)
		p.tick(t)
		kind := []string{"event_moved", "event_cancelled"}[i]
		mail := p.target().Wait(t, "second@example.jp", kind, 1)
		if len(mail.Attachments) != 1 {
			t.Errorf("%s: %v", kind, mail.Attachments)
		}
		if n := count(p.target().Mails(t, "first@example.jp"), kind); n != 0 {
			t.Errorf("%s goes to somebody who has cancelled", kind)
		}
	}
	if got := p.list(t)["full"]["status"]; got != "cancelled" {
		t.Errorf("%v", got)
	}
	if page := journey.NewVisitor(p.target()).Get(t, "/events/full"); !strings.Contains(page.Text, "中止になりました") {
		t.Errorf("%s", page.Text)
	}
}

// A first submission is one transaction and reads nothing (design: "Life of a form post").
func (p product) calls(t *testing.T) {
	p.load(t, map[string]any{"events": []any{definition("calls", month, map[string]any{"capacity": 1000})}})
	count := func() map[string]int {
		sum := map[string]int{}
		for _, process := range p.Processes() {
			if process.Name == "EventsFunction" {
				for op, n := range process.DynamoDBCalls {
					sum[op] += n
				}
			}
		}
		return sum
	}
	values := person("calls@example.jp")
	values["form_token"] = p.token(t, "calls") // reads the definition and the seats
	before := count()
	if status := p.post(t, "calls", values); status != http.StatusCreated {
		t.Fatalf("%d", status)
	}
	after := count()
	for op, n := range after {
		if made := n - before[op]; made != map[string]int{"TransactWriteItems": 1}[op] {
			t.Errorf("%d calls of %s", made, op)
		}
	}
}
