package journey

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// subscriber is a person on the way through the newsletter.
type subscriber struct {
	*Visitor
	typed map[string]string
	email string // where mail arrives now
}

// Newsletter is List on the e-mail newsletter.
func Newsletter(t *testing.T, target Target) {
	List(t, target, "newsletter", map[string]string{"name": "𠮷野家 髙﨑 神 葛󠄀 花子", "prefecture": "13", "organization": "例示商事🧑‍🤝‍🧑株式会社"})
}

// List is the whole life of a subscription to a list as the person sees it: the form with its check page, the mail, the scanner
// that follows every link before the person does, the confirmation, the preferences, another address, leaving by the mail
// program's own button, regretting it, and coming back. typed are the fields beside the address, which is new in every run, so
// that it can run against a stack that keeps its data.
func List(t *testing.T, target Target, list string, typed map[string]string) {
	email := "hanako." + strings.ToLower(rand.Text()[:10]) + "@example.jp"
	p := &subscriber{Visitor: NewVisitor(target), email: email, typed: with(typed, map[string]string{"email": email})}
	p.List = list
	confirm := p.signUp(t)
	welcome := p.confirm(t, confirm)
	p.signUpAgain(t)
	p.changeName(t, welcome)
	moved := p.changeAddress(t, welcome)
	p.leave(t, welcome, moved)
	p.comeBack(t)
	t.Run("json", func(t *testing.T) { p.program(t) })
}

// SignUp sends the form as a person does, over the check page, and returns the check page and the done page.
func (v *Visitor) SignUp(t testing.TB, typed map[string]string) (check, done *Page) {
	t.Helper()
	form := v.Get(t, "/"+v.List)
	if form.Status != http.StatusOK || form.Header.Get("Cache-Control") != "no-store" || form.Fields["form_token"] == "" {
		t.Fatalf("form: %d %v", form.Status, form.Header)
	}
	if _, asked := form.Fields["business_category"]; asked && typed["business_category"] == "" {
		typed["business_category"] = "other"
	}
	if check = v.Send(t, form, "check", typed); check.Status != http.StatusOK {
		t.Fatalf("check page: %d %s", check.Status, check.Text)
	}
	answer := v.Send(t, check, "submit", nil)
	if answer.Status != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), "/"+v.List+"/done?ref=") {
		t.Fatalf("submit: %d %s %s", answer.Status, answer.Header.Get("Location"), answer.Text)
	}
	return check, v.Get(t, answer.Header.Get("Location"))
}

// signUp is the form; it returns the mail that it causes.
func (p *subscriber) signUp(t *testing.T) Mail {
	check, done := p.SignUp(t, p.typed)
	for name, value := range p.typed {
		if check.Fields[name] != value {
			t.Errorf("check page: %s is %q, typed was %q (hard case 1)", name, check.Fields[name], value)
		}
	}
	if !strings.Contains(check.Text, p.typed["name"]) || p.typed["prefecture"] == "13" && !strings.Contains(check.Text, "東京都") {
		t.Errorf("check page does not show what was typed: %s", check.Text)
	}
	if done.Status != http.StatusOK || !strings.Contains(done.Text, "まだ登録は完了していません") || strings.Contains(done.Body, p.typed["name"]) ||
		strings.Contains(done.Body, p.email) {
		t.Errorf("done page: %d %s", done.Status, done.Text)
	}
	mail := p.Target.Wait(t, p.email, p.List+"_confirm", 1)
	for part, content := range map[string]string{"subject": mail.Subject, "text": mail.Text, "HTML": mail.HTML} {
		if content == "" || strings.Contains(content, p.typed["name"]) || strings.Contains(content, p.typed["organization"]) {
			t.Errorf("%s of the mail to an address that is not confirmed: %q", part, content)
		}
	}
	if mail.Headers["Auto-Submitted"] != "auto-generated" || mail.Headers["List-Unsubscribe"] != "" {
		t.Errorf("headers %v", mail.Headers)
	}
	return mail
}

// scan does what mail scanners do: every link of a mail by GET and HEAD, a hundred times in all (hard case 12).
func (p *subscriber) scan(t *testing.T, mail Mail) {
	t.Helper()
	links := mail.Links()
	if len(links) == 0 {
		t.Fatalf("no link in %s", mail.Kind())
	}
	before := len(p.Target.Mails(t, p.email))
	for i := range 100 {
		method := []string{http.MethodGet, http.MethodHead}[i%2]
		if page := p.Do(t, method, links[i/2%len(links)], "", ""); page.Status != http.StatusOK {
			t.Fatalf("%s of a link: %d %s", method, page.Status, page.Text)
		}
	}
	if after := p.Target.Mails(t, p.email); len(after) != before {
		t.Errorf("a scanner caused mail: %v", kinds(after))
	}
}

