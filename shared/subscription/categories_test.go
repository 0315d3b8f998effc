package subscription

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// choices are the categories that the form offers now.
func (w *world) choices(t fatal) []Category {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/newsletter", nil)
	r.Header.Set("Accept", "application/json")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	var described struct {
		Fields []struct {
			Name    string     `json:"name"`
			Options []Category `json:"options"`
		} `json:"fields"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &described); err != nil {
		t.Fatalf("%d %s", answer.Code, answer.Body)
	}
	for _, field := range described.Fields {
		if field.Name == "business_category" {
			return field.Options
		}
	}
	t.Fatal("no field business_category")
	return nil
}

// TestCategoriesAreKeptByStaff: the shipped list until staff store another (R18); a process goes on with what it knows for
// at most 30 seconds; a choice that has gone is refused with a message, and subscribers who made it keep it.
func TestCategoriesAreKeptByStaff(t *testing.T) {
	w := newWorld(t)
	if diff := cmp.Diff(DefaultCategories(), w.choices(t)); diff != "" {
		t.Errorf("shipped list: %s", diff)
	}
	w.subscribed(t, hanako())
	list := []Category{{"airline", "航空"}, {"other", "その他"}}
	if err := w.list.SaveCategories(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	w.after(31 * time.Second)
	if diff := cmp.Diff(list, w.choices(t)); diff != "" {
		t.Errorf("new list: %s", diff)
	}
	if answer := w.post(t, "/newsletter", hanako("email", "jiro@example.jp")); answer.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(answer.Body.String(), "business_category") {
		t.Errorf("a category that has gone: %d %s", answer.Code, answer.Body)
	}
	w.signUp(t, hanako("email", "jiro@example.jp", "business_category", "airline"))
	if s, _ := w.stored(t, "hanako@example.jp"); s.Fields["business_category"] != "trade" {
		t.Errorf("stored category became %q", s.Fields["business_category"])
	}
}

// TestCategoriesWithoutStore: a store that does not answer does not take the form away.
func TestCategoriesWithoutStore(t *testing.T) {
	w := newWorld(t)
	c := &Categories{List: w.list}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := c.Options(ended); len(got) != len(DefaultCategories()) {
		t.Errorf("%d choices without a store", len(got))
	}
	if err := w.list.SaveCategories(t.Context(), []Category{{"airline", "航空"}}); err != nil {
		t.Fatal(err)
	}
	w.after(time.Minute)
	if got := c.Options(t.Context()); len(got) != 1 {
		t.Errorf("%d choices once the store is back", len(got))
	}
	w.after(time.Minute)
	if got := c.Options(ended); len(got) != 1 || got[0].Value != "airline" {
		t.Errorf("the last list known does not go on: %v", got)
	}
}

// TestCheckCategories names place and reason of what cannot be stored, and stores nothing of it.
func TestCheckCategories(t *testing.T) {
	w := newWorld(t)
	before := w.snapshot(t)
	for name, test := range map[string]struct {
		list []Category
		want string
	}{
		"empty":         {nil, "business_categories: at least one category is needed"},
		"no code":       {[]Category{{"", "航空"}}, "business_categories[0].value: 1 to 40 of a-z, 0-9, _ and - are allowed"},
		"code in kanji": {[]Category{{"a", "航空"}, {"航空", "航空"}}, "business_categories[1].value: 1 to 40 of a-z, 0-9, _ and - are allowed"},
		"twice":         {[]Category{{"a", "航空"}, {"a", "海運"}}, "business_categories[1].value: occurs twice"},
		"no label":      {[]Category{{"a", "\u3000"}}, "business_categories[0].label: one line of 1 to 60 characters is needed"},
		"two lines":     {[]Category{{"a", "航\n空"}}, "business_categories[0].label: one line of 1 to 60 characters is needed"},
	} {
		if err := w.list.SaveCategories(t.Context(), test.list); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, w.snapshot(t)); diff != "" {
		t.Errorf("stored: %s", diff)
	}
}
