package form

import (
	"html/template"

	"madoguchi/shared/policy"
)

// words are the fixed words of all forms.
type words struct {
	Required, Optional, Select, SummaryTitle, Check, CheckTitle, CheckLead, Edit, Trap, Reference, StepsLabel string
	Steps                                                                                                     []string
}

func wordsIn(l policy.Language) words {
	if l == policy.English {
		return words{Required: "(required)", Optional: "(optional)", Select: "Please select", SummaryTitle: "Not sent yet: please check the following",
			Check: "Check what you entered", CheckTitle: "Please check what you entered", CheckLead: "Nothing has been sent yet. If everything is right, press the button below.",
			Edit: "Correct", Trap: "Leave this field empty", Reference: "Reference number: ", StepsLabel: "Steps",
			Steps: []string{"1. Enter", "2. Check", "3. Done"}}
	}
	return words{Required: "※必須", Optional: "任意", Select: "選択してください", SummaryTitle: "まだ送信されていません。次の内容をご確認ください",
		Check: "入力内容を確認する", CheckTitle: "入力内容の確認", CheckLead: "まだ送信されていません。内容に間違いがなければ、下のボタンを押してください。",
		Edit: "入力画面に戻って修正する", Trap: "この欄には何も入力しないでください", Reference: "受付番号：", StepsLabel: "手順",
		Steps: []string{"1. 入力", "2. 確認", "3. 完了"}}
}

// Button is the word on the button of the check page, or of a direct form.
func (v view) Button() string { return v.Form.Words.Button.In(v.Language) }

// Lead is the first paragraph of the input page.
func (v view) Lead() string { return v.Form.Words.Lead.In(v.Language) }

// Intro is what stands above the lead.
func (v view) Intro() template.HTML {
	if v.Form.Intro == nil {
		return ""
	}
	return v.Form.Intro(v.Language)
}