// confirm is the person's click after the scanner's; it returns the welcome mail.
func (p *subscriber) confirm(t *testing.T, mail Mail) Mail {
	p.scan(t, mail)
	page := p.Get(t, mail.Link(t, "/"+p.List+"/confirm"))
	if !slices.Equal(page.Buttons, []string{"confirm"}) {
		t.Fatalf("after the scanner the page has the buttons %v: %s", page.Buttons, page.Text)
	}
	for range 2 { // a double click
		if done := p.Send(t, page, "confirm", nil); done.Status != http.StatusOK || !strings.Contains(done.Text, "登録が完了しました") {
			t.Fatalf("confirm: %d %s", done.Status, done.Text)
		}
	}
	welcome := p.Target.Wait(t, p.email, p.List+"_welcome", 1)
	if !strings.Contains(welcome.Text, p.typed["name"]) || !strings.Contains(welcome.HTML, p.typed["name"]) {
		t.Errorf("the welcome mail does not show the name as typed (hard case 1): %s", welcome.Text)
	}
	if link := welcome.OneClick(t); !strings.HasPrefix(link, "/"+p.List+"/unsubscribe?t=") {
		t.Errorf("List-Unsubscribe %q", link)
	}
	p.scan(t, welcome)
	if mails := kinds(p.Target.Mails(t, p.email)); !slices.Equal(mails, []string{p.List + "_confirm", p.List + "_welcome"}) {
		t.Errorf("mails so far %v", mails)
	}
	return welcome
}

// signUpAgain: a subscriber who signs up again gets the same answer, and a mail that says so.
func (p *subscriber) signUpAgain(t *testing.T) {
	_, done := p.SignUp(t, with(p.typed, map[string]string{"name": "別の人"}))
	if !strings.Contains(done.Text, "まだ登録は完了していません") {
		t.Errorf("the page tells that the address is known: %s", done.Text)
	}
	if mail := p.Target.Wait(t, p.email, p.List+"_already", 1); strings.Contains(mail.Text, "別の人") {
		t.Errorf("the mail carries what a stranger typed: %s", mail.Text)
	}
}

func (p *subscriber) changeName(t *testing.T, welcome Mail) {
	page := p.Get(t, welcome.Link(t, "/"+p.List+"/preferences"))
	for name, value := range p.typed {
		if page.Fields[name] != value {
			t.Errorf("preferences: %s is %q, typed was %q", name, page.Fields[name], value)
		}
	}
	p.typed["name"] = "山田 はな"
	saved := p.Send(t, page, "save", map[string]string{"name": p.typed["name"]})
	if saved.Status != http.StatusSeeOther {
		t.Fatalf("save: %d %s", saved.Status, saved.Text)
	}
	if page = p.Get(t, saved.Header.Get("Location")); page.Fields["name"] != p.typed["name"] || !strings.Contains(page.Text, "変更を保存しました") {
		t.Errorf("after saving: %q %s", page.Fields["name"], page.Text)
	}
}

// changeAddress returns the welcome mail to the new address.
func (p *subscriber) changeAddress(t *testing.T, welcome Mail) Mail {
	old := p.email
	fresh := strings.Replace(old, "hanako.", "hana.", 1)
	page := p.Get(t, welcome.Link(t, "/"+p.List+"/preferences"))
	saved := p.Send(t, page, "save", map[string]string{"email": fresh})
	if page = p.Get(t, saved.Header.Get("Location")); page.Fields["email"] != old || !strings.Contains(page.Text, fresh) {
		t.Errorf("before its confirmation the address is %q: %s", page.Fields["email"], page.Text)
	}
	p.email = fresh
	asked := p.Target.Wait(t, fresh, p.List+"_address_confirm", 1)
	p.scan(t, asked)
	if done := p.Send(t, p.Get(t, asked.Link(t, "/"+p.List+"/confirm")), "confirm", nil); done.Status != http.StatusOK {
		t.Fatalf("confirm the new address: %d %s", done.Status, done.Text)
	}
	moved := p.Target.Wait(t, fresh, p.List+"_welcome", 1)
	if notice := p.Target.Wait(t, old, p.List+"_address_changed", 1); strings.Contains(notice.Text, fresh) {
		t.Errorf("the old address learns the new one: %s", notice.Text)
	}
	if !strings.Contains(moved.Text, p.typed["name"]) {
		t.Errorf("welcome to the new address: %s", moved.Text)
	}
	return moved
}

