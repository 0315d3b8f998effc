package subscription

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

//go:embed page.html
var pageSource string

// page is parsed at first use, not at start.
var page = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageSource)) })

// pageText is what a page of a link says. The lists exist in Japanese only (R15, R20).
type pageText struct {
	Title      string
	Wrong      bool
	Success    []string
	Errors     []web.FieldError
	Paragraphs []string
	Action     string        // path that the form posts to
	Token      string        // the link's t
	Form       template.HTML // inputs, for the preferences
	Buttons    []button
	Links      []anchor
}

type button struct {
	Action, Label string
	Second        bool
}

type anchor struct{ Path, Label string }

func (h *Handler) show(v visit, t pageText) error {
	p, err := h.render(v, t)
	if err != nil {
		return err
	}
	return h.site.Write(v.w, http.StatusOK, p)
}

// fail answers with an error: its own page for people, its message for programs.
func (h *Handler) fail(v visit, e *web.Error, t pageText) error {
	p, err := h.render(v, t)
	if err != nil {
		return err
	}
	return h.site.Answer(v.w, v.r, e, p)
}

func (h *Handler) render(v visit, t pageText) (web.Page, error) {
	var content bytes.Buffer
	if err := page().Execute(&content, t); err != nil {
		return web.Page{}, fmt.Errorf("render page of a link: %w", err)
	}
	sentence := ""
	if web.WantsEnglish(v.r) {
		sentence = "This service is available in Japanese only."
	}
	return web.Page{Language: policy.Japanese, Title: t.Title, Service: h.list.Service.Name.JA, Sentence: sentence,
		Wrong: t.Wrong || len(t.Errors) > 0, Content: template.HTML(content.String())}, nil //nolint:gosec // rendered by html/template just above
}

func signUpWords(l *List) form.Words {
	s := l.Service
	name := s.Name.JA
	words := form.Words{
		Title: policy.Text{JA: name + "の登録"},
		Lead: policy.Text{JA: "下の項目をご入力ください。送信後、ご入力のメールアドレスに確認のメールをお送りします。メールのリンクを開き、表示されたページの「登録を完了する」を押していただくと登録が完了します。" +
			"すでにご登録の方は、お届けしたメールの「登録内容を確認・変更する」からお手続きください。"},
		Button:    policy.Text{JA: "この内容で送信する"},
		DoneTitle: policy.Text{JA: "確認のメールをお送りしました"},
		Done: policy.Text{JA: "まだ登録は完了していません。お送りしたメールのリンクを開き、表示されたページの「登録を完了する」を押してください。" +
			"数分たっても届かないときは、迷惑メールのフォルダーと、入力したアドレスをご確認ください。同じアドレスにお送りするのは1日3通までです。"},
		LastStep: policy.Text{JA: "3. メールで確認"},
		Help:     []form.Help{{Path: s.Path + "/resend", Label: policy.Text{JA: "確認のメールをもう一度送る"}}},
	}
	if l.Approval {
		words.Lead.JA = "下の項目をご入力ください。送信後、ご入力のメールアドレスに確認のメールをお送りします。メールのリンクを開き、表示されたページの「メールアドレスを確認する」を押してください。" +
			"担当者が報道関係の方からのお申し込みであることを確かめたうえで、結果をメールでお知らせします。"
		words.Done.JA = "まだお申し込みは完了していません。お送りしたメールのリンクを開き、表示されたページの「メールアドレスを確認する」を押してください。" +
			"数分たっても届かないときは、迷惑メールのフォルダーと、入力したアドレスをご確認ください。同じアドレスにお送りするのは1日3通までです。"
	}
	return words
}

func resendWords() form.Words {
	return form.Words{
		Title:     policy.Text{JA: "確認メールの再送"},
		Lead:      policy.Text{JA: "登録の際に入力したメールアドレスをご入力ください。確認を待っている登録がある場合に、確認のメールをもう一度お送りします。同じアドレスへのメールは1日3通までです。"},
		Button:    policy.Text{JA: "確認のメールを送る"},
		DoneTitle: policy.Text{JA: "受け付けました"},
		Done:      policy.Text{JA: "確認を待っている登録がある場合は、確認のメールをもう一度お送りしました。届かないときは、はじめからご登録ください。"},
	}
}

