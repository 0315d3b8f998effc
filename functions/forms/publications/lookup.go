package main

import (
	"errors"
	"net/http"

	"madoguchi/shared/form"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/postal"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

// lookup is the button that fills the address in from the postal code. It is a help: whether the code and the address belong together
// is not checked, because the table is that of one month and people know where they live.
var lookup = form.Aid{Name: "lookup", Field: "postal_code", Label: policy.Text{JA: "郵便番号から住所を入力"}, Suggest: suggest}

// mostChoices is how many places are offered as buttons; beyond, people type a town sooner than they find it.
const mostChoices = 20

const streetNext = "続けて番地を入力してください。"

func suggest(typed map[string]string, _ policy.Language) form.Suggestion {
	code, err := japan.PostalCode(typed["postal_code"])
	if err != nil {
		return form.Suggestion{Said: "住所を探すには、郵便番号を数字7桁で入力してください（例：105-0004）。"}
	}
	places, err := postal.Find(code)
	if err != nil || len(places) == 0 {
		return form.Suggestion{Said: "この郵便番号の住所は見つかりませんでした。都道府県と住所を入力してください。"}
	}
	if len(places) == 1 {
		return form.Suggestion{Values: values(places[0]), Then: streetNext}
	}
	// What all places have in common is certain; the rest is the person's to say.
	certain := map[string]string{}
	if same(places, func(p postal.Place) string { return p.Prefecture }) {
		certain["prefecture"] = places[0].Prefecture
	}
	if len(places) > mostChoices {
		if same(places, func(p postal.Place) string { return p.Prefecture + p.City }) {
			certain["address"] = places[0].City
		}
		return form.Suggestion{Said: "この郵便番号には多くの町名があります。", Values: certain, Then: "続けて町名と番地を入力してください。"}
	}
	s := form.Suggestion{Said: "この郵便番号には複数の地域があります。当てはまるものを下のボタンから選んでください。", Values: certain, Then: streetNext}
	for _, p := range places {
		s.Choices = append(s.Choices, form.Choice{Label: p.String(), Values: values(p)})
	}
	// The person may have said already which of two prefectures it is.
	if in := within(places, typed["prefecture"]); len(in) == 1 {
		s.Said, s.Settled, s.Values = "", true, values(in[0])
	}
	return s
}

func values(p postal.Place) map[string]string {
	return map[string]string{"prefecture": p.Prefecture, "address": p.Address()}
}

func within(places []postal.Place, prefecture string) (in []postal.Place) {
	for _, p := range places {
		if p.Prefecture == prefecture {
			in = append(in, p)
		}
	}
	return in
}

func same(places []postal.Place, of func(postal.Place) string) bool {
	for _, p := range places {
		if of(p) != of(places[0]) {
			return false
		}
	}
	return true
}

// postalCode answers pages that bring their own form: POST {"postal_code": "105-0004"} -> the places, none for an unknown code. It is
// a POST, because a postal code is a field of the form, and what people type into forms stands in no address (R97). It needs no token:
// it stores nothing.
func postalCode(w http.ResponseWriter, r *http.Request) error {
	post, err := form.Decode(r)
	if err != nil {
		return err
	}
	code, err := japan.PostalCode(post.Values["postal_code"])
	var problem text.Problem
	if errors.As(err, &problem) {
		message := policy.Text{JA: "郵便番号を数字7桁で入力してください（例：105-0004）。", EN: "Enter the seven digits of a postal code, such as 105-0004."}
		return &web.Error{Kind: web.Invalid, Message: message, Fields: []web.FieldError{
			{Field: "postal_code", Code: string(problem), Message: message.In(web.LanguageOf(r, policy.Japanese, policy.English))}}}
	}
	if err != nil {
		return err
	}
	places, err := postal.Find(code)
	if err != nil {
		return err
	}
	source, err := postal.Source()
	if err != nil {
		return err
	}
	type item struct {
		Prefecture string `json:"prefecture"`
		Address    string `json:"address"`
	}
	items := []item{}
	for _, p := range places {
		items = append(items, item{p.Prefecture, p.Address()})
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", map[string]any{"items": items, "source": source})
}
