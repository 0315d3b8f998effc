package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/event"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

type choice struct {
	Value, Label string
	Chosen       bool
}

// segment is one way to narrow an audience.
type segment struct {
	Name, Label string
	Options     []choice
	Any         bool // something is chosen
	Many        bool
}

type mergeField struct{ Code, Label string }

// editView is the page on which a campaign is written.
type editView struct {
	view
	CampaignKind policy.MailKind
	Action, Back string
	Draft        *draft
	Languages    []policy.Language
	Events       []choice // to choose from, for a new one
	EventTitle   string
	Following    string // title of the earlier campaign
	Whom         []choice
	Segments     []segment
	MergeFields  []mergeField
	Embargoed    bool
	EmbargoInput string
	ReplyDefault string
	Kept         []campaign.File
	Theirs       *theirs // what a colleague has saved meanwhile
	Notice       string  // why it cannot be saved now
	Picking      *picking
}

// Reach says whom a kind goes to.
func (v view) Reach(k policy.MailKind) string { return reach(k).In(v.Language) }

// LanguageName is the name of a content's language.
func (v view) LanguageName(l policy.Language) string {
	if l == policy.English {
		return v.T("英語", "English")
	}
	return v.T("日本語", "Japanese")
}

// Fault is a problem of a field, for the template that shows one.
func (v view) Fault(field string) map[string]string {
	return map[string]string{"Field": field, "Message": v.Error(field)}
}

// In is what the draft says in a language.
func (v *editView) In(l policy.Language) campaign.Content { return v.Draft.Content[l] }

// Picks tells whether people are being picked.
func (v *editView) Picks() bool {
	return v.Picking != nil && (v.Picking.Q != "" || v.Picking.From != "" || v.Error("people.q") != "")
}

// newPage lets one choose a kind, then write.
func (e *editor) newPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	kind := policy.MailKind(query.Get("kind"))
	d := &draft{Kind: kind, Content: map[policy.Language]campaign.Content{}}
	if id := query.Get("follows"); id != "" {
		earlier, err := e.store.Get(r.Context(), id)
		if errors.Is(err, campaign.ErrNotFound) {
			return web.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("read the earlier campaign: %w", err)
		}
		d.Kind, d.Event, d.Follows = earlier.Kind, earlier.Event, &follows{Follows: campaign.Follows{Campaign: id, Whom: query.Get("whom")}}
		if err := e.startFrom(r, d, &earlier); err != nil {
			return err
		}
	}
	if d.Kind == "" {
		return e.write(w, r, http.StatusOK, policy.Text{JA: "新しい配信：種類を選ぶ", EN: "New campaign: choose the kind"}, "kinds", struct {
			view
			Kinds []policy.MailKind
		}{e.view(r), kinds(staff.Of(r.Context()))})
	}
	if campaign.Service(d.Kind) == nil {
		return web.ErrNotFound
	}
	if err := e.allow(r.Context(), d.Kind, "campaign"); err != nil {
		return err
	}
	return e.form(w, r, http.StatusOK, d, nil, nil)
}

// startFrom lets one go on from what the earlier campaign said.
func (e *editor) startFrom(r *http.Request, d *draft, earlier *campaign.Campaign) error {
	if err := e.allow(r.Context(), earlier.Kind, object(earlier)); err != nil {
		return err
	}
	contents, err := e.store.Contents(r.Context(), *earlier, earlier.Version)
	if err != nil {
		return err
	}
	for _, c := range contents {
		if d.Follows.Whom == campaign.ToAccepted {
			c.Subject = policy.Text{JA: "【お詫びと訂正】", EN: "Correction: "}.In(c.Language) + c.Subject
		}
		d.Content[c.Language] = c
	}
	return nil
}

// editPage shows what a campaign says, to be changed.
func (e *editor) editPage(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	if !editable(c) {
		return e.conflict(c, "save")
	}
	contents, err := e.store.Contents(r.Context(), *c, c.Version)
	if err != nil {
		return err
	}
	return e.form(w, r, http.StatusOK, asDraft(c, contents), c, nil)
}

// formAgain shows the form again with everything that was typed. Files that were chosen have to be chosen again.
func (e *editor) formAgain(w http.ResponseWriter, r *http.Request, d *draft, was *campaign.Campaign, wrong problems) error {
	if campaign.Service(d.Kind) == nil {
		return wrong.invalid(language(r))
	}
	return e.form(w, r, http.StatusUnprocessableEntity, d, was, wrong)
}