func again(s *policy.Service) []anchor {
	return []anchor{{s.Path, s.Name.JA + "の登録フォームへ"}}
}

func confirmText(l *List, token string, t link.Token, submitted time.Time) pageText {
	s := l.Service
	if isChange(t) {
		return pageText{Title: "新しいメールアドレスの確認", Action: s.Path + "/confirm", Token: token,
			Paragraphs: []string{"下のボタンを押すと、" + s.Delivered() + "のお届け先がこのメールアドレスに切り替わります。", "お心当たりがない場合は、このページを閉じてください。何も変更されません。"},
			Buttons:    []button{{"confirm", "このアドレスに切り替える", false}}}
	}
	which := ""
	if !submitted.IsZero() {
		// Which sign-up it is, where somebody else sent one for the same address; never what was typed in it.
		which = "（" + submitted.In(policy.JapanTime).Format("2006年1月2日15時04分") + "のお申し込み、受付番号 " + t.Ref + "）"
	}
	if l.Approval {
		return pageText{Title: s.Name.JA + "のお申し込みの確認", Action: s.Path + "/confirm", Token: token,
			Paragraphs: []string{"下のボタンを押すと、メールアドレスの確認が済みます" + which + "。担当者が確かめたうえで、結果をメールでお知らせします。",
				"お心当たりがない場合は、このページを閉じてください。何も登録されません。"},
			Buttons: []button{{"confirm", "メールアドレスを確認する", false}}}
	}
	return pageText{Title: s.Name.JA + "の登録の確認", Action: s.Path + "/confirm", Token: token,
		Paragraphs: []string{"下のボタンを押すと、" + s.Name.JA + "の登録が完了します" + which + "。", "お心当たりがない場合は、このページを閉じてください。何も登録されません。"},
		Buttons:    []button{{"confirm", "登録を完了する", false}}}
}

func confirmedText(s *policy.Service, change bool) pageText {
	if change {
		return pageText{Title: "メールアドレスを変更しました", Success: []string{"これからの" + s.Delivered() + "は、新しいメールアドレスにお届けします。"},
			Paragraphs: []string{"変更前のメールアドレスにも、変更したことをお知らせしました。"}}
	}
	return pageText{Title: "登録が完了しました", Success: []string{s.Name.JA + "の登録が完了しました。ご登録ありがとうございます。"},
		Paragraphs: []string{"登録内容の変更と配信停止の方法をメールでお送りしました。"}}
}

func pendingText(s *policy.Service) pageText {
	return pageText{Title: "お申し込みを受け付けました", Success: []string{"メールアドレスの確認ができました。ありがとうございます。"},
		Paragraphs: []string{"担当者が報道関係の方からのお申し込みであることを確かめ、結果をメールでお知らせします。" + s.Delivered() + "のお届けは、その後に始まります。"}}
}

func goneConfirm(s *policy.Service, change bool) pageText {
	if change {
		return pageText{Title: "このリンクではアドレスを変更できません", Wrong: true,
			Paragraphs: []string{"確認の期限が過ぎたか、その後に別の変更の手続きがあったため、このリンクは使えなくなりました。メールアドレスは変更されていません。",
				"変更をご希望の場合は、お届けしたメールの「登録内容を確認・変更する」から、もう一度お手続きください。"}}
	}
	return pageText{Title: "このリンクの有効期限は切れています", Wrong: true,
		Paragraphs: []string{"確認の期限が過ぎたか、登録がすでに削除されたため、このリンクでは登録を完了できません。お手数ですが、もう一度ご登録ください。"},
		Links:      append(again(s), anchor{s.Path + "/resend", "確認のメールをもう一度送る"})}
}

func unsubscribeText(s *policy.Service, token string) pageText {
	return pageText{Title: s.Delivered() + "の配信停止", Action: s.Path + "/unsubscribe", Token: token,
		Paragraphs: []string{"下のボタンを押すと、" + s.Delivered() + "の配信を停止します。停止はすぐに反映されます。"},
		Buttons:    []button{{"unsubscribe", "配信を停止する", false}}}
}

