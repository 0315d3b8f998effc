package policy

import "time"

const day = 24 * time.Hour

// services are all services of the policy, in its order. Each is declared in the file of its name.
var services = []Service{access, newsletter, press, events, questionnaire, photos, inquiry, publications}

// Fields that several forms ask for. Each form states its own reason, and a label of its own where people would
// otherwise wonder.
var (
	fieldEmail = Field{Name: "email", Label: Text{"メールアドレス", "E-mail address"}, Type: TypeEmail, Required: true, MaxLength: 254,
		Autocomplete: "email", Class: Identifying, Support: Text{"例：hanako@example.jp", "For example: hanako@example.jp"}}
	fieldName = Field{Name: "name", Label: Text{"お名前", "Name"}, Type: TypeText, Required: true, MaxLength: 100,
		Autocomplete: "name", Class: Identifying}
	fieldPhone = Field{Name: "phone", Label: Text{"電話番号", "Telephone number"}, Type: TypePhone, Required: true,
		Autocomplete: "tel", Class: Identifying,
		Support: Text{"例：03-1234-5678（日本国外の番号は「+」と国番号から）", "For example: +81 3 1234 5678 (with + and the country code)"}}
	fieldPrefecture = Field{Name: "prefecture", Label: Text{"お住まいの都道府県", "Prefecture of residence"}, Type: TypePrefecture, Required: true,
		Class: QuasiIdentifying, Autocomplete: "address-level1",
		Support: Text{"日本国外にお住まいの方は「海外」を選んでください", "If you live outside Japan, choose 海外 (overseas)"}}
	fieldOrganization = Field{Name: "organization", Label: Text{"ご所属（会社・団体・学校名など）", "Organisation you belong to"}, Type: TypeText, Required: true,
		MaxLength: 100, Autocomplete: "organization", Class: QuasiIdentifying,
		Support: Text{"ご所属のない方は「個人」とご記入ください", "If you belong to none, please enter “individual”"}}
)

// why returns the field with the reason for which a form asks for it (R6).
func (f Field) why(ja, en string) Field {
	f.Why = Text{ja, en}
	return f
}

// domestic returns the prefecture of an address to which something is delivered: within Japan.
func (f Field) domestic() Field {
	f.Domestic = true
	return f
}

// labelled returns the field with another label and support text.
func (f Field) labelled(label, support Text) Field {
	f.Label, f.Support = label, support
	return f
}

// subscription is the retention of a mailing list: the newsletter and the press list follow the same decisions and
// the same parameters (decisions: "Retention of a subscriber (newsletter, press)").
func subscription(more ...Retention) []Retention {
	list := []Retention{
		{State: "unconfirmed", From: FromSubmission, Default: 7 * day, Min: time.Hour, Max: 30 * day, Parameter: "UNCONFIRMED_HOURS",
			Text:    Text{"登録の確認が済むまで：%s", "Until you confirm: %s"},
			Deleted: Text{"登録の確認が済まない場合は、%sに削除します。", "If you do not confirm, it will be deleted on %s."}},
		{State: "confirmed", From: FromConfirmation, Default: 1095 * day, Min: 30 * day, Max: 1825 * day, Parameter: "SUBSCRIBER_DAYS",
			Text: Text{"確認後：最後の確認から%s", "Once confirmed: %s from your last confirmation"},
			Deleted: Text{"%sに削除します。その前に、継続のご意思をメールで確認します。",
				"It will be deleted on %s. Before that day, we will ask you by mail whether you wish to stay."}},
		{State: "unsubscribed", From: FromUnsubscribed, Default: 7 * day, Min: day, Max: 30 * day, Parameter: "UNSUBSCRIBED_DAYS",
			Text: Text{"配信停止後：%s（その後は、再びお送りしないための照合用の値だけを残します。メールアドレスは含みません）",
				"After you unsubscribe: %s (then only a check value remains, without your address, so that we do not write to you again)"},
			Deleted: Text{"%sに削除します。その後は、再びお送りしないための照合用の値だけを残します。",
				"It will be deleted on %s. Then only a check value remains, so that we do not write to you again."}},
		{State: "bounced", From: FromBounce, Default: 90 * day, Min: 7 * day, Max: 365 * day, Parameter: "BOUNCED_DAYS",
			Text: Text{"メールが届かなくなった場合：%s", "If mail can no longer be delivered: %s"}},
		{State: "consent", From: FromEnd, Default: 365 * day, Min: 30 * day, Max: 1825 * day, Parameter: "CONSENT_EVIDENCE_DAYS",
			Text: Text{"同意の記録：配信の終了から%s", "Record of your consent: %s after the subscription ends"}},
	}
	return append(list, more...)
}
