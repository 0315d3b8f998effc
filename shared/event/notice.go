package event

import (
	"fmt"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
)

// roles are the parts that partners take, in the words of the notice.
var roles = map[string]policy.Text{
	policy.CoOrganiser: {JA: "共催者", EN: "Co-organiser"},
	policy.Contractor:  {JA: "委託先", EN: "Contractor"},
}

// whys say why a partner receives the items.
var whys = map[string]policy.Text{
	policy.CoOrganiser: {JA: "利用目的：このイベントを共同で運営するため", EN: "Why: to run this event together with us"},
	policy.Contractor:  {JA: "利用目的：このイベントの運営業務の一部を行うため", EN: "Why: to do part of the work for this event"},
}

// grounds are the legal forms, in the words of the notice.
var grounds = map[policy.LegalForm]policy.Text{
	policy.Entrustment: {
		JA: "根拠：個人情報の取り扱いの委託（個人情報保護法第27条第5項第1号）。私たちの監督のもとで取り扱います。",
		EN: "Ground: entrustment (APPI art. 27(5)(i)); they work under our supervision."},
	policy.JointUse: {
		JA: "根拠：共同利用（個人情報保護法第27条第5項第3号）。管理の責任は私たちが負います。",
		EN: "Ground: joint use (APPI art. 27(5)(iii)); we are responsible for its management."},
	policy.ConsentedProvision: {
		JA: "根拠：ご本人の同意にもとづく第三者提供（個人情報保護法第27条第1項、第28条）。フォームの同意欄にチェックを入れた場合に限り、提供します。",
		EN: "Ground: provision to a third party with your consent (APPI art. 27(1), 28). Only if you tick the box in the form."},
}

// Notices are the points that stand in the notice above the form and in the receipt: each partner with its role, country,
// legal form, what it receives and why (R30-R33), and what staff add in words of their own.
func (e *Event) Notices(l policy.Language) []policy.NoticeItem {
	var items []policy.NoticeItem
	for _, p := range e.Partners {
		country, _ := form.Country(p.Country)
		receives := policy.Text{JA: "提供する個人情報：なし", EN: "Receives: no personal information"}.In(l)
		if len(p.Receives) > 0 {
			receives = policy.Text{JA: "提供する項目：", EN: "Receives: "}.In(l) + e.Items(p.Receives, l)
		}
		body := []string{fmt.Sprintf(policy.Text{JA: "%s（所在国：%s）", EN: "%s (country: %s)"}.In(l), p.Name.In(l), country.In(l)), receives}
		if len(p.Receives) > 0 {
			body = append(body, whys[p.Role].In(l), grounds[p.LegalForm].In(l))
		}
		items = append(items, policy.NoticeItem{Term: roles[p.Role].In(l), Body: body})
	}
	if e.NoticeText != "" {
		items = append(items, policy.NoticeItem{Term: policy.Text{JA: "このイベントについて", EN: "About this event"}.In(l), Body: []string{e.NoticeText}})
	}
	return items
}

// ConsentText is what stands beside the box of a partner that needs the person's consent. It is kept with the answer.
func (e *Event) ConsentText(p Partner, l policy.Language) string {
	country, _ := form.Country(p.Country)
	return fmt.Sprintf(policy.Text{
		JA: "%s（所在国：%s）に、%sを提供することに同意します",
		EN: "I agree that you provide %[3]s to %[1]s (country: %[2]s)",
	}.In(l), p.Name.In(l), country.In(l), e.Items(p.Receives, l))
}
