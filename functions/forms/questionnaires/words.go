package main

import "madoguchi/shared/policy"

// manner is how a questionnaire says whether it asks for names.
type manner struct{ lead, done, term, body policy.Text }

func (m manner) notice(l policy.Language) policy.NoticeItem {
	return policy.NoticeItem{Term: m.term.In(l), Body: []string{m.body.In(l)}}
}

// anonymous says what follows from it, too: what nobody can find, nobody can correct (R65-R75).
var anonymous = manner{
	lead: policy.Text{
		JA: "このアンケートは無記名です。どなたのご回答かは、私たちにも分かりません。ご回答はおひとり1回です。途中の内容は保存されません。",
		EN: "This questionnaire is anonymous: we cannot tell who gave which answer. Each person answers once. Nothing is saved until you send it."},
	done: policy.Text{
		JA: "ご回答を受け付けました。受付番号は送信の記録で、ご回答の内容とは結び付いていません。",
		EN: "We have received your answers. The reference shows that you sent them; it is not kept with what you answered."},
	term: policy.Text{JA: "無記名", EN: "Anonymity"},
	body: policy.Text{
		JA: "ご回答には、お名前・メールアドレス・登録の番号・送信の時刻・言語を付けずに保管します（日付だけを残します）。どなたのご回答か分からないため、送信後の開示・訂正・削除はできません。自由記入欄には、お名前など個人が分かる内容を書かないでください。",
		EN: "Your answers are kept without your name, address, registration, time or language; only the day is kept. As nobody can tell which are yours, they cannot be disclosed, corrected or deleted once sent. Please do not write names or other personal details in the free-text answers."},
}

var named = manner{
	lead: policy.Text{
		JA: "このアンケートは記名式です。ご回答は、イベントの参加登録と結び付けて保管します。ご回答はおひとり1回です。途中の内容は保存されません。",
		EN: "This questionnaire is not anonymous: your answers are kept together with your registration. Each person answers once. Nothing is saved until you send it."},
	done: policy.Text{JA: "ご回答を受け付けました。", EN: "We have received your answers."},
	term: policy.Text{JA: "記名", EN: "Named answers"},
	body: policy.Text{
		JA: "ご回答は、イベントの参加登録の受付番号とともに保管し、どなたのご回答かが分かります。",
		EN: "Your answers are kept with the reference of your event registration, so that we can tell they are yours."},
}
