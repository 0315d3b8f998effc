package main

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/policy"
)

// leftName says why people are left out of an audience or excluded right before the call.
func leftName(code string) policy.Text {
	names := map[string]policy.Text{
		campaign.LeftUnconfirmed:  {JA: "登録の確認が済んでいない", EN: "not confirmed"},
		campaign.LeftPending:      {JA: "登録の承認待ち", EN: "waits for approval"},
		campaign.LeftUnsubscribed: {JA: "配信を停止した", EN: "unsubscribed"},
		campaign.LeftBounced:      {JA: "メールが届かなかった", EN: "bounced"},
		campaign.LeftComplained:   {JA: "迷惑メールとして報告された", EN: "complained"},
		campaign.LeftSuppressed:   {JA: "送信停止の対象", EN: "suppressed"},
		campaign.LeftStopUse:      {JA: "利用停止の請求があった", EN: "asked us to stop using the data"},
		campaign.LeftExpired:      {JA: "保存期間が過ぎた", EN: "expired"},
		campaign.LeftCancelled:    {JA: "登録を取り消した", EN: "cancelled"},
		campaign.LeftWaiting:      {JA: "キャンセル待ち", EN: "on the waiting list"},
		campaign.LeftGone:         {JA: "登録がなくなった", EN: "gone"},
		campaign.LeftNoLanguage:   {JA: "その言語の内容がない", EN: "not in the person's language"},
		campaign.LeftAnswered:     {JA: "アンケートに回答済み", EN: "answered already"},
		campaign.LeftInvited:      {JA: "アンケートの案内済み", EN: "invited already"},
	}
	if t, known := names[code]; known {
		return t
	}
	return policy.Text{JA: code, EN: code}
}

// why says why a campaign is paused or halted.
func why(code string) policy.Text {
	names := map[string]policy.Text{
		"":               {},
		"returned":       {JA: "差し戻し", EN: "returned"},
		"changed":        {JA: "内容の変更", EN: "the content was changed"},
		"bounces":        {JA: "届かないメールが多い", EN: "too many bounces"},
		"complaints":     {JA: "苦情が多い", EN: "too many complaints"},
		"ses_paused":     {JA: "メールサービスが送信を止めている", EN: "SES has paused sending"},
		"ses_reputation": {JA: "メールサービスが送信元の評価を調べている", EN: "SES is looking into the sender's reputation"},
		"rendering":      {JA: "メールを組み立てられない", EN: "the mail cannot be made"},
		"empty_audience": {JA: "宛先がひとりもいない", EN: "nobody to send to"},
		"gate":           {JA: "利用目的の範囲外", EN: "outside the purpose"},
		"late":           {JA: "予約の時刻を過ぎていた", EN: "too late"},
	}
	if t, known := names[code]; known {
		return t
	}
	return policy.Text{JA: code, EN: code}
}

// reasons are why people are left out, the most first.
func (v view) reasons(left map[string]int) []reason {
	var all []reason
	for _, code := range slices.Sorted(maps.Keys(left)) {
		if left[code] > 0 {
			all = append(all, reason{leftName(code).In(v.Language), left[code]})
		}
	}
	slices.SortStableFunc(all, func(a, b reason) int { return cmp.Compare(b.N, a.N) })
	return all
}

// narrow says by what the audience is narrowed. Hand-picked people are counted, not named.
func (v *showView) narrow(ctx context.Context, e *editor) {
	d := &draft{Kind: v.C.Kind, Segment: v.C.Segment}
	picked := d.Segment.People
	d.Segment.People = nil
	edit := &editView{view: v.view, CampaignKind: v.C.Kind, Draft: d}
	if v.C.Kind != policy.MediaInvitation {
		if err := e.chooseSegments(ctx, edit, campaign.Service(v.C.Kind)); err != nil {
			return // there is no store to ask for these kinds
		}
	}
	for _, s := range edit.Segments {
		if !s.Any {
			continue
		}
		s.Options = slices.DeleteFunc(s.Options, func(o choice) bool { return !o.Chosen })
		v.Narrowed = append(v.Narrowed, s)
	}
	if len(picked) > 0 {
		v.Narrowed = append(v.Narrowed, segment{Label: v.T("選んだ媒体", "Picked"), Options: []choice{{Label: v.Number(len(picked)) + v.T("件", "")}}})
	}
}

