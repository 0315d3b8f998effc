package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
	"madoguchi/shared/record/recordtest"
)

// A page left open over night keeps what was typed, the numbers of copies too, and can be sent at once (hard case 11).
func TestOverNight(t *testing.T) {
	handler, _ := counterAt(t, recordtest.Start(t), eventTime.Add(26*time.Hour))
	post := func(body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/publications", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	late := eventRequests(t)["submit"].body
	w := post(late)
	page := w.Body.String()
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `name="quantity.map" type="text" value="2"`) || !strings.Contains(page, `value="千代田区丸の内1-2-3"`) {
		t.Fatalf("%d %s", w.Code, page)
	}
	_, rest, _ := strings.Cut(page, `name="form_token" value="`)
	fresh, _, _ := strings.Cut(rest, `"`)
	before, after, _ := strings.Cut(late, "form_token=")
	_, after, _ = strings.Cut(after, "&")
	if w := post(before + "form_token=" + fresh + "&" + after); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "送信が早すぎます") {
		t.Errorf("sent at once: %d", w.Code) // the fresh token has its own minimum time
	}
}

// What the button finds: all of an address where it is certain, what is certain where it is not, and a choice for the rest.
func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name, code, prefecture string
		values                 map[string]string
		choices                int
		settled                bool
	}{
		{"one place", "105-0004", "", map[string]string{"prefecture": "13", "address": "港区新橋"}, 0, false},
		{"full width", "〒１０５ー０００４", "", map[string]string{"prefecture": "13", "address": "港区新橋"}, 0, false},
		{"two cities of one prefecture", "035-0000", "", map[string]string{"prefecture": "02"}, 2, false},
		{"two prefectures", "498-0000", "", map[string]string{}, 2, false},
		{"two prefectures, chosen before", "498-0000", "24", map[string]string{"prefecture": "24", "address": "桑名郡木曽岬町"}, 2, true},
		{"two prefectures, another chosen", "498-0000", "13", map[string]string{}, 2, false},
		{"more towns than buttons", "452-0961", "", map[string]string{"prefecture": "23", "address": "清須市"}, 0, false},
		{"nobody's code", "000-0000", "", nil, 0, false},
		{"no code", "", "", nil, 0, false},
		{"too short", "105", "", nil, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := suggest(map[string]string{"postal_code": c.code, "prefecture": c.prefecture}, policy.Japanese)
			if diff := cmp.Diff(c.values, got.Values); diff != "" || len(got.Choices) != c.choices || got.Settled != c.settled {
				t.Errorf("%s\n%+v", diff, got)
			}
			if (c.values == nil || c.choices > 0 && !c.settled) && got.Said == "" {
				t.Error("says nothing")
			}
			labels := map[string]bool{}
			for _, choice := range got.Choices {
				if labels[choice.Label] || choice.Values["prefecture"] == "" {
					t.Errorf("choice %+v", choice)
				}
				labels[choice.Label] = true
			}
		})
	}
}

// A field of a publication takes what one request may ask for; what cannot be asked for is gone from the page.
func TestFields(t *testing.T) {
	all := fields(policy.Get(policy.Publications), []publications.Publication{
		{ID: "map", Title: publications.Words{JA: "地図"}, Languages: "ja,en", Limit: 5, Left: 3, Pages: 2, About: publications.Words{JA: "説明。"}},
		{ID: "none", Title: publications.Words{JA: "品切れ"}, Languages: "ja", Limit: 5},
		{ID: "old", Title: publications.Words{JA: "旧版"}, Languages: "ja", Limit: 5, Left: 9, Withdrawn: true},
	})
	var names []string
	gone := map[string]bool{}
	for _, f := range all {
		names = append(names, f.Name)
		if f.Offer != nil {
			gone[f.Name] = f.Offer.Gone
		}
	}
	want := []string{"quantity.map", "quantity.none", "quantity.old", "name", "postal_code", "prefecture", "address", "building", "phone", "email", "organization"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("fields (R43): %s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"quantity.map": false, "quantity.none": true, "quantity.old": true}, gone); diff != "" {
		t.Error(diff)
	}
	if f := all[0]; f.Max != 5 || f.Support.JA != "説明。日本語・英語、2ページ。1回に5部まで。在庫：残り3部" || !strings.Contains(f.Aid.JA, "在庫がない資料：「品切れ」") || strings.Contains(f.Aid.JA, "旧版") {
		t.Errorf("%+v", f)
	}
	if wrong := check(make([]publications.Item, publications.MostKinds+1)); len(wrong) != 1 || wrong[0].Field != "quantity" {
		t.Errorf("more kinds than a transaction takes: %v", wrong)
	}
	if wrong := check(make([]publications.Item, publications.MostKinds)); wrong != nil {
		t.Errorf("as many as it takes: %v", wrong)
	}
}
