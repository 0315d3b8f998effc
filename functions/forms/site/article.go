package main

import (
	"net/http"
	"time"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// article is a page of text: its words stand in a template for each language, <name>.<language>.html.
type article struct {
	path, name string
	title      policy.Text
	listed     policy.Text // its name on the front page; empty where another page leads to it
}

// articles are the pages of text beside the policy itself.
var articles = []article{
	{"/privacy/request", "request", policy.Text{JA: "個人情報に関する請求の方法", EN: "Requests about your personal information"},
		policy.Text{JA: "個人情報に関する請求（開示・訂正・利用停止など）", EN: "Requests about your personal information (disclosure, correction, stop of use)"}}, // R65-R93
	{"/privacy/request/form", "form", policy.Text{JA: "個人情報に関する請求書", EN: "Request about personal information"}, policy.Text{}},
	{"/security", "security", policy.Text{JA: "個人情報を守るための措置", EN: "How we protect personal information"},
		policy.Text{JA: "個人情報を守るための措置", EN: "How we protect personal information"}}, // R48
	{"/links", "links", policy.Text{JA: "外部のサイトとサービス", EN: "External sites and services"},
		policy.Text{JA: "外部のサイトとサービス", EN: "External sites and services"}}, // R104, R105
	{"/accessibility", "accessibility", policy.Text{JA: "アクセシビリティについて", EN: "Accessibility"},
		policy.Text{JA: "アクセシビリティについて", EN: "Accessibility"}},
}

// stated is the day of the accessibility statement: change it with its words.
var stated = time.Date(2026, 11, 24, 0, 0, 0, 0, policy.JapanTime)

// outside is a site of others to which a page of ours leads.
type outside struct{ URL, Name, Mark, What string }

// outsides are all of them (R104). A page leads to no other site; a test holds that.
func outsides(l policy.Language) []outside {
	list := []struct {
		url        string
		name, what policy.Text
	}{
		{"https://www.ppc.go.jp/", policy.Text{JA: "個人情報保護委員会", EN: "Personal Information Protection Commission, Japan"},
			policy.Text{JA: "個人情報の保護に関する法律と相談の窓口", EN: "The Act on the Protection of Personal Information, and advice"}},
		{"https://waic.jp/", policy.Text{JA: "ウェブアクセシビリティ基盤委員会", EN: "Web Accessibility Infrastructure Committee"},
			policy.Text{JA: "JIS X 8341-3 の解説（日本語）", EN: "About JIS X 8341-3 (in Japanese)"}},
	}
	mark := policy.Text{JA: "（外部サイト）", EN: " (external site)"}
	all := make([]outside, len(list))
	for i, o := range list {
		all[i] = outside{o.url, o.name.In(l), mark.In(l), o.what.In(l)}
	}
	return all
}

// article shows a page of text.
func (p *pages) article(a article) web.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		language := web.LanguageOf(r, policy.Japanese, policy.English)
		view := struct {
			Language             policy.Language
			Path                 string // the page's own, for the other language
			Site, Target, Stated string
			Fee                  int
			Organization         policy.Organization
			Types                []policy.RequestType
			Documents            []policy.IdentityDocument
			Agent                []policy.Text
			Processors           []policy.Processor
			Outside              []outside
		}{language, a.path, p.site.Organization.PublicURL, policy.Words(policy.RequestTarget, language), policy.Date(stated, language), policy.RequestFee,
			p.site.Organization, policy.RequestTypes(), policy.IdentityDocuments(), policy.AgentDocuments(), policy.Processors(), outsides(language)}
		return p.show(w, language, a.title.In(language), a.name+"."+string(language)+".html", view)
	}
}