// Outcome says what became of a person.
func (v view) Outcome(f fate) string {
	t := map[campaign.Class]policy.Text{
		campaign.ClassPending:  {JA: "まだ送っていません。", EN: "Not sent yet."},
		campaign.ClassAccepted: {JA: "送りました（メールサービスが受け付けました）。", EN: "Sent: the mail service took it."},
		campaign.ClassFailed:   {JA: "送れませんでした：", EN: "It failed: "},
		campaign.ClassExcluded: {JA: "送信の直前に対象から外れました：", EN: "Left out right before it was sent: "},
		campaign.ClassUnknown:  {JA: "送られたかどうかを確かめています。", EN: "It is being found out whether it was sent."},
	}[f.Outcome].In(v.Language)
	if f.Reason != "" {
		t += v.LeftName(f.Reason)
	}
	return t
}

// LeftName is a reason in words.
func (v view) LeftName(code string) string {
	if code == campaign.NoAnswer {
		return v.T("メールサービスから返事がなかった（二重に送らないため、再送していません）", "the mail service never answered; it was not tried again, or it might have been sent twice")
	}
	return leftName(code).In(v.Language)
}

// NotFound says why a person is not in the campaign, in sentences.
func (v view) NotFound(f fate) []string {
	all := []string{map[string]policy.Text{
		notFrozen: {JA: "この配信の宛先は、まだ確定していません。", EN: "The recipients of this campaign are not fixed yet."},
		notKept:   {JA: "保存期間が過ぎたため、だれに送ったかの記録は削除されています。送られたかどうかは分かりません。", EN: "The record of who was sent what is no longer kept. Whether this person got it cannot be known."},
		leftOut:   {JA: "この配信の宛先には含まれていません。", EN: "Not among the recipients of this campaign."},
	}[f.Because].In(v.Language)}
	switch f.Today {
	case "":
		return all
	case "reached":
		all = append(all, v.T("今日の時点では、宛先に含まれます。", "Today the person would be among them."))
	case audience.NoRecord:
		all = append(all, v.T("今日の時点では、この方の登録がありません（登録がないか、保存期間が過ぎています）。", "Today there is no record of this person: there never was one, or it has expired."))
	case audience.OutOfSegment:
		all = append(all, v.T("今日の時点では、絞り込みの条件に当てはまりません。", "Today the person is not among those whom the campaign is narrowed to."))
	default:
		all = append(all, v.T("今日の時点では、次の理由で対象外になります：", "Today the person would be left out: ")+v.LeftName(f.Today)+v.T("。", "."))
	}
	if f.Because == leftOut {
		all = append(all, v.T("宛先を確定したときの理由は、個人ごとには記録していません（理由ごとの件数だけを残します）。その後に状態が変わっている場合があります。",
			"Why somebody was left out when the recipients were fixed is not kept person by person, only counted by reason; things may have changed since."))
	}
	return all
}

// Report says what SES reported.
func (v view) Report(what string) string {
	return map[string]policy.Text{
		"sent": {JA: "メールサービスが受け付け", EN: "Taken by the mail service"}, "rejected": {JA: "メールサービスが拒否", EN: "Rejected"},
		"rendering_failure": {JA: "メールの組み立てに失敗", EN: "Could not be made"}, "delayed": {JA: "配達が遅れている", EN: "Delayed"},
		"bounced": {JA: "届かなかった（宛先不明など）", EN: "Bounced"}, "bounced_for_now": {JA: "一時的に届かなかった", EN: "Bounced for now"},
		"suppressed": {JA: "以前の不達のため送られなかった", EN: "Suppressed after an earlier bounce"}, "complained": {JA: "迷惑メールとして報告された", EN: "Reported as spam"},
	}[what].In(v.Language)
}
