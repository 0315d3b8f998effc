package policy

// inquiry is policy 3(6): R37-R41. An inquiry comes by the form or as a mail to the organisation's address; of a mail,
// what it carries is recorded and no field of the form is guessed (R38-R39).
var inquiry = Service{
	Code: Inquiry, Section: "3(6)", Path: "/inquiry", FormVersion: 1, Table: "InquiriesTable",
	Name:      Text{"お問い合わせ", "Inquiries"},
	Languages: []Language{Japanese, English},
	Fields: []Field{
		fieldName.why("回答の宛名とするため", "To address the reply"),
		fieldEmail.why("回答をお送りするため", "To send the reply"),
		{Name: "message", Label: Text{"お問い合わせ内容", "Your inquiry"}, Type: TypeTextArea, Required: true, MaxLength: 4000, Class: Identifying,
			Support: Text{"マイナンバーや旅券番号など、本人確認書類の番号は書かないでください", "Please do not write numbers of identity documents, such as My Number or a passport number"},
			Why:     Text{"お問い合わせに回答するため", "To answer the inquiry"}},
	},
	Recorded: []Field{
		recorded("from", Text{"送信者のメールアドレス", "Sender's e-mail address"}, TypeEmail, Identifying, "回答をお送りするため", "To send the reply"),
		recorded("reply_to", Text{"返信先のメールアドレス", "Reply-to address"}, TypeEmail, Identifying,
			"送信者と異なる返信先を見分けるため", "To tell it apart from the sender"),
		recorded("subject", Text{"件名", "Subject"}, TypeText, Identifying, "お問い合わせに回答するため", "To answer the inquiry"),
		recorded("message", Text{"本文", "Text of the mail"}, TypeTextArea, Identifying, "お問い合わせに回答するため", "To answer the inquiry"),
		recorded("attachments", Text{"添付ファイル", "Attachments"}, TypeText, Identifying, "お問い合わせに回答するため", "To answer the inquiry"),
		recorded("received_at", Text{"受信日時", "Time of receipt"}, TypeText, Neutral, "受け付けた順に対応し、期限どおり削除するため", "To answer in turn and to delete in time"),
		recorded("message_id", Text{"メールの識別番号", "Message identifier"}, TypeText, QuasiIdentifying,
			"同じメールを二重に受け付けず、返信をつなげるため", "To take a mail once, and to join replies"),
		recorded("verdict", Text{"なりすまし・迷惑メールの判定", "Verdicts on spoofing and spam"}, TypeText, Neutral, "なりすましに回答しないため", "Not to answer a forged sender"),
	},
	Channels: []Channel{ChannelForm, ChannelMail, ChannelStaff},
	Purposes: []Purpose{{
		Code:  "inquiry_response",
		Text:  Text{"お問い合わせへの回答", "Responding to inquiries"},
		Mails: []MailKind{InquiryReceived, InquiryReply, InquiryStaffNotice},
	}},
	// A closed inquiry lives for the shorter of the two: the year after closing never outlasts the two years after receipt.
	Retention: []Retention{
		{State: "closed", From: FromClosing, Default: 365 * day, Min: 30 * day, Max: 1095 * day, Parameter: "INQUIRY_CLOSED_DAYS",
			Text: Text{"対応の終了から%s", "%s after it is closed"}},
		{State: "open", From: FromSubmission, Default: 730 * day, Min: 30 * day, Max: 1825 * day, Parameter: "INQUIRY_DAYS",
			Text:    Text{"長くとも受け付けから%s", "%s after receipt at the latest"},
			Deleted: Text{"遅くとも%sに削除します。", "It will be deleted on %s at the latest."}},
	},
}

// recorded declares an item that arrives without a form.
func recorded(name string, label Text, t FieldType, c Classification, ja, en string) Field {
	return Field{Name: name, Label: label, Type: t, Class: c, Why: Text{ja, en}}
}
