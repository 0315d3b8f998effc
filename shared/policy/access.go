package policy

// access is policy 3(1), automatic collection: R11-R14. It has no form; nothing of it is joined with a record of
// another service, it causes no mail and no export, and there is no view of one visitor.
var access = Service{
	Code: Access, Section: "3(1)", FormVersion: 1, Table: "AccessTable",
	Name: Text{"アクセス記録", "Access records"},
	Recorded: []Field{
		recorded("domain", Text{"ドメイン名", "Internet domain name"}, TypeText, QuasiIdentifying,
			"サイトの円滑な運営の参考とするため", "As a reference for smooth operation"),
		recorded("ip", Text{"IPアドレス", "IP address"}, TypeText, QuasiIdentifying, "サイトの円滑な運営の参考とするため", "As a reference for smooth operation"),
		recorded("ts", Text{"アクセス日時", "Date and time of access"}, TypeText, Neutral, "サイトの円滑な運営の参考とするため", "As a reference for smooth operation"),
		recorded("path", Text{"閲覧したページ", "Page visited"}, TypeText, Neutral, "サイトの円滑な運営の参考とするため", "As a reference for smooth operation"),
		recorded("status", Text{"応答の種別", "Status of the answer"}, TypeText, Neutral, "サイトの円滑な運営の参考とするため", "As a reference for smooth operation"),
	},
	Purposes: []Purpose{{Code: "site_operation", Text: Text{"サイトが提供するサービスの円滑な運営のための参考",
		"Reference for the smooth operation of the service provided by the Site"}}},
	Retention: []Retention{{State: "recorded", From: FromSubmission, Default: 90 * day, Min: day, Max: 365 * day, Parameter: "ACCESS_DAYS",
		Text: Text{"アクセスから%s（日ごとの集計は残します）", "%s from the visit (daily counts remain)"}}},
	Statistics: []Statistic{{"page_views", Text{"日・ページ・参照元ドメイン別の閲覧数", "Page views by day, page and referrer's domain"},
		[]string{"day", "path", "referrer_domain"}}},
}
