package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/audience"
	"madoguchi/shared/event"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
)

// badge is a state as a page shows it.
type badge struct{ Code, Name string }

// Badge is how a state is shown.
func (v view) Badge(s campaign.State) badge { return badge{string(s), v.State(s)} }

// listPage shows a list.
func (e *editor) listPage(w http.ResponseWriter, r *http.Request, items []summary, next cursor) error {
	query := r.URL.Query()
	more := ""
	if next != nil {
		query.Set("cursor", next.String())
		query.Del("done")
		more = "?" + query.Encode()
	}
	return e.write(w, r, http.StatusOK, policy.Text{JA: "メールの配信", EN: "Campaigns"}, "list", struct {
		view
		Items       []summary
		Kinds       []policy.MailKind
		States      []campaign.State
		ChosenKind  policy.MailKind
		ChosenState campaign.State
		Next        string
	}{e.view(r), items, kinds(staff.Of(r.Context())), states(), policy.MailKind(query.Get("kind")), campaign.State(query.Get("status")), more})
}

// button is an action that a page offers.
type button struct {
	Name, Label string
	Page        string // it has a page of its own before
	Second      bool
}

// reason is why people are left out, and how many.
type reason struct {
	Label string
	N     int
}

// showView is the page of one campaign, and the one that asks before it is scheduled.
type showView struct {
	view
	C               *campaign.Campaign
	Contents        []campaign.Content
	Warnings        problems
	Actions         []button
	Editable        bool // it may still be judged and tried
	Changeable      bool
	Primary         int // before which of the actions the way to change it stands: the first that is not the thing to do
	Hint            string
	EventTitle      string
	Following       string
	Embargo         int64
	Sender, ReplyTo string
	Own             string
	Testers         []string
	AnyTester       bool
	Versions        []int
	Reach1          *size
	Narrowed        []segment
	Left            []reason
	Live            *live
	At, DelayText   string
	Returned        *returned
	names           map[string]string
	remarks         map[int64]string
}

// returned is why a draft was returned, until it is handed in again.
type returned struct {
	Text, By string
	At       int64
}

// Remark is what a colleague wrote to a step.
func (v *showView) Remark(at int64) string { return v.remarks[at] }

// whyReturned finds the reason of a draft that was returned last.
func (v *showView) whyReturned() {
	for _, step := range slices.Backward(v.C.History) {
		if step.To == campaign.InReview || v.C.State != campaign.Draft {
			return
		}
		if text := v.remarks[step.At]; text != "" {
			v.Returned = &returned{text, step.By, step.At}
			return
		}
	}
}

// By is the name of who did something.
func (v *showView) By(id string) string { return cmp.Or(v.names[id], id) }

// Why is the reason of a step.
func (v *showView) Why(code string) string { return why(code).In(v.Language) }

// showPage shows a campaign and what can be done with it.
func (e *editor) showPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	v, err := e.showView(r, c)
	if err != nil {
		return err
	}
	page := staff.StaffPage{Title: policy.Text{JA: c.Title, EN: c.Title}}
	if v.Live != nil && v.Live.Moving {
		page.Script = staff.LiveScript()
	}
	return e.writeWith(w, r, http.StatusOK, page, "show", v)
}

// showView reads what the pages of a campaign show.
func (e *editor) showView(r *http.Request, c *campaign.Campaign) (*showView, error) {
	ctx := r.Context()
	contents, err := e.store.Contents(ctx, *c, c.Version)
	if err != nil {
		return nil, err
	}
	org := e.staff.Site.Organization
	v := &showView{view: e.view(r), C: c, Contents: contents, Embargo: c.EmbargoUntil * 1000, names: e.names(ctx, c.Kind),
		Editable: editable(c) || c.State == campaign.Missed, Changeable: editable(c),
		Sender: org.ShortName.In(policy.Japanese) + " <" + e.mail.Sender + ">", ReplyTo: cmp.Or(c.ReplyTo, org.PrivacyContact),
		DelayText: policy.Text{JA: "ただちに始まります", EN: "begins at once"}.In(staff.Language(r))}
	if e.delay > 0 {
		v.DelayText = fmt.Sprintf(v.T("%d分後に始まり、それまでは取り消せます", "begins in %d minutes; until then it can be recalled"), int(e.delay.Minutes()))
	}
	for n := c.Version - 1; n > 0 && len(v.Versions) < 20; n-- {
		v.Versions = append(v.Versions, n)
	}
	if v.Live, err = e.live(ctx, c, v.Language); err != nil {
		return nil, err
	}
	if v.remarks, err = e.store.Remarks(ctx, c.ID); err != nil {
		return nil, err
	}
	v.whyReturned()
	if c.Follows != nil {
		earlier, err := e.store.Get(ctx, c.Follows.Campaign)
		if err != nil && !errors.Is(err, campaign.ErrNotFound) {
			return nil, fmt.Errorf("read the earlier campaign: %w", err)
		}
		v.Following = cmp.Or(earlier.Title, c.Follows.Campaign)
	}
	if v.Editable {
		if err := e.judgeAgain(r, c, v); err != nil {
			return nil, err
		}
		self, err := e.staff.Self(ctx)
		if err != nil {
			return nil, err
		}
		v.Own = self.Email
		v.AnyTester = slices.Contains(e.testers, "*")
		if !v.AnyTester {
			v.Testers = e.testers
		}
	} else if c.Event != "" {
		about, err := e.events.Get(ctx, c.Event)
		if err != nil && !errors.Is(err, event.ErrNotFound) {
			return nil, fmt.Errorf("read event: %w", err)
		}
		if about != nil {
			v.EventTitle = about.Title.In(v.Language)
		}
	}
	v.Left = v.reasons(c.Left)
	if v.Reach1 != nil {
		v.Left = v.reasons(v.Reach1.Left)
	}
	v.narrow(ctx, e)
	v.offer(e, staff.Of(ctx))
	return v, nil
}

