package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

type found struct {
	Items []row
	Next  *string
}

// An address is found as people type it, by its keyed hash (R45); the row says what staff need to know, masked (R9).
func TestFindByAddress(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	w.put(policy.Press, "press@example.jp")
	want := row{ID: id, List: "newsletter", State: "confirmed", Since: "2026-11-24T00:00:00Z", Channel: "letter", Name: "森**", Email: "m***@example.jp",
		Organization: "例示株式会社", ExpiresAt: "2029-11-23T09:00:00+09:00"}
	for _, typed := range []string{email, "MORI@Example.JP", "ｍｏｒｉ＠ｅｘａｍｐｌｅ．ｊｐ", " mori@example.jp "} {
		got := answer[found](w, w.want(w.call("editor", http.MethodGet, "?list=newsletter&email="+url.QueryEscape(typed), nil), http.StatusOK))
		if diff := cmp.Diff([]row{want}, got.Items); diff != "" || got.Next != nil {
			t.Errorf("%q: %s", typed, diff)
		}
	}
	for _, other := range []string{"nobody@example.jp", "press@example.jp"} { // of the other list nothing is told
		if got := answer[found](w, w.want(w.call("editor", http.MethodGet, "?list=newsletter&email="+other, nil), http.StatusOK)); len(got.Items) != 0 || got.Items == nil {
			t.Errorf("%s: %+v", other, got)
		}
	}
}

func TestFindByNameAndState(t *testing.T) {
	w := newWorld(t)
	w.put(policy.Newsletter, email)
	w.ask(policy.Newsletter, "waits@example.jp")
	for target, want := range map[string]int{"q=" + url.QueryEscape("森花"): 2, "q=" + url.QueryEscape("例示"): 2, "q=" + url.QueryEscape("森"): 2, "q=" + url.QueryEscape("林"): 0, "q=" + url.QueryEscape("林田"): 0,
		"state=confirmed": 1, "state=unconfirmed": 1, "state=bounced": 0} {
		got := answer[found](w, w.want(w.call("editor", http.MethodGet, "?list=newsletter&"+target, nil), http.StatusOK))
		if len(got.Items) != want {
			t.Errorf("%s: %d", target, len(got.Items))
		}
	}
}

// Every status of the contract for a search, and who may make it: no role sees another's list (R45).
func TestFindStatuses(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		who, target string
		status      int
		field       string
	}{
		"the own list":      {"editor", "?list=newsletter&state=confirmed", 200, ""},
		"the press list":    {"press", "?list=press&state=pending_approval", 200, ""},
		"without a list":    {"press", "?state=confirmed", 200, ""},
		"another's":         {"editor", "?list=press&state=confirmed", 403, ""},
		"the other way":     {"press", "?list=newsletter&email=a@example.jp", 403, ""},
		"no role":           {"events", "?list=newsletter&state=confirmed", 403, ""},
		"no such list":      {"editor", "?list=events&state=confirmed", 422, "list"},
		"nothing to search": {"editor", "?list=newsletter", 422, "email"},
		"one character":     {"editor", "?list=newsletter&q=a", 422, "q"},
		"a family name":     {"editor", "?list=newsletter&q=" + url.QueryEscape("森"), 200, ""},
		"of a case":         {"privacy", "?list=press&email=a@example.jp", 200, ""},
		"by name":           {"privacy", "?list=newsletter&q=" + url.QueryEscape("森"), 200, ""},
		"a whole list":      {"privacy", "?list=newsletter&state=confirmed", 403, ""},
		"accounts only":     {"admin", "?list=newsletter&email=a@example.jp", 403, ""},
		"no such state":     {"editor", "?list=newsletter&state=asleep", 422, "state"},
		"no address":        {"editor", "?list=newsletter&email=mori", 422, "email"},
		"a made-up cursor":  {"editor", "?list=newsletter&state=confirmed&cursor=x", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.call(test.who, http.MethodGet, test.target, nil)
			if a.Code != test.status || test.field != "" && !strings.Contains(a.Body.String(), `"field":"`+test.field+`"`) {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	refused := 0
	for _, entry := range w.ledger() {
		if strings.HasSuffix(entry, " refused") {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d refusals in the ledger: %q", refused, w.ledger())
	}
}

// A page lists people masked, and the address that was looked for stands in no address of a page.
func TestFindPage(t *testing.T) {
	w := newWorld(t)
	id := w.put(policy.Newsletter, email)
	a := w.want(w.page("editor", "/find", url.Values{"list": {"newsletter"}, "email": {email}}), http.StatusOK)
	if text := a.Body.String(); !strings.Contains(text, "森**") || strings.Contains(text, "花子") || !strings.Contains(text, base+"/"+id+"?list=newsletter") {
		t.Errorf("the page is %s", text)
	}
	if a := w.want(w.page("editor", "/find", url.Values{"list": {"newsletter"}, "q": {"m"}}), http.StatusUnprocessableEntity); !strings.Contains(a.Body.String(), "2文字以上") {
		t.Errorf("one character: %s", a.Body)
	}
	w.want(w.page("editor", "?lang=en", nil), http.StatusOK)
}
