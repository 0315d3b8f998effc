package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const counting, display = "__Secure-madoguchi_count", "__Host-madoguchi_display"

// R98, R99: the counting cookie holds a date and nothing that tells people apart; it goes to the beacon alone.
func TestCountingCookie(t *testing.T) {
	w := newWorld(t)
	answer := w.want(http.StatusNoContent, visit{body: view})
	want := "__Secure-madoguchi_count=2026-11-24; Path=/access; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax"
	if diff := cmp.Diff([]string{want}, answer.Header()["Set-Cookie"]); diff != "" {
		t.Error(diff)
	}
	other := w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.99"})
	if diff := cmp.Diff([]string{want}, other.Header()["Set-Cookie"]); diff != "" {
		t.Errorf("two visitors have different cookies: %s", diff)
	}
}

// Visitors of a day: those who come back exactly, those without cookies by the hash.
func TestVisitors(t *testing.T) {
	w := newWorld(t)
	hanako, taro := map[string]string{}, map[string]string{}
	for range 3 {
		w.want(http.StatusNoContent, visit{body: view, jar: hanako})
		w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.8"})                   // refuses all cookies
		w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.8", agent: "Mozilla"}) // another browser in the same house
	}
	w.wantCounted(9, 3)
	w.want(http.StatusNoContent, visit{body: view, jar: taro}) // behind Hanako's address, the same browser, for the first time: taken for her
	w.wantCounted(10, 3)
	w.now = w.now.AddDate(0, 0, 1)
	for range 2 {
		w.want(http.StatusNoContent, visit{body: view, jar: hanako})
		w.want(http.StatusNoContent, visit{body: view, jar: taro}) // comes back: told apart now
		w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.8"})
	}
	w.wantCounted(6, 3)
	for _, nonsense := range []string{"2026-11-26", "9999-12-31", "x", "2024-01-01", "2026-11-25; a=b"} {
		w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.8", jar: map[string]string{counting: nonsense}})
	}
	w.wantCounted(11, 3)
}

// The marks of the estimate lead to nobody: another salt each day, gone with the day, and no key that is kept.
func TestMarksGoWithTheDay(t *testing.T) {
	w := newWorld(t)
	w.want(http.StatusNoContent, visit{body: view})
	first := w.items(w.access.visitors.table)
	w.now = w.now.AddDate(0, 0, 1)
	w.want(http.StatusNoContent, visit{body: view})
	seen, midnight := map[string]bool{}, time.Date(2026, 11, 25, 0, 0, 0, 0, w.now.Location()).Unix()
	for _, item := range first {
		if got := item["expires_at"]; got != float64(midnight) {
			t.Errorf("%v lives until %v, want %d", item["pk"], got, midnight)
		}
	}
	for _, item := range w.items(w.access.visitors.table) {
		key := fmt.Sprint(item["pk"])
		if seen[key] {
			t.Errorf("%s twice", key)
		}
		seen[key] = true
	}
	if len(first) != 2 || len(seen) != 4 {
		t.Errorf("%d items on the first day, %d in all: a salt and a mark each day", len(first), len(seen))
	}
	// A second process of the same day uses the same salt, after a restart too.
	again := &visitors{client: w.access.client, table: w.access.visitors.table, random: func() string { return "another" }}
	counted, err := again.first(t.Context(), "2026-11-25", "203.0.113.7\x00"+firefox, w.now)
	if counted || err != nil {
		t.Errorf("counted twice: %t, %v", counted, err)
	}
}

// R103: whoever objects gets no cookie, no mark and no address in the record; what was there goes.
func TestObjections(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		jar    map[string]string
	}{
		"Global Privacy Control": {header: map[string]string{"Sec-GPC": "1"}, jar: map[string]string{}},
		"Do Not Track":           {header: map[string]string{"DNT": "1"}, jar: map[string]string{}},
		"refused":                {jar: map[string]string{display: ".uncounted"}},
		"changed one's mind":     {header: map[string]string{"Sec-GPC": "1"}, jar: map[string]string{counting: "2026-11-24"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for _, v := range []visit{{body: view}, {method: http.MethodGet, target: "/access.gif?path=/ja"}} {
				v.header, v.jar = c.header, c.jar
				if answer := w.send(v); answer.Code >= 300 {
					t.Fatalf("status %d", answer.Code)
				}
			}
			if c.jar[counting] != "" {
				t.Errorf("cookies %v", c.jar)
			}
			w.wantCounted(2, 0)
			if n := len(w.items(w.access.visitors.table)); n != 0 {
				t.Errorf("%d marks", n)
			}
			for _, item := range w.items(w.access.table) {
				if _, kept := item["ip"]; kept {
					t.Errorf("the address is kept: %v", item)
				}
			}
		})
	}
	w := newWorld(t)
	w.want(http.StatusNoContent, visit{body: view, header: map[string]string{"DNT": "0", "Sec-GPC": "0"}})
	w.wantCounted(1, 1)
}

// R98, R101: the switch: a plain form that works without JavaScript, and can be turned back.
func TestSwitch(t *testing.T) {
	w := newWorld(t)
	jar := map[string]string{counting: "2026-11-20"}
	page := func(target string) string {
		return w.want(http.StatusOK, visit{method: http.MethodGet, target: target, jar: jar}).Body.String()
	}
	post := func(status int, body string, header map[string]string) string {
		answer := w.want(status, visit{target: "/cookies?lang=ja", body: body, kind: "application/x-www-form-urlencoded", jar: jar, header: header})
		return answer.Header().Get("Location")
	}
	if before := page("/cookies"); !strings.Contains(before, `name="counting" value="on" checked`) || strings.Contains(before, "保存しました") {
		t.Error("the page does not show that visits are counted")
	}
	if got := post(http.StatusSeeOther, "counting=off&language=auto", nil); got != "/cookies?saved=1&lang=ja" {
		t.Errorf("Location %q", got)
	}
	if diff := cmp.Diff(map[string]string{display: ".uncounted"}, jar); diff != "" {
		t.Errorf("cookies after refusing (-want +got):\n%s", diff)
	}
	if after := page("/cookies?saved=1"); !strings.Contains(after, `name="counting" value="off" checked`) || !strings.Contains(after, "保存しました") {
		t.Error("the page does not show the refusal")
	}
	post(http.StatusSeeOther, "counting=on&language=en", nil)
	if diff := cmp.Diff(map[string]string{display: "en"}, jar); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	if english := page("/cookies"); !strings.Contains(english, "<h1>Cookies</h1>") {
		t.Error("the language is not remembered")
	}
	post(http.StatusSeeOther, "counting=on&language=auto", nil)
	if len(jar) != 0 {
		t.Errorf("cookies without a choice: %v", jar)
	}
	for body, status := range map[string]int{"": 422, "counting=maybe": 422, "counting=on&language=th": 422, "%zz": 400, "counting=" + strings.Repeat("x", 9000): 400} {
		post(status, body, nil)
	}
	post(http.StatusBadRequest, "counting=off", map[string]string{"Sec-Fetch-Site": "cross-site"})
	if len(jar) != 0 {
		t.Errorf("another website's form set %v", jar)
	}
	if signalled := w.want(http.StatusOK, visit{method: http.MethodGet, target: "/cookies?lang=en", header: map[string]string{"Sec-GPC": "1"}}).Body.String(); !strings.Contains(signalled, "We already follow that") {
		t.Error("the page does not tell that the signal was seen")
	}
}
