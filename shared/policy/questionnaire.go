package policy

// questionnaire is policy 3(4), the post-event questionnaire: R29. It holds no address: the invitation is mail of the
// registration. Answers are anonymous by default and carry no registration (decisions: "Questionnaire").
var questionnaire = Service{
	Code: Questionnaire, Section: "3(4)", Path: "/questionnaires/{event}", FormVersion: 1, EventBound: true, Table: "AnswersTable",
	Name:      Text{"イベント終了後のアンケート", "Post-event questionnaire"},
	Languages: []Language{Japanese, English},
	Fields: []Field{{Name: "answers", Label: Text{"アンケートへのご回答", "Your answers"}, Type: TypeQuestions, Required: true,
		Class: QuasiIdentifying, Why: Text{"今後のイベントの改善のため", "To improve future events"}}},
	Channels: []Channel{ChannelForm},
	Purposes: []Purpose{{Code: "post_event_questionnaire", Text: Text{"イベント終了後のアンケートの実施", "Post-event questionnaires"}}},
	Retention: []Retention{{State: "answered", From: FromEventEnd, Default: 365 * day, Min: 30 * day, Max: 1095 * day,
		Parameter: "REGISTRATION_DAYS", Text: Text{"イベントの終了から%s（集計した結果は残します）", "%s from the end of the event (counted results remain)"},
		Deleted: Text{"%sに削除します（集計した結果は残します）。", "They will be deleted on %s; counted results remain."}}},
	Exports: []Export{{Code: "questionnaire_answers", Text: Text{"アンケートの回答一覧", "Answers of one questionnaire"},
		Fields: []string{"answers"}, Roles: []string{RoleEvents}}},
	Statistics: []Statistic{{"questionnaire_results", Text{"設問ごとの集計", "Results by question"}, []string{"event", "question"}}},
}
