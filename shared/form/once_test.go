package form_test

import (
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/shared/config"
)

// Fifty equal posts at once, again eleven minutes later (DynamoDB's own memory of a transaction lasts ten), after the
// token's own day and just before two days: one record and one answer (hard case 9; contract: "Token").
func TestFiftyEqualPostsAreOneSubmission(t *testing.T) {
	w := newWorld(t)
	values := person(w.open("/newsletter"), "submit")
	references := make([]string, 50)
	var group sync.WaitGroup
	for i := range references {
		group.Go(func() { references[i] = w.post("/newsletter", values).Header["location"] })
	}
	group.Wait()
	for i, location := range references {
		if location == "" || location != references[0] {
			t.Fatalf("answer %d is %q, the first %q", i, location, references[0])
		}
	}
	asJSON := members(values.Get("form_token"))
	for _, later := range []time.Duration{11 * time.Minute, 24*time.Hour - 12*time.Minute, time.Hour, 23*time.Hour - time.Minute} {
		w.pass(later)
		if location := w.post("/newsletter", values).Header["location"]; location != references[0] {
			t.Errorf("%s later: %q, want %q", w.now().Sub(start), location, references[0])
		}
		if a := w.postJSON("/newsletter", asJSON); a.Status != 201 || !strings.Contains(references[0], jsonReference(t, a)) {
			t.Errorf("%s later, as JSON: %d %s", w.now().Sub(start), a.Status, a.Body)
		}
	}
	w.pass(2 * time.Minute) // 48 hours and a bit
	if a := w.post("/newsletter", values); a.Status != 422 || parse(t, a.Body).controls()["form_token"] == values.Get("form_token") {
		t.Errorf("after 48 hours: %d", a.Status)
	}
	if n := len(w.all()); n != 1 {
		t.Errorf("%d records", n)
	}
}

func jsonReference(t *testing.T, a answer) string {
	t.Helper()
	_, after, ok := strings.Cut(a.Body, `"reference":"`)
	if !ok {
		t.Fatalf("no reference in %s", a.Body)
	}
	return after[:17]
}

// Back, a correction, submit again: told, not silently dropped, and the fresh token goes through (hard case 9).
func TestSameTokenOtherValues(t *testing.T) {
	w := newWorld(t)
	values := person(w.open("/newsletter"), "submit")
	first := w.post("/newsletter", values).reference(t)
	values.Set("name", "山田 華子")
	told := w.post("/newsletter", values)
	page := parse(t, told.Body)
	if told.Status != 422 || !strings.Contains(page.byID("summary").text(), first) {
		t.Fatalf("%d: %s", told.Status, page.byID("summary").text())
	}
	if got := page.controls(); got["name"] != "山田 華子" || got["form_token"] == values.Get("form_token") || len(w.all()) != 1 {
		t.Errorf("name %q, %d records, fresh token: %v", got["name"], len(w.all()), got["form_token"] != values.Get("form_token"))
	}
	p := w.postJSON("/newsletter", members(values.Get("form_token"), "name", "山田 華子")).problem(t)
	if p.Status != 422 || p.Reference != first || p.FormToken == "" || len(p.Errors) != 1 || p.Errors[0].Code != "already_sent" {
		t.Errorf("JSON: %+v", p)
	}
	w.pass(10 * time.Second)
	if second := w.post("/newsletter", page.form("submit")).reference(t); second == first {
		t.Error("the corrected submission has the reference of the first")
	}
	// White space at the ends is no other value: what is compared is what is stored.
	values.Set("name", " 山田 花子　")
	if again := w.post("/newsletter", values).reference(t); again != first {
		t.Errorf("the same values got %s, first %s", again, first)
	}
	if n := len(w.all()); n != 2 {
		t.Errorf("%d records", n)
	}
}

// A page left open over night keeps what was typed (hard case 11).
func TestExpiredToken(t *testing.T) {
	for _, action := range []string{"check", "submit"} {
		t.Run(action, func(t *testing.T) {
			w := newWorld(t)
			values := person(w.open("/newsletter"), action, "name", "夜更かし 太郎")
			w.pass(25 * time.Hour)
			a := w.post("/newsletter", values)
			page := parse(t, a.Body)
			if a.Status != 422 || page.byID("summary").Node == nil || len(w.all()) != 0 {
				t.Fatalf("%d, %d records", a.Status, len(w.all()))
			}
			if got := page.controls(); got["name"] != "夜更かし 太郎" || got["prefecture"] != "13" || got["form_token"] == values.Get("form_token") {
				t.Errorf("kept: %q", got)
			}
			p := w.postJSON("/newsletter", members(values.Get("form_token"))).problem(t)
			if p.Status != 422 || p.FormToken == "" || len(p.Errors) != 1 || p.Errors[0].Code != "expired" {
				t.Errorf("JSON: %+v", p)
			}
			w.pass(10 * time.Second)
			w.post("/newsletter", page.form("submit")).reference(t)
			if all := w.all(); len(all) != 1 || all[0].Values["name"] != "夜更かし 太郎" {
				t.Errorf("stored %+v", all)
			}
		})
	}
}