// judgeAgain tells what stands against sending what is stored, and whom it would reach.
func (e *editor) judgeAgain(r *http.Request, c *campaign.Campaign, v *showView) error {
	ctx := r.Context()
	j, err := e.judge(ctx, asDraft(c, v.Contents), c)
	if err != nil {
		return err
	}
	v.Warnings, v.Wrong = j.warnings, j.wrong
	if j.event != nil {
		v.EventTitle = j.event.Title.In(v.Language)
	}
	at := e.now()
	if j.event != nil && c.Kind == policy.QuestionnaireInvite && at.Before(j.event.EndsAt) {
		at = j.event.EndsAt // whom it will reach once it may be sent
	}
	reach, err := e.measure(ctx, c, at)
	if errors.Is(err, audience.ErrGate) || errors.Is(err, campaign.ErrNotFound) || errors.Is(err, event.ErrNotFound) {
		return nil // what is wrong says so
	}
	v.Reach1 = reach
	return err
}

// offer sets the buttons for what the state and the person allow, and what to do next.
func (v *showView) offer(e *editor, p staff.Person) {
	c := v.C
	may := e.may(p, c)
	add := func(a action, second, page bool, ja, en string) {
		if !slices.Contains(may, a) {
			return
		}
		b := button{Name: string(a), Label: v.T(ja, en), Second: second}
		if page {
			b.Page = base + "/" + c.ID + "/" + string(a)
		}
		v.Actions = append(v.Actions, b)
	}
	add(actSchedule, false, true, "配信を予約する", "Schedule")
	add(actApprove, false, false, "承認する", "Approve")
	add(actSubmit, !e.review, false, "承認を依頼する", "Submit for review")
	add(actReturn, true, true, "下書きに戻す", "Return to draft")
	add(actRecall, false, false, "予約を取り消す", "Recall")
	add(actPause, false, false, "一時停止する", "Pause")
	add(actResume, false, false, "配信を再開する", "Resume")
	v.Actions = append(v.Actions, button{Label: v.T("届くメールの見本を見る", "See what arrives"), Second: true, Page: base + "/" + c.ID + "/preview"})
	if v.Primary = slices.IndexFunc(v.Actions, func(b button) bool { return b.Second }); v.Primary < 0 {
		v.Primary = 0
	}
	if c.State.Over() && c.Frozen > 0 {
		v.Actions = append(v.Actions, button{Label: v.T("お詫びと訂正を送る", "Send a correction"), Second: true,
			Page: base + "/new?follows=" + c.ID + "&whom=" + campaign.ToAccepted})
	}
	add(actCancel, true, true, "中止する", "Cancel") // the last: it cannot be undone
	v.Hint = hint(c, e.review, e.mayApprove(p, c) == nil, slices.Contains(may, actSchedule)).In(v.Language)
}

// hint says what happens next.
func hint(c *campaign.Campaign, review, mayApprove, maySchedule bool) policy.Text {
	switch c.State {
	case campaign.Draft:
		if review {
			return policy.Text{JA: "送るには、ほかの担当者の承認が必要です。内容を確かめたら承認を依頼してください。", EN: "A colleague has to approve it. Submit it once it is right."}
		}
		return policy.Text{JA: "内容と宛先を確かめてから、配信を予約してください。", EN: "Check content and recipients, then schedule it."}
	case campaign.InReview:
		if !mayApprove {
			return policy.Text{JA: "ほかの担当者の承認を待っています。", EN: "It waits for a colleague's approval."}
		}
		return policy.Text{JA: "内容と宛先を確かめて、承認するか、下書きに戻してください。", EN: "Please look at it, then approve it or return it."}
	case campaign.Approved:
		if !maySchedule {
			return policy.Text{JA: "承認済みです。予約は、書いた方か、ほかの担当者が行います。", EN: "It is approved. The author or another colleague schedules it."}
		}
		return policy.Text{JA: "承認済みです。日時を決めて、配信を予約してください。", EN: "It is approved. Choose when, and schedule it."}
	case campaign.Scheduled:
		at := japanese(timeOf(c.ScheduledAt))
		return policy.Text{JA: at + "に始まります。それまでは取り消せます。", EN: "It begins at " + stamp(c.ScheduledAt) + ". Until then it can be recalled."}
	case campaign.Missed:
		return policy.Text{JA: "予約した時刻にシステムが止まっていたため、送っていません。改めて予約するか、下書きに戻してください。", EN: "The system was down at the time: nothing was sent. Schedule it again, or return it."}
	case campaign.Halted:
		return policy.Text{JA: "戻ってきたメールや苦情が多いため、自動で停止しました。残りは送られません。宛先の集め方を見直してから、まだ送っていない方に新しい配信を作成してください。",
			EN: "Too much came back, so it was halted and the rest is not sent. Look at the list before you write to the others."}
	case campaign.Paused:
		if t := why(c.Reason); t.JA != "" {
			return policy.Text{JA: "一時停止しています：" + t.JA + "。", EN: "Paused: " + t.EN + "."}
		}
		return policy.Text{JA: "一時停止しています。再開するか、中止してください。", EN: "It is paused. Resume it or cancel it."}
	}
	return policy.Text{}
}
