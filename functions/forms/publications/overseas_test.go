package main

import (
	"net/http"
	"strings"
	"testing"

	"madoguchi/infra/journey"
)

// overseas: the page says before that nothing is delivered abroad; who chooses it all the same is told at the field what to do, with
// a foreign postal code too, and what was typed stays. A program is told the same.
func (p *product) overseas(t *testing.T) {
	v := journey.NewVisitor(p.target())
	page := v.Get(t, "/publications")
	if !strings.Contains(page.Text, "日本国内へお届けします。海外へのお届けは、お問い合わせフォームからご相談ください") {
		t.Errorf("the form does not say so: %s", page.Text)
	}
	const told = "「都道府県」：お届け先は日本国内に限らせていただいています。海外へのお届けは、お問い合わせフォーム（"
	before := len(p.requests(t))
	for _, c := range []struct{ name, postal string }{{"a Japanese postal code", "105-0004"}, {"a foreign one", "10110"}} {
		again := v.Send(t, v.Get(t, "/publications"), "check", hanako("abroad@example.jp", "quantity.thai", "1", "prefecture", "99", "postal_code", c.postal))
		if again.Status != http.StatusUnprocessableEntity || strings.Count(again.Text, told+p.URL()+"/inquiry）からご相談ください") != 2 || again.Fields["prefecture"] != "99" ||
			again.Fields["postal_code"] != c.postal {
			t.Errorf("%s: %d, %v %s", c.name, again.Status, again.Fields, again.Text)
		}
	}
	for lang, wanted := range map[string]string{"": told, "?lang=en": "海外"} { // the form is in Japanese whoever asks
		status, answer := v.JSON(t, "/publications"+lang, hanako("abroad@example.jp", "quantity.thai", "1", "prefecture", "99", "form_token", p.token(t)))
		if status != http.StatusUnprocessableEntity || codes(answer)["prefecture"] != "not_offered" || !strings.Contains(compact(answer), wanted) {
			t.Errorf("%q: %d %s", lang, status, compact(answer))
		}
	}
	if n := len(p.requests(t)); n != before {
		t.Errorf("%d requests were stored", n-before)
	}
}