// A wrong field and an expired token, or Back from the check page of yesterday: the token is fresh at once.
func TestExpiredTokenIsRenewedWithOtherErrors(t *testing.T) {
	w := newWorld(t)
	token := w.open("/newsletter")
	w.pass(25 * time.Hour)
	for name, values := range map[string]url.Values{"wrong field": person(token, "submit", "email", ""), "edit": person(token, "edit")} {
		if got := parse(t, w.post("/newsletter", values).Body).controls(); got["form_token"] == token || got["name"] != "山田 花子" {
			t.Errorf("%s: name %q, old token: %v", name, got["name"], got["form_token"] == token)
		}
	}
}

// Nothing but the form's own token opens it, whatever is to be done (hard case 10).
func TestForeignTokens(t *testing.T) {
	w := newWorld(t)
	token, inquiry, resend := w.open("/newsletter"), w.open("/inquiry"), w.open("/newsletter/resend")
	w.pass(2 * time.Minute)
	future := w.open("/newsletter")
	w.pass(-2 * time.Minute)
	flipped := []byte(token)
	flipped[20] ^= 1
	for name, bad := range map[string]string{
		"missing": "", "forged": "x", "of another form": inquiry, "of a form below": resend, "from the future": future,
		"bit flipped": string(flipped), "cut": token[:40], "huge": strings.Repeat("A", 90_000), "with a line feed": token + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, action := range []string{"check", "edit", "submit"} {
				if a := w.post("/newsletter", person(bad, action)); a.Status != 400 {
					t.Errorf("%s: %d", action, a.Status)
				}
			}
			if p := w.postJSON("/newsletter", members(bad)).problem(t); p.Status != 400 || p.Detail == "" {
				t.Errorf("JSON: %+v", p)
			}
		})
	}
	number := members(token, "form_token", 7)
	if a := w.postJSON("/newsletter", number); a.Status != 400 {
		t.Errorf("a number for a token: %d", a.Status)
	}
	if n := len(w.all()); n != 0 {
		t.Errorf("%d records", n)
	}
}

// A listed website hands over what was typed there, without a token of ours: the form opens with it. Any other gets 400.
func TestHandedOver(t *testing.T) {
	w := newWorld(t)
	for origin, want := range map[string]int{"https://partner.example.jp": 200, "https://evil.example": 400, "null": 400, "": 400} {
		a := w.do("POST", "/inquiry?lang=en", map[string]string{"content-type": formType, "origin": origin},
			url.Values{"action": {"edit"}, "name": {"𠮷野家"}, "email": {"half an addr"}}.Encode())
		if a.Status != want {
			t.Errorf("from %q: %d, want %d", origin, a.Status, want)
		}
		if want != 200 {
			continue
		}
		controls := parse(t, a.Body).controls()
		if controls["name"] != "𠮷野家" || controls["email"] != "half an addr" || controls["form_token"] == "" || strings.Contains(a.Body, `id="summary"`) {
			t.Errorf("the form opens with %v", controls)
		}
	}
}

// Keys rotate while forms are open (hard case 10): the new key signs, the old one still verifies, until it is dropped.
func TestKeyRotation(t *testing.T) {
	w := newWorld(t)
	before := person(w.open("/newsletter"), "submit")
	w.keys(secondKey, firstKey)
	after := person(w.open("/newsletter"), "submit", "email", "taro@example.jp")
	first := w.post("/newsletter", before).reference(t)
	w.keys(secondKey)
	w.post("/newsletter", after).reference(t)
	if a := w.post("/newsletter", before); a.Status != 400 {
		t.Errorf("a token of a dropped key: %d", a.Status)
	}
	w.keys(config.Key(fmt.Sprintf("%032d", 7)), secondKey, firstKey)
	if again := w.post("/newsletter", before).reference(t); again != first {
		t.Errorf("got %s, first %s", again, first)
	}
}
