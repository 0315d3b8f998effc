package policy

// newsletter is policy 3(2): R15-R19.
var newsletter = Service{
	Code: Newsletter, Section: "3(2)", Path: "/newsletter", Table: "NewsletterTable", FormVersion: 1,
	Name:      Text{"メールマガジン", "E-mail newsletter"},
	Languages: []Language{Japanese},
	Fields: []Field{
		fieldEmail.why("メールマガジンをお届けするため", "To deliver the newsletter"),
		fieldName.why("宛名とするため", "To address the reader"),
		fieldPrefecture.why("お住まいの地域に合わせてお届けするため", "To deliver what concerns the reader's region"),
		fieldOrganization.why("ご所属に合わせてお届けするため", "To deliver what concerns the reader's organisation"),
		{Name: "business_category", Label: Text{"業種", "Category of business"}, Type: TypeChoice, Required: true,
			Options: BusinessCategories, Class: QuasiIdentifying,
			Why: Text{"業種に合わせてお届けするため", "To deliver what concerns the reader's business"}},
	},
	Channels: []Channel{ChannelForm, ChannelStaff, ChannelImport},
	Purposes: []Purpose{{
		Code: "newsletter_delivery",
		Text: Text{"メールマガジンの配信", "Delivery of e-mail newsletters"},
		Mails: []MailKind{NewsletterConfirm, NewsletterWelcome, NewsletterAlready, NewsletterPreferences,
			NewsletterAddressConfirm, NewsletterAddressChanged, NewsletterStay, NewsletterIssue},
	}},
	Retention: subscription(),
	Exports: []Export{{Code: "newsletter_subscribers", Text: Text{"メールマガジン登録者一覧", "List of subscribers"},
		Fields: []string{"email", "name", "prefecture", "organization", "business_category"}, Roles: []string{RoleEditor}}},
	Statistics: []Statistic{
		{"newsletter_attributes", Text{"登録者の都道府県・業種別の数", "Subscribers by prefecture and category of business"},
			[]string{"prefecture", "business_category"}},
		{"newsletter_months", Text{"月別の登録・停止・不達・期限切れの数", "Joined, left, bounced and expired, by month"}, []string{"month"}},
	},
}