func (e *editor) form(w http.ResponseWriter, r *http.Request, status int, d *draft, was *campaign.Campaign, wrong problems, more ...func(*editView)) error {
	ctx := r.Context()
	v := &editView{view: e.view(r), Action: base, Back: base, CampaignKind: d.Kind, Draft: d, ReplyDefault: e.staff.Site.Organization.PrivacyContact,
		Embargoed: d.Kind == policy.PressRelease, Languages: []policy.Language{policy.Japanese}}
	v.Wrong = wrong
	for _, add := range more {
		add(v)
	}
	if was != nil {
		v.Action, v.Back, v.Kept, v.CampaignKind, d.Event = base+"/"+was.ID, base+"/"+was.ID, was.Files, was.Kind, was.Event
	}
	if at, err := moment(d.Embargo); err == nil {
		v.EmbargoInput = at.In(tokyo).Format("2006-01-02T15:04")
	}
	service := campaign.Service(v.CampaignKind)
	if service.EventBound {
		v.Languages = []policy.Language{policy.Japanese, policy.English}
		if err := e.chooseEvent(ctx, v, was != nil); err != nil {
			return err
		}
	}
	if d.Follows != nil {
		earlier, err := e.store.Get(ctx, d.Follows.Campaign)
		if err != nil && !errors.Is(err, campaign.ErrNotFound) {
			return fmt.Errorf("read the earlier campaign: %w", err)
		}
		v.Following = earlier.Title
		for _, whom := range []choice{{Value: campaign.ToAccepted, Label: v.T("受け取った方（お詫びと訂正）", "Those who got it: a correction")},
			{Value: campaign.ToFailed, Label: v.T("送れなかった方", "Those to whom it failed")},
			{Value: campaign.ToUnsent, Label: v.T("途中で中止したため、まだ送っていない方", "Those whose turn never came")}} {
			whom.Chosen = whom.Value == d.Follows.Whom
			v.Whom = append(v.Whom, whom)
		}
	}
	for _, f := range bulletin.Fields(v.CampaignKind) {
		code := "{{" + f.Name + "}}"
		if f.MayMiss {
			code = "{{" + f.Name + "|" + v.T("ないときの言葉", "fallback") + "}}"
		}
		v.MergeFields = append(v.MergeFields, mergeField{code, f.Label.In(v.Language)})
	}
	if err := e.chooseSegments(ctx, v, service); err != nil {
		return err
	}
	title := policy.Text{JA: kindName(v.CampaignKind).JA + "を書く", EN: "Write: " + kindName(v.CampaignKind).EN}
	return e.write(w, r, status, title, "edit", v)
}

// mostEvents is how many events are offered to choose from, of those to come and of those that are over.
const mostEvents = 40

// chooseEvent fills in the event's title, or the events to choose from. A questionnaire is asked for of past events first.
func (e *editor) chooseEvent(ctx context.Context, v *editView, fixed bool) error {
	if v.Draft.Event != "" {
		found, err := e.events.Get(ctx, v.Draft.Event)
		switch {
		case err == nil:
			v.EventTitle, v.Languages = found.Title.In(v.Language), found.Languages()
		case !errors.Is(err, event.ErrNotFound):
			return fmt.Errorf("read event: %w", err)
		}
		if fixed || v.Draft.Follows != nil {
			return nil
		}
	}
	now := e.now()
	coming, err := e.events.Coming(ctx, now, mostEvents, nil)
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	past, err := e.events.Past(ctx, now, mostEvents, nil)
	if err != nil {
		return fmt.Errorf("list events: %w", err)
	}
	all := slices.Concat(coming.Events, past.Events)
	if v.CampaignKind == policy.QuestionnaireInvite {
		all = slices.DeleteFunc(past.Events, func(one *event.Event) bool { return one.Questionnaire == nil })
	}
	for _, one := range all {
		v.Events = append(v.Events, choice{one.ID, one.Title.In(v.Language) + "（" + one.StartsAt.In(tokyo).Format("2006/1/2") + "）", one.ID == v.Draft.Event})
	}
	return nil
}

// chooseSegments fills in by what the audience of a service can be narrowed.
func (e *editor) chooseSegments(ctx context.Context, v *editView, service *policy.Service) error {
	s := v.Draft.Segment
	add := func(name, label string, many bool, chosen []string, options []choice) {
		for i := range options {
			options[i].Chosen = slices.Contains(chosen, options[i].Value)
		}
		v.Segments = append(v.Segments, segment{"segment." + name, label, options, len(chosen) > 0, many})
	}
	switch {
	case service.Code == policy.Newsletter:
		var places []choice
		for _, p := range japan.Prefectures() {
			places = append(places, choice{Value: p.Code, Label: v.T(p.JA, p.EN)})
		}
		var business []choice
		for _, o := range e.categories.Options(ctx) {
			business = append(business, choice{Value: o.Value, Label: o.Label.In(v.Language)})
		}
		add("prefecture", v.T("都道府県", "Prefecture"), true, s.Prefecture, places)
		add("business_category", v.T("業種", "Business"), false, s.BusinessCategory, business)
	case v.CampaignKind == policy.MediaInvitation:
		if v.Picking == nil {
			v.Picking = &picking{}
		}
		people, err := e.people(ctx, s.People, v.Picking)
		if err != nil {
			return err
		}
		add("people", v.T("取材してほしい媒体だけに送る", "Only to those you pick"), false, s.People, people)
	case service.EventBound:
		add("attendance", v.T("参加方法", "Attendance"), false, s.Attendance, []choice{{Value: event.ModeVenue, Label: v.T("会場", "Venue")},
			{Value: event.ModeOnline, Label: v.T("オンライン", "Online")}})
		if v.CampaignKind == policy.EventInformation {
			add("status", v.T("登録の状態（選ばなければ、登録済みの方）", "State (registered, where nothing is chosen)"), false, s.Status, []choice{{Value: "registered", Label: v.T("登録済み", "Registered")},
				{Value: "waiting", Label: v.T("キャンセル待ち", "Waiting list")}, {Value: "offered", Label: v.T("空席のご案内中", "Offered a seat")},
				{Value: "cancelled", Label: v.T("取り消した方", "Cancelled")}})
		}
		add("language", v.T("言語", "Language"), false, s.Language, []choice{{Value: "ja", Label: v.T("日本語", "Japanese")}, {Value: "en", Label: v.T("英語", "English")}})
	}
	return nil
}
