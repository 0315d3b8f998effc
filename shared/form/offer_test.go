package form_test

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// addOffers adds a form with three things on offer, one of them gone, and an aid that knows one postal code with one place and one
// with two.
func addOffers(w *world) {
	mux := w.site.NewMux()
	service := policy.Get(policy.Publications)
	offer := func(id, title string, gone bool) form.Field {
		return form.Field{Field: policy.Field{Name: "quantity." + id, Label: policy.Text{JA: title}, Type: policy.TypeNumber}, Min: 0, Max: 5,
			Group: policy.Text{JA: "ご希望の資料と部数"}, Offer: &form.Offer{Name: "quantity", Required: true, Unit: policy.Text{JA: "部"}, Gone: gone,
				Figure: `<div class="figure"><svg aria-hidden="true"></svg></div>`}}
	}
	all := []form.Field{offer("map", "地図", false), offer("book", "白書", false), offer("old", "旧版", true)}
	for _, f := range service.Fields {
		if slices.Contains([]string{"postal_code", "prefecture", "address"}, f.Name) {
			all = append(all, form.Field{Field: f})
		}
	}
	all[4].Options = form.Prefectures()
	w.engine.Register(mux, &form.Form{
		ID: "publications", Path: "/publications", Service: service, Periods: policy.DefaultPeriods(service), Prefix: "P", Status: "received", State: "open",
		Words: form.Words{Title: policy.Text{JA: "資料の請求"}, Button: policy.Text{JA: "請求する"}}, Submit: w.submit,
		Fields: func(context.Context) ([]form.Field, error) { return all, nil },
		Refresh: func(context.Context) ([]form.Field, error) {
			return append([]form.Field{offer("new", "新刊", false)}, all...), nil
		},
		Aids: []form.Aid{{Name: "lookup", Field: "postal_code", Label: policy.Text{JA: "住所を入力"}, Suggest: func(typed map[string]string, _ policy.Language) form.Suggestion {
			minato := map[string]string{"prefecture": "13", "address": "港区新橋"}
			switch typed["postal_code"] {
			case "105-0004":
				return form.Suggestion{Values: minato}
			case "498-0000":
				return form.Suggestion{Said: "選んでください。", Choices: []form.Choice{{Label: "東京都港区新橋", Values: minato}, {Label: "三重県", Values: map[string]string{"prefecture": "24"}}}}
			}
			return form.Suggestion{Said: "見つかりません。"}
		}}},
	})
	w.handler = web.Lambda(mux)
}

func wish(token, action string, changes ...string) url.Values {
	v := url.Values{"form_token": {token}, "action": {action}, "quantity.map": {"２"}, "quantity.book": {""}, "postal_code": {"105-0004"}, "prefecture": {""}, "address": {""}}
	for i := 0; i+1 < len(changes); i += 2 {
		v.Set(changes[i], changes[i+1])
	}
	return v
}

// What is on offer stands in one fieldset; an error about all of it is told there and linked to; what is gone is shown only to
// those who asked for it; the check page shows what was taken.
func TestOffers(t *testing.T) {
	w := newWorld(t)
	addOffers(w)
	golden(t, "offers-input-ja", w.get("/publications", nil).Body)
	token := w.open("/publications")
	none := w.post("/publications", wish(token, "check", "quantity.map", "", "prefecture", "13", "address", "港区"))
	golden(t, "offers-none-ja", none.Body)
	if none.Status != 422 || !strings.Contains(none.Body, `<a href="#quantity">「ご希望の資料と部数」を1つ以上入力してください</a>`) {
		t.Errorf("nothing taken: %d", none.Status)
	}
	// All that is wrong is told at once; a number that is none is told as such.
	empty := w.post("/publications", wish(token, "check", "quantity.map", "", "postal_code", ""))
	if first, second := strings.Index(empty.Body, `href="#quantity"`), strings.Index(empty.Body, `href="#postal_code"`); first < 0 || second < first {
		t.Errorf("an empty form: %d", empty.Status)
	}
	if a := w.post("/publications", wish(token, "check", "quantity.map", "x")); strings.Contains(a.Body, `href="#quantity"`) || !strings.Contains(a.Body, `href="#quantity.map"`) {
		t.Error("a number that is none is told as nothing taken")
	}
	checked := w.post("/publications", wish(token, "check", "prefecture", "13", "address", "港区"))
	golden(t, "offers-check-ja", checked.Body)
	if strings.Contains(checked.Body, "白書") || !strings.Contains(checked.Body, "2部") {
		t.Error("the check page shows what was not taken, or not what was")
	}
	// A page that was opened before the old edition went still sends it: it stays where the person sees it.
	old := w.post("/publications", wish(token, "edit", "quantity.old", "1"))
	if !strings.Contains(old.Body, `name="quantity.old" type="text" value="1"`) || strings.Contains(w.get("/publications", nil).Body, "quantity.old") {
		t.Error("what is gone: shown to all, or lost")
	}
	// What came into the catalogue after this process has read it is not dropped.
	if a := w.post("/publications", wish(token, "check", "quantity.new", "3", "prefecture", "13", "address", "港区")); a.Status != 200 || !strings.Contains(a.Body, "新刊</dt><dd>3部") {
		t.Errorf("a newer offer: %d\n%s", a.Status, a.Body)
	}
	var d form.Description
	if err := json.Unmarshal([]byte(w.get("/publications", map[string]string{"accept": jsonType}).Body), &d); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(d.Fields, func(f form.FieldDescription) bool { return f.Name == "quantity.old" }) || *d.Fields[0].Max != 5 {
		t.Errorf("description: %+v", d.Fields)
	}
	a := w.postJSON("/publications", map[string]any{"form_token": d.FormToken, "postal_code": "105-0004", "prefecture": "13", "address": "港区"})
	if a.Status != 422 || !strings.Contains(a.Body, `"field":"quantity","code":"required"`) {
		t.Errorf("nothing taken, in JSON: %d %s", a.Status, a.Body)
	}
}