// leave is RFC 8058, with the links of the old and of the new address, in every form that mail programs send it, and the
// way back within the week (hard case 13).
func (p *subscriber) leave(t *testing.T, welcome, moved Mail) {
	const multipart = "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
	before := len(p.Target.Mails(t, p.email))
	for _, mail := range []Mail{welcome, moved} {
		link := mail.OneClick(t)
		for _, body := range []struct{ contentType, body string }{
			{"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
			{"multipart/form-data; boundary=b", multipart},
			{"application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		} {
			if answer := p.Do(t, http.MethodPost, link, body.contentType, body.body); answer.Status != http.StatusOK {
				t.Fatalf("one-click, %s: %d %s", body.contentType, answer.Status, answer.Body)
			}
		}
		page := p.Get(t, link)
		if !slices.Equal(page.Buttons, []string{"undo"}) {
			t.Fatalf("after one click the page has the buttons %v: %s", page.Buttons, page.Text)
		}
		if undone := p.Send(t, page, "undo", nil); undone.Status != http.StatusOK || !strings.Contains(undone.Text, "これまでどおり") {
			t.Errorf("undo: %d %s", undone.Status, undone.Text)
		}
	}
	// And by the page, for good.
	page := p.Get(t, moved.Link(t, "/"+p.List+"/unsubscribe"))
	if done := p.Send(t, page, "unsubscribe", nil); done.Status != http.StatusOK || !strings.Contains(done.Text, "配信を停止しました") {
		t.Errorf("unsubscribe: %d %s", done.Status, done.Text)
	}
	if gone := p.Get(t, moved.Link(t, "/"+p.List+"/preferences")); gone.Status != http.StatusGone {
		t.Errorf("preferences of somebody who left: %d", gone.Status)
	}
	if after := p.Target.Mails(t, p.email); len(after) != before {
		t.Errorf("leaving caused mail: %v", kinds(after))
	}
}

// comeBack: a person who left signs up anew and asks for the mail once more.
func (p *subscriber) comeBack(t *testing.T) {
	p.SignUp(t, with(p.typed, map[string]string{"email": p.email}))
	first := p.Target.Wait(t, p.email, p.List+"_confirm", 1)
	again := p.Send(t, p.Get(t, "/"+p.List+"/resend"), "submit", map[string]string{"email": p.email})
	if again.Status != http.StatusSeeOther {
		t.Fatalf("resend: %d %s", again.Status, again.Text)
	}
	second := p.Target.Wait(t, p.email, p.List+"_confirm", 2)
	for _, mail := range []Mail{second, first} {
		if done := p.Send(t, p.Get(t, mail.Link(t, "/"+p.List+"/confirm")), "confirm", nil); done.Status != http.StatusOK {
			t.Errorf("confirm: %d %s", done.Status, done.Text)
		}
	}
	p.Target.Wait(t, p.email, p.List+"_welcome", 2)
}

// program is the JSON interface: describe, send, send again, send something else, send too much.
func (p *subscriber) program(t *testing.T) {
	v := p.Visitor
	status, form := v.JSON(t, "/"+v.List, nil)
	token, _ := form["form_token"].(string)
	if status != http.StatusOK || token == "" || form["service"] != v.List || form["language"] != "ja" {
		t.Fatalf("description: %d %v", status, form)
	}
	email := "taro." + strings.ToLower(rand.Text()[:10]) + "@example.jp"
	values := with(p.typed, map[string]string{"email": email, "name": "佐藤 太郎", "form_token": token})
	if _, asked := values["prefecture"]; asked {
		values["prefecture"] = "99"
	}
	status, accepted := v.JSON(t, "/"+v.List, values)
	if status != http.StatusCreated || accepted["status"] != "unconfirmed" {
		t.Fatalf("send: %d %v", status, accepted)
	}
	for _, test := range []struct {
		name   string
		change map[string]string
		status int
	}{
		{"the same again (hard case 9)", nil, http.StatusCreated},
		{"something else (hard case 9)", map[string]string{"name": "佐藤 次郎"}, http.StatusUnprocessableEntity},
		{"an unknown member", map[string]string{"telephone": "03-1234-5678"}, http.StatusUnprocessableEntity},
		{"a forged token (hard case 10)", map[string]string{"form_token": token[1:]}, http.StatusBadRequest},
	} {
		status, answer := v.JSON(t, "/"+v.List, with(values, test.change))
		if status != test.status || status == http.StatusCreated && answer["reference"] != accepted["reference"] {
			t.Errorf("%s: %d %v", test.name, status, answer)
		}
	}
	v.Target.Wait(t, email, p.List+"_confirm", 1)
}
