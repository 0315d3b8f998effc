package policy

// photos is policy 3(5): R34-R36. The only mail is the one without which the service cannot be used: the link to the
// downloads.
var photos = Service{
	Code: Photos, Section: "3(5)", Path: "/photos/register", Table: "PhotosTable", FormVersion: 1,
	Name:      Text{"デジタルフォトライブラリー", "Digital Photo Library"},
	Languages: []Language{Japanese},
	Fields: []Field{
		fieldName.why("利用状況を分析する参考とするため", "As a reference to analyse how the library is used"),
		fieldOrganization.why("利用状況を分析する参考とするため", "As a reference to analyse how the library is used"),
		fieldPrefecture.why("利用状況を地域別に分析する参考とするため", "As a reference to analyse use by region"),
		fieldEmail.why("ダウンロード用のリンクをお送りするため", "To send the link to the downloads"),
	},
	Channels: []Channel{ChannelForm},
	Purposes: []Purpose{{
		Code:  "photo_usage",
		Text:  Text{"サービスの利用状況を分析するための参考", "Reference to analyze status of utilization of the service"},
		Mails: []MailKind{PhotosAccess},
	}},
	Retention: []Retention{{State: "registered", From: FromLastUse, Default: 730 * day, Min: 30 * day, Max: 1825 * day,
		Parameter: "PHOTO_USER_DAYS", Text: Text{"最後のご利用から%s", "%s from your last use"},
		Deleted: Text{"%sに削除します。その前に写真をダウンロードなさると、その日から数え直します。", "It will be deleted on %s; a download before that day begins the period anew."}}},
	Statistics: []Statistic{{"photo_downloads", Text{"写真・日・都道府県別のダウンロード数", "Downloads by photo, day and prefecture"},
		[]string{"photo", "day", "prefecture"}}},
}
