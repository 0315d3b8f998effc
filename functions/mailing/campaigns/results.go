package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// number is one row of the results: what it counts, what that means and what is to be done about it.
type number struct {
	Code, Name, Means, Do string
	N                     int
}

// resultsView is the page of results.
type resultsView struct {
	view
	C       *campaign.Campaign
	Live    *live
	Counts  campaign.Counts
	Numbers []number
	Left    []reason
	Why     []reason // failures and exclusions, where they are few enough to be looked through
	Chart   *timeline
}

// results shows what became of a campaign.
func (e *editor) results(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx := r.Context()
	counts, minutes, err := e.store.Counts(ctx, c)
	if err != nil {
		return err
	}
	if web.WantsJSON(r) {
		line := make([]minute, len(minutes))
		for i, m := range minutes {
			line[i] = minute{m.At.In(tokyo).Format(time.RFC3339), m.Tally[campaign.ClassAccepted], m.Tally[campaign.ClassFailed], m.Tally[campaign.ClassExcluded],
				m.Tally[campaign.ClassUnknown]}
		}
		return web.WriteJSON(w, http.StatusOK, "application/json", outcomes{c.ID, c.State, counts, line})
	}
	v := &resultsView{view: e.view(r), C: c, Counts: counts}
	if v.Live, err = e.live(ctx, c, v.Language); err != nil {
		return err
	}
	v.Numbers, v.Left, v.Chart = v.numbers(c, counts), v.reasons(c.Left), newChart(v.view, minutes)
	if v.Why, err = e.whyNot(ctx, c, v.view, counts); err != nil {
		return err
	}
	return e.write(w, r, http.StatusOK, policy.Text{JA: "配信の結果", EN: "Results"}, "results", v)
}

func (v view) numbers(c *campaign.Campaign, n campaign.Counts) []number {
	all := []number{
		{"frozen", v.T("宛先", "Recipients"), v.T("送信の始めに確定した件数です。", "Fixed when it began."), "", n.Frozen},
		{"accepted", v.T("送信済み", "Accepted"), v.T("メールサービスが受け付けました。", "The mail service took them."), "", n.Accepted},
		{"pending", v.T("未送信", "Pending"), v.T("まだ送っていません。", "Not sent yet."), "", n.Pending},
		{"failed", v.T("失敗", "Failed"), v.T("メールサービスが受け付けなかったか、返事がありませんでした。", "The mail service did not take them, or never answered."), "", n.Failed},
		{"excluded", v.T("直前に除外", "Excluded"), v.T("宛先の確定後、送る前に配信停止などがありました。", "Unsubscribed or left otherwise after the recipients were fixed."), "", n.Excluded},
		{"unknown", v.T("確認中", "Unknown"), v.T("送られたかどうかを、メールサービスの報告で確かめています。", "It is being found out whether they were sent."), "", n.Unknown},
		{"bounced", v.T("不達", "Bounced"), v.T("受け付けられたあと、届かなかったとの報告がありました。", "Taken, and then reported undelivered."), "", n.Bounced},
		{"complained", v.T("苦情", "Complaints"), v.T("受け取った方が迷惑メールとして報告しました。", "Reported as spam by the reader."), "", n.Complained},
	}
	for i := range all {
		one := &all[i]
		if one.N == 0 {
			continue
		}
		switch one.Code {
		case "failed":
			one.Do = v.T("理由を確かめ、必要なら「送れなかった方」にあらためて送ってください。返事のなかった方（no_answer）には届いている場合もあります。",
				"Look at the reasons and write to those again if needed. Some without an answer may have got it.")
		case "unknown":
			one.Do = v.T("15分ほどで自動的に確定します。お待ちください。", "Settled by itself within about 15 minutes. Please wait.")
		case "bounced":
			one.Do = v.T("配信先からは自動で外れます。何もする必要はありません。", "They are taken off the list by themselves. Nothing is to be done.")
			if campaign.Service(c.Kind).EventBound {
				one.Do = v.T("重要なご案内の場合は、「この方に届いたか調べる」で確かめ、お電話などでご連絡ください。", "If it matters, please look for the person and call.")
			}
		case "complained":
			one.Do = v.T("配信は自動で止まります。続くときは、件名と頻度を見直してください。", "They get no more mail. If there are many, reconsider subject and frequency.")
		case "pending":
			if c.State.Over() {
				one.Do = v.T("必要なら「まだ送っていない方」に新しい配信を作成してください。", "Write a new campaign to those whose turn never came, if needed.")
			}
		}
	}
	return all
}

// whyNotUpTo is how many recipients are looked through for the reasons of those who got nothing: more would make the page slow.
const whyNotUpTo = 20_000

func (e *editor) whyNot(ctx context.Context, c *campaign.Campaign, v view, counts campaign.Counts) ([]reason, error) {
	if c.Frozen > whyNotUpTo || counts.Failed+counts.Excluded == 0 {
		return nil, nil
	}
	codes := map[string]int{}
	for cursor := ""; ; {
		chunks, next, err := e.store.Chunks(ctx, c.ID, cursor, 200)
		if err != nil {
			return nil, err
		}
		for i := range chunks {
			for _, o := range chunks[i].List() {
				if class := o.Class(); class == campaign.ClassFailed || class == campaign.ClassExcluded {
					codes[v.LeftName(o.Detail())]++
				}
			}
		}
		if cursor = next; cursor == "" {
			return v.reasons(codes), nil
		}
	}
}

// resultsFile is the numbers as a file: no personal data, and nothing that a spreadsheet takes for a formula. In English, for programs,
// it has the names of the JSON answer and times with their offset.
func (e *editor) resultsFile(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	counts, minutes, err := e.store.Counts(r.Context(), c)
	if err != nil {
		return err
	}
	v := e.view(r)
	v.Language = language(r)
	codes, layout := v.Language == policy.English, "2006-01-02 15:04"
	if codes {
		layout = time.RFC3339
	}
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\r\n", args...) }
	out.WriteString("\ufeff")
	line("%s,%s", v.T("項目", "item"), v.T("件数", "number"))
	for _, one := range v.numbers(c, counts) {
		line("%s,%d", v.T(one.Name, one.Code), one.N)
	}
	for _, code := range slices.Sorted(maps.Keys(c.Left)) {
		line("%s%s,%d", v.T("対象外 ", "left_out."), v.T(leftName(code).JA, code), c.Left[code])
	}
	line("")
	line("%s,%s,%s,%s,%s", v.T("時刻", "at"), v.T("送信済み", "accepted"), v.T("失敗", "failed"), v.T("除外", "excluded"), v.T("確認中", "unknown"))
	for _, m := range minutes {
		line("%s,%d,%d,%d,%d", m.At.In(tokyo).Format(layout), m.Tally[campaign.ClassAccepted], m.Tally[campaign.ClassFailed],
			m.Tally[campaign.ClassExcluded], m.Tally[campaign.ClassUnknown])
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="campaign-`+c.ID+`.csv"`)
	_, err = w.Write(out.Bytes())
	return err
}
