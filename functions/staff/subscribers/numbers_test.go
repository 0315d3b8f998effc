package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
)

// The numbers of a list by month, for its own role only, as a page, JSON and a file. A list that nothing was counted of says so.
func TestNumbers(t *testing.T) {
	w := newWorld(t)
	if page := w.want(w.page("editor", "/numbers?list=newsletter", nil), http.StatusOK); !strings.Contains(page.Body.String(), "まだ集計が始まっていません") {
		t.Error("the page does not say that nothing was counted")
	}
	id := w.put(policy.Newsletter, email)
	w.put(policy.Newsletter, "stays@example.jp")
	w.want(w.call("editor", http.MethodPost, "/"+id+"/optout?list=newsletter", map[string]any{"channel": "telephone"}), http.StatusOK)
	if err := w.list(policy.Newsletter).Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	type numbers struct {
		List  string
		Since *string
		Items []month
	}
	got := answer[numbers](w, w.want(w.call("editor", http.MethodGet, "/numbers?list=newsletter", nil), http.StatusOK))
	none, one := 0, 1
	want := []month{{Month: "2026-11", Numbers: &subscription.Numbers{Joined: 2, Left: 1}, Confirmed: &one}, {Month: "2026-10", Confirmed: &none}}
	if diff := cmp.Diff(want, got.Items); diff != "" || got.Since == nil {
		t.Errorf("since %v: %s", got.Since, diff)
	}
	file := w.want(w.call("editor", http.MethodGet, "/numbers.csv?list=newsletter", nil), http.StatusOK).Body.String()
	if !strings.HasPrefix(file, "\ufeff") || !strings.Contains(file, "2026-11,2,0,0,1,0,0,1\r\n2026-10,,,,,,,0\r\n") {
		t.Errorf("file: %q", file)
	}
	w.want(w.call("press", http.MethodGet, "/numbers?list=newsletter", nil), http.StatusForbidden)
	w.want(w.call("events", http.MethodGet, "/numbers", nil), http.StatusForbidden)
}
