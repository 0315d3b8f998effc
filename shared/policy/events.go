package policy

// events is policy 3(4), registration: R24-R33, R49-R56.
var events = Service{
	Code: Events, Section: "3(4)", Path: "/events/{event}", Table: "RegistrationsTable", FormVersion: 1, EventBound: true,
	Name:      Text{"イベント参加登録", "Event registration"},
	Languages: []Language{Japanese, English},
	Fields: []Field{
		fieldName.why("ご本人の確認と受付のため", "To know who comes"),
		fieldEmail.why("登録通知とイベントに関するご案内をお送りするため", "To send the registration notice and information on the event"),
		fieldPhone.why("開催直前の変更を急ぎお知らせするため", "To reach you if something changes at the last moment"),
		fieldOrganization.why("登録通知とご案内の宛名とし、受付に用いるため", "To address the notice and the information, and for the reception"),
		{Name: "title", Label: Text{"お役職", "Business title"}, Type: TypeText, Required: true, MaxLength: 100,
			Autocomplete: "organization-title", Class: QuasiIdentifying,
			Support: Text{"お役職のない方は「なし」とご記入ください", "If you have none, please enter “none”"},
			Why:     Text{"登録通知とご案内の宛名とし、受付に用いるため", "To address the notice and the information, and for the reception"}},
	},
	PartnerItems: true,
	Omittable:    []string{"phone", "organization", "title"},
	Channels:     []Channel{ChannelForm, ChannelStaff},
	Purposes: []Purpose{
		{
			Code:  "registration_notice",
			Text:  Text{"登録通知の送付", "Delivery of registration notice"},
			Mails: []MailKind{EventRegistered, EventAlready, EventWaiting, EventOffer, EventChanged, EventWithdrawn},
		},
		{
			Code:  "event_information",
			Text:  Text{"登録されたイベントに関するご案内の送付", "Information on the event you have registered for"},
			Mails: []MailKind{EventReminder, EventMoved, EventCancelled, EventInformation},
		},
		{
			Code:  "post_event_questionnaire",
			Text:  Text{"イベント終了後のアンケートの送付", "Post-event questionnaires"},
			Mails: []MailKind{QuestionnaireInvite},
		},
	},
	Retention: []Retention{
		{State: "registered", From: FromEventEnd, Default: 365 * day, Min: 30 * day, Max: 1095 * day, Parameter: "REGISTRATION_DAYS",
			Text: Text{"イベントの終了から%s", "%s from the end of the event"}},
		{State: "cancelled", From: FromEventEnd, Default: 30 * day, Min: day, Max: 365 * day, Parameter: "REGISTRATION_CANCELLED_DAYS",
			Text: Text{"登録を取り消した場合：イベントの終了から%s", "If you cancel: %s from the end of the event"}},
		{State: "waiting", From: FromEventEnd, Default: 30 * day, Min: day, Max: 365 * day, Parameter: "REGISTRATION_CANCELLED_DAYS",
			Text: Text{"キャンセル待ちのまま終わった場合：イベントの終了から%s", "If you stay on the waiting list: %s from the end of the event"}},
	},
	Provisions: []Provision{
		{To: CoOrganiser, Forms: []LegalForm{Entrustment, JointUse, ConsentedProvision}, Access: true,
			Ground: Text{"イベントを共催する相手。イベントごとに、名称・国・提供する項目・法的な根拠を申込画面に示します。",
				"Those who organise an event with us; each event's form names them with country, items and legal ground."}},
		{To: Contractor, Forms: []LegalForm{Entrustment, JointUse, ConsentedProvision}, Access: true,
			Ground: Text{"イベント運営の一部を委託する相手。イベントごとに、名称・国・提供する項目・法的な根拠を申込画面に示します。",
				"Those whom we entrust with part of the work for an event; each event's form names them with country, items and legal ground."}},
	},
	Exports: []Export{
		{Code: "event_registrations", Text: Text{"イベント登録者一覧", "List of registrants of one event"},
			Fields: []string{"name", "email", "phone", "organization", "title"}, Roles: []string{RoleEvents}},
		{Code: "event_partner", Text: Text{"共催者・委託先への提供用一覧", "List for a co-organiser or contractor of one event"},
			Fields: []string{"name", "email", "phone", "organization", "title"}, Roles: []string{RoleEvents}, Partner: true},
	},
	Statistics: []Statistic{{"event_registrations", Text{"イベント別の登録数", "Registrations by event"}, []string{"event"}}},
}
