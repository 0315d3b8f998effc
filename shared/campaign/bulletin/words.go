package bulletin

import (
	"fmt"
	"strings"
	"time"

	"madoguchi/shared/policy"
)

// words are what the frame says. The footer says it as the letters of shared/mail/letter do.
var words = struct{ contact, policy, unsubscribe, preferences, registration, answer, correction, picture policy.Text }{
	contact:      policy.Text{JA: "お問い合わせ先", EN: "Contact"},
	policy:       policy.Text{JA: "プライバシーポリシー", EN: "Privacy policy"},
	unsubscribe:  policy.Text{JA: "配信を停止する", EN: "Unsubscribe"},
	preferences:  policy.Text{JA: "登録内容を確認・変更する", EN: "See or change your data"},
	registration: policy.Text{JA: "お申し込みの内容を確認・変更・取消する", EN: "See, change or cancel your registration"},
	answer:       policy.Text{JA: "アンケートに回答する", EN: "Answer the questionnaire"},
	correction:   policy.Text{JA: "お詫びと訂正", EN: "Apology and correction"},
	picture:      policy.Text{JA: "画像", EN: "Picture"},
}

// linkLabel is what the recipient's own link of a kind leads to.
func linkLabel(kind policy.MailKind) policy.Text {
	if kind == policy.QuestionnaireInvite {
		return words.answer
	}
	return words.registration
}

// reason says why a mail came: whose record caused it and what it is, from the policy (contract: "Mail").
func reason(f Frame) string {
	service, _ := serviceOf(f.Kind)
	mail, _ := policy.MailOf(f.Kind)
	switch {
	case f.Kind == policy.QuestionnaireInvite:
		return fmt.Sprintf(policy.Text{
			JA: "このメールは、「%s」への参加登録でご記入いただいたメールアドレスに、イベント終了後のアンケートのためにお送りしています。",
			EN: "This mail goes to the address given when registering for “%s”, for the questionnaire after the event."}.In(f.Language), f.Event)
	case service.EventBound:
		return fmt.Sprintf(policy.Text{JA: "このメールは、「%s」に登録された方にお送りしています。",
			EN: "You receive this mail because you are registered for “%s”."}.In(f.Language), f.Event)
	case f.Language == policy.English:
		return fmt.Sprintf("You receive this mail (%s) because this address was confirmed for the service “%s”.",
			strings.ToLower(mail.Text.EN), service.Name.EN)
	case mail.Text.JA == service.Name.JA:
		return fmt.Sprintf("このメールは、%sの登録を確認されたメールアドレスにお送りしています。", service.Name.JA)
	}
	return fmt.Sprintf("この%sは、%sの登録を確認されたメールアドレスにお送りしています。", mail.Text.JA, service.Name.JA)
}

// embargo is the line that asks the media to wait. The minute is exact: a story must not come out early.
func embargo(t time.Time, l policy.Language) string {
	t = t.In(policy.JapanTime)
	if l == policy.English {
		return "EMBARGOED until " + t.Format("15:04 on Monday, 2 January 2006 (Japan time)")
	}
	weekday := string([]rune("日月火水木金土")[t.Weekday()])
	return "【報道解禁：" + t.Format("2006年1月2日（"+weekday+"）15:04") + " 日本時間】"
}
