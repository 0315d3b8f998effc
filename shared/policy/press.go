package policy

import "time"

// press is policy 3(3): R20-R23.
var press = Service{
	Code: Press, Section: "3(3)", Path: "/press", Table: "PressTable", FormVersion: 1,
	Name:      Text{"プレスリリース配信", "Press releases"},
	Languages: []Language{Japanese},
	Fields: []Field{
		fieldOrganization.labelled(Text{"ご所属（報道機関・媒体名など）", "Organisation you belong to (medium)"}, fieldOrganization.Support).
			why("報道関係の方であることを確認し、宛名とするため", "To see which medium it is, and to address it"),
		fieldName.why("宛名とするため", "To address the recipient"),
		fieldEmail.why("プレスリリースと取材案内をお届けするため", "To deliver press releases and media invitations"),
	},
	Channels: []Channel{ChannelForm, ChannelStaff, ChannelImport},
	Purposes: []Purpose{
		{
			Code: "press_release_delivery",
			Text: Text{"プレスリリースの配信", "Delivery of press releases"},
			Mails: []MailKind{PressConfirm, PressWelcome, PressAlready, PressPreferences, PressAddressConfirm, PressAddressChanged,
				PressStay, PressPending, PressApproved, PressRefused, PressRelease},
		},
		{Code: "media_invitation", Text: Text{"取材案内の送付", "Delivery of media invitations"}, Mails: []MailKind{MediaInvitation}},
	},
	// Where an office approves media, a confirmed request waits for it; the decisions name no period for the wait.
	Retention: subscription(Retention{State: "pending_approval", From: FromApprovalWait, Default: 30 * day, Min: time.Hour * 24,
		Max: 90 * day, Parameter: "PENDING_APPROVAL_DAYS", Text: Text{"承認をお待ちいただく間：%s", "While it waits for our approval: %s"}}),
	Exports: []Export{{Code: "press_subscribers", Text: Text{"プレスリリース配信先一覧", "List of press contacts"},
		Fields: []string{"organization", "name", "email"}, Roles: []string{RolePress}}},
	Statistics: []Statistic{
		{"press_months", Text{"月別の登録・停止・不達・期限切れの数", "Joined, left, bounced and expired, by month"}, []string{"month"}},
	},
}