// An aid fills in what is empty and nothing else, whoever asks and however often; it stores nothing.
func TestAids(t *testing.T) {
	w := newWorld(t)
	addOffers(w)
	token := w.open("/publications")
	for _, c := range []struct {
		name, action string
		changes      []string
		want         map[string]string // values of the page that follows
		told         string
	}{
		{"empty fields are filled in", "lookup", nil, map[string]string{"prefecture": "13", "address": "港区新橋", "quantity.map": "２"}, "「都道府県」「市区町村・番地」に入力しました。"},
		{"what was typed stays", "lookup", []string{"address", "芝1-2-3"}, map[string]string{"prefecture": "13", "address": "芝1-2-3"},
			"「都道府県」に入力しました。「市区町村・番地」は、すでに入力されているため変更していません。"},
		{"what was chosen stays", "lookup", []string{"prefecture", "27"}, map[string]string{"prefecture": "27", "address": "港区新橋"}, "「都道府県」は、すでに"},
		{"white space is no address", "lookup", []string{"address", "　"}, map[string]string{"address": "港区新橋"}, "入力しました"},
		{"nothing to find", "lookup", []string{"postal_code", "x"}, map[string]string{"prefecture": "", "address": "", "postal_code": "x"}, "見つかりません。"},
		{"several: nothing is filled in", "lookup", []string{"postal_code", "498-0000"}, map[string]string{"prefecture": "", "address": ""}, "選んでください。"},
		{"one of several", "lookup.三重県", []string{"postal_code", "498-0000"}, map[string]string{"prefecture": "24", "address": ""}, "「都道府県」に入力しました。"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.post("/publications", wish(token, c.action, c.changes...))
			if a.Status != 200 || !strings.Contains(a.Body, c.told) || !strings.Contains(a.Body, `role="status"`) {
				t.Errorf("%d, does not say %q", a.Status, c.told)
			}
			got := map[string]string{}
			for name := range c.want {
				got[name] = a.value(t, name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	choice := w.post("/publications", wish(token, "lookup", "postal_code", "498-0000")).Body
	golden(t, "offers-choice-ja", choice)
	if !strings.Contains(choice, `name="action" value="lookup.三重県"`) {
		t.Error("no button for the second place")
	}
	// A choice of a page on which the code was changed since fills in nothing that was not read.
	if a := w.post("/publications", wish(token, "lookup.大阪府", "postal_code", "498-0000")); a.Status != 200 || a.value(t, "prefecture") != "" {
		t.Errorf("a choice that is none: %d, prefecture %q", a.Status, a.value(t, "prefecture"))
	}
	if a := w.post("/publications", wish(token, "lookups")); a.Status != 400 {
		t.Errorf("an action that is none: %d, want 400", a.Status)
	}
	if a := w.postJSON("/publications", map[string]any{"form_token": token, "action": "lookup"}); a.Status != 422 {
		t.Errorf("an aid in JSON: %d, want 422", a.Status)
	}
	if n := len(w.all()); n != 0 {
		t.Errorf("%d records", n)
	}
	// The token is as good as before.
	w.pass(3e9)
	if a := w.post("/publications", wish(token, "submit", "prefecture", "13", "address", "港区")); a.Status != 303 {
		t.Errorf("submit after all that: %d", a.Status)
	}
}