func unsubscribedText(s *policy.Service, token string, standing Standing) pageText {
	t := pageText{Title: "配信を停止しました", Success: []string{s.Delivered() + "の配信を停止しました。今後はお届けしません。"}, Links: again(s)}
	if !standing.Undoable {
		return t
	}
	until := ""
	if end, err := time.Parse(time.RFC3339, standing.Until); err == nil {
		until = policy.Date(end, policy.Japanese)
	}
	t.Action, t.Token, t.Links = s.Path+"/unsubscribe", token, nil
	t.Paragraphs = []string{"まちがえて停止した場合は、" + until + "までは下のボタンで元に戻せます。その後、登録内容は削除されます。"}
	t.Buttons = []button{{"undo", "停止を取り消して、登録を元に戻す", true}}
	return t
}

func restoredText(s *policy.Service) pageText {
	return pageText{Title: "登録を元に戻しました", Success: []string{s.Delivered() + "をこれまでどおりお届けします。"}}
}

func stayText(l *List, token string, until time.Time) pageText {
	s := l.Service
	period := policy.Words(l.Periods.Of(string(Confirmed)), policy.Japanese)
	return pageText{Title: s.Delivered() + "を続けて受け取る", Action: s.Path + "/stay", Token: token,
		Paragraphs: []string{
			"ご登録の内容は、最後の確認から" + period + "お預かりします。お預かりする期間は" + policy.Date(until, policy.Japanese) + "に終わります。",
			"下のボタンを押すと、" + s.Delivered() + "の配信にあらためて同意したものとして、今日からさらに" + period + "お預かりし、配信を続けます。",
			"続けない場合は、このページを閉じてください。お手続きは必要ありません。" + policy.Date(until, policy.Japanese) + "に登録内容を削除し、配信を終わります。"},
		Buttons: []button{{"stay", "続けて受け取る", false}}}
}

func stayedText(s *policy.Service, until time.Time) pageText {
	return pageText{Title: "登録は続いています", Success: []string{s.Delivered() + "をこれからもお届けします。ありがとうございます。"},
		Paragraphs: []string{"登録内容は" + policy.Date(until, policy.Japanese) + "までお預かりします。その前に、継続のご意思をあらためてメールで確認します。",
			"配信の停止や登録内容の変更は、お届けするメールからいつでもお手続きいただけます。"}}
}

func goneStay(s *policy.Service) pageText {
	return pageText{Title: "登録を続けられませんでした", Wrong: true,
		Paragraphs: []string{"登録内容は、お預かりする期間の終わりや配信停止などのため、すでに削除されたか、配信が止まっています。引き続きご希望の場合は、あらためてご登録ください。"}, Links: again(s)}
}

func goneUndo(s *policy.Service) pageText {
	return pageText{Title: "登録を元に戻せませんでした", Wrong: true,
		Paragraphs: []string{"登録内容はすでに削除されています。引き続きご希望の場合は、あらためてご登録ください。"}, Links: again(s)}
}

func preferencesText(s *policy.Service, token string) pageText {
	return pageText{Title: s.Name.JA + "の登録内容", Action: s.Path + "/preferences", Token: token,
		Paragraphs: []string{"変更する項目を書きかえて、「変更を保存する」を押してください。メールアドレスを変更すると、新しいアドレスに確認のメールをお送りします。"},
		Buttons:    []button{{"save", "変更を保存する", false}}}
}

func staleText(s *policy.Service, token string) pageText {
	return pageText{Title: s.Name.JA + "の登録内容の変更", Action: s.Path + "/preferences", Token: token,
		Paragraphs: []string{"登録内容を守るため、このリンクで内容を表示できるのはメールの送信から24時間以内です。", "下のボタンを押すと、ご登録のメールアドレスに新しいリンクをお送りします。"},
		Buttons:    []button{{"fresh", "新しいリンクをメールで受け取る", false}}}
}

func freshText(s *policy.Service) pageText {
	return pageText{Title: "メールをお送りしました", Success: []string{"ご登録がある場合は、登録内容を変更するための新しいリンクをメールでお送りしました。24時間以内にお手続きください。"},
		Paragraphs: []string{"数分たっても届かないときは、迷惑メールのフォルダーをご確認ください。お送りするのは1日3通までです。"}, Links: again(s)}
}

func gonePreferences(s *policy.Service) pageText {
	return pageText{Title: "登録が見つかりません", Wrong: true,
		Paragraphs: []string{"このリンクの登録は、配信停止などのためすでに削除されたか、別のアドレスに変更されています。"}, Links: again(s)}
}
