package policy

import "time"

const day = 24 * time.Hour

// The kinds of mail. Which service may cause which is said with its purposes, below.
const (
	// Newsletter list.
	NewsletterConfirm        MailKind = "newsletter_confirm"         // asks to confirm a sign-up
	NewsletterWelcome        MailKind = "newsletter_welcome"         // after the confirmation
	NewsletterAlready        MailKind = "newsletter_already"         // somebody signed up a confirmed address again
	NewsletterPreferences    MailKind = "newsletter_preferences"     // a fresh link to the preferences
	NewsletterAddressConfirm MailKind = "newsletter_address_confirm" // asks a new address to confirm a change
	NewsletterAddressChanged MailKind = "newsletter_address_changed" // tells the old address that it was replaced
	NewsletterIssue          MailKind = "newsletter"                 // an issue of the newsletter
)

var (
	fieldEmail = Field{Name: "email", Label: Text{"メールアドレス", "E-mail address"}, Type: TypeEmail, Required: true, MaxLength: 254,
		Autocomplete: "email", Class: Identifying, Support: Text{"例：hanako@example.jp", "For example: hanako@example.jp"}}
	fieldName = Field{Name: "name", Label: Text{"お名前", "Name"}, Type: TypeText, Required: true, MaxLength: 100,
		Autocomplete: "name", Class: Identifying}
	fieldPrefecture = Field{Name: "prefecture", Label: Text{"お住まいの都道府県", "Prefecture of residence"}, Type: TypePrefecture, Required: true,
		Class: QuasiIdentifying, Support: Text{JA: "日本国外にお住まいの方は「海外」を選んでください"}}
	fieldOrganization = Field{Name: "organization", Label: Text{"ご所属（会社・団体・学校名など）", "Organisation you belong to"}, Type: TypeText, Required: true,
		MaxLength: 100, Autocomplete: "organization", Class: QuasiIdentifying}
	fieldBusinessCategory = Field{Name: "business_category", Label: Text{"業種", "Category of business"}, Type: TypeChoice, Required: true,
		Options: BusinessCategories, Class: QuasiIdentifying}
)

var services = []Service{
	{
		Code: Newsletter, Section: "3(2)", Path: "/newsletter", Table: "NewsletterTable", FormVersion: 1,
		Name:      Text{"メールマガジン", "E-mail newsletter"},
		Languages: []Language{Japanese},
		Fields:    []Field{fieldEmail, fieldName, fieldPrefecture, fieldOrganization, fieldBusinessCategory},
		Purposes: []Purpose{{
			Code: "newsletter_delivery",
			Text: Text{"メールマガジンの配信", "Delivery of e-mail newsletters"},
			Mails: []MailKind{NewsletterConfirm, NewsletterWelcome, NewsletterAlready, NewsletterPreferences,
				NewsletterAddressConfirm, NewsletterAddressChanged, NewsletterIssue},
		}},
		Retention: []Retention{
			{State: "unconfirmed", From: FromSubmission, Default: 7 * day, Min: time.Hour, Max: 30 * day, Parameter: "UNCONFIRMED_HOURS",
				Text:    Text{"登録の確認が済むまで：%s", "Until you confirm: %s"},
				Deleted: Text{"登録の確認が済まない場合は、%sに削除します。", "If you do not confirm, it will be deleted on %s."}},
			{State: "confirmed", From: FromConfirmation, Default: 1095 * day, Min: 30 * day, Max: 1825 * day, Parameter: "SUBSCRIBER_DAYS",
				Text: Text{"確認後：最後の確認から%s", "Once confirmed: %s from your last confirmation"},
				Deleted: Text{"%sに削除します。その前に、購読の継続をメールで確認します。",
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
		},
	},
}
