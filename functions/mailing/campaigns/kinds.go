package main

import (
	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
)

// roleOf is the role that writes a kind of campaign, and the only one that sees those of that kind (contract: "No role sees what it
// does not need").
func roleOf(kind policy.MailKind) string {
	service := campaign.Service(kind)
	if service == nil {
		return ""
	}
	switch service.Code {
	case policy.Newsletter:
		return policy.RoleEditor
	case policy.Press:
		return policy.RolePress
	case policy.Events:
		return policy.RoleEvents
	}
	return ""
}

// roles are those that have a kind of campaign.
func roles() []string { return []string{policy.RoleEditor, policy.RolePress, policy.RoleEvents} }

// reach says whom a kind of campaign goes to, and why to nobody else.
func reach(kind policy.MailKind) policy.Text {
	switch kind {
	case policy.NewsletterIssue:
		return policy.Text{
			JA: "メールマガジンの購読を確認した方に届きます。都道府県と業種で絞り込めます。イベントの登録者や報道関係者には届きません。",
			EN: "Goes to confirmed subscribers of the newsletter, narrowed by prefecture and business if you wish; never to registrants or the press."}
	case policy.PressRelease:
		return policy.Text{
			JA: "プレスリリースの配信登録をした報道関係者に届きます。報道解禁の日時を付けられます。",
			EN: "Goes to media people on the press list; an embargo can be set."}
	case policy.MediaInvitation:
		return policy.Text{
			JA: "プレスリリースの配信登録をした報道関係者に届きます。取材してほしい媒体だけを選ぶこともできます。",
			EN: "Goes to media people on the press list, or to those you pick."}
	case policy.EventInformation:
		return policy.Text{
			JA: "ひとつのイベントに登録した方に、そのイベントについてだけお知らせします。ほかのイベントの案内には使えません（プライバシーポリシー 3(4)）。",
			EN: "Goes to those registered for one event, about that event only; other events cannot be announced (privacy policy 3(4))."}
	case policy.QuestionnaireInvite:
		return policy.Text{
			JA: "ひとつのイベントに登録した方に、終了後のアンケートをお願いします。すでに回答した方、自動の案内が先に届いた方には届きません。予約すると、自動の案内はこの配信が終わるまで待ちます。",
			EN: "Asks those registered for one event to answer its questionnaire after the end. Who has answered, or was asked by the clock already, is left out; once this is scheduled, the clock waits for its end."}
	}
	return policy.Text{}
}

// kindName is what a kind is called.
func kindName(kind policy.MailKind) policy.Text {
	m, _ := policy.MailOf(kind)
	return m.Text
}

// stateName is what a state is called.
func stateName(s campaign.State) policy.Text {
	return map[campaign.State]policy.Text{
		campaign.Draft:     {JA: "下書き", EN: "Draft"},
		campaign.InReview:  {JA: "承認待ち", EN: "In review"},
		campaign.Approved:  {JA: "承認済み", EN: "Approved"},
		campaign.Scheduled: {JA: "配信予約", EN: "Scheduled"},
		campaign.Freezing:  {JA: "宛先の確定中", EN: "Fixing recipients"},
		campaign.Sending:   {JA: "配信中", EN: "Sending"},
		campaign.Paused:    {JA: "一時停止", EN: "Paused"},
		campaign.Missed:    {JA: "時刻超過", EN: "Missed"},
		campaign.Sent:      {JA: "配信済み", EN: "Sent"},
		campaign.Halted:    {JA: "自動停止", EN: "Halted"},
		campaign.Cancelled: {JA: "中止", EN: "Cancelled"},
	}[s]
}

// states are all of them in their order.
func states() []campaign.State {
	return []campaign.State{campaign.Draft, campaign.InReview, campaign.Approved, campaign.Scheduled, campaign.Freezing, campaign.Sending,
		campaign.Paused, campaign.Missed, campaign.Sent, campaign.Halted, campaign.Cancelled}
}
