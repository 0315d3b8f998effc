package main

import (
	"strings"
	"testing"

	"madoguchi/shared/policy"
)

// R65-R93: what a person must know before writing a letter, in both languages: what can be asked for, what to write, which
// documents with which cautions, for an agent too, where to, at what cost, by when.
func TestRequestTellsSectionSeven(t *testing.T) {
	handler := deployed(t)
	o := policy.DefaultOrganization()
	for l, words := range map[policy.Language][]string{
		policy.Japanese: {"郵送", "14日間以内", "0円", "氏名、住所、電話番号", "代理人の氏名、住所、電話番号", "委任状", "法定代理人", "戸籍謄本", "裏面は、絶対に同封しないでください",
			"記号・番号", "QRコード", "遅滞なく調査", "理由をお知らせします", "メール、電話、ウェブからの請求は承っていません"},
		policy.English: {"by post", "14 days", "0 yen", "Your name, address and telephone number", "the agent’s name, address and telephone number", "letter of authority", "statutory agent",
			"Never enclose the back", "symbol, number", "QR code", "investigate without delay", "we tell you the reason", "do not take requests by e-mail, telephone or on the web"},
	} {
		page := get(handler, "/privacy/request?lang="+string(l)).Body.String()
		form := get(handler, "/privacy/request/form?lang="+string(l)).Body.String()
		for _, want := range words {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page lacks %q", l, want)
			}
		}
		both := []string{o.Address.In(l), o.Name.In(l), o.PrivacyOffice.In(l)} // R82, R93
		for _, r := range policy.RequestTypes() {
			both = append(both, r.Text.In(l))
		}
		for _, d := range policy.IdentityDocuments() {
			both = append(both, d.Text.In(l), d.Caution.In(l))
		}
		for _, a := range policy.AgentDocuments() {
			both = append(both, a.In(l))
		}
		for _, want := range both {
			if !strings.Contains(page, want) || !strings.Contains(form, want) {
				t.Errorf("%s: page or form lacks %q", l, want)
			}
		}
		// R80, R97: nothing can be entered or sent on the web, and the form asks for no number of a document (R10).
		for _, not := range []string{"<input", "<form", "<textarea", "<button"} {
			if strings.Contains(page+form, not) {
				t.Errorf("%s: %s on a page about letters", l, not)
			}
		}
	}
}

// Search engines may list pages to read; the forms of other functions say noindex (shared/web).
func TestPagesMayBeFound(t *testing.T) {
	handler := deployed(t)
	for _, target := range []string{"/", "/privacy", "/privacy/request", "/accessibility", "/security", "/links"} {
		if strings.Contains(get(handler, target).Body.String(), "noindex") {
			t.Errorf("%s is not to be found", target)
		}
	}
	if !strings.Contains(get(handler, "/nowhere").Body.String(), "noindex") {
		t.Error("an error page may be listed")
	}
}
