package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// Two people may have the same campaign open. What somebody saves or decides names the version that was looked at; where a colleague
// has saved another since, nothing is done, and it is said who and when. Pages always name it, scripts may.

// decision is what a script may send to an action.
type decision struct {
	Version int `json:"version"` // that was looked at; 0: whichever there is
}

// decision is that of a post.
func (p *post) decision() (decision, problems, error) {
	var d decision
	if p.json != nil {
		wrong, err := decode(p.json, &d)
		return d, wrong, err
	}
	d.Version, _ = strconv.Atoi(p.form.Get("version")) // what is no number names none
	return d, nil, nil
}

// fits is the condition of what was decided on a version.
func fits(version int, now *campaign.Campaign) error {
	if version != 0 && version != now.Version {
		return campaign.ErrStale
	}
	return nil
}

// saver is who saved the version of a campaign that counts now, and when.
type saver struct {
	ID, Name string
	At       string // RFC 3339 in Japan
}

func (e *editor) saver(ctx context.Context, c *campaign.Campaign) (saver, []campaign.Content, error) {
	contents, err := e.store.Contents(ctx, *c, c.Version)
	s := saver{ID: c.Author, Name: c.Author}
	if name := e.names(ctx, c.Kind)[c.Author]; name != "" {
		s.Name = name
	}
	if len(contents) > 0 {
		s.At = inJapan(contents[0].SavedAt)
	}
	return s, contents, err
}

// inJapan writes a time (RFC 3339) in the offset of all others.
func inJapan(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	return t.In(tokyo).Format(time.RFC3339)
}

// overtaken is the answer to what names a version that is not the last any more.
func (e *editor) overtaken(ctx context.Context, c *campaign.Campaign) error {
	s, _, err := e.saver(ctx, c)
	if err != nil {
		return err
	}
	return &web.Error{Kind: web.Conflict, Members: map[string]any{"state": c.State, "version": c.Version, "changed_by": s.ID, "changed_at": s.At}, Message: s.message()}
}

func (s saver) message() policy.Text {
	at, _ := time.Parse(time.RFC3339, s.At) // ours
	return policy.Text{
		JA: japanese(at) + "に" + s.Name + "さんが別の版を保存しています。何も変更していません。新しい版を確かめてから、もう一度操作してください。",
		EN: s.Name + " saved another version at " + s.At + ". Nothing was changed. Please look at it, then try again."}
}

// overtakenForm shows the form again with everything that was typed, and beside it what the colleague has changed: nothing is lost on
// either side, and what is saved next is saved knowingly.
func (e *editor) overtakenForm(w http.ResponseWriter, r *http.Request, d *draft, now *campaign.Campaign) error {
	ctx := r.Context()
	by, current, err := e.saver(ctx, now)
	if err != nil {
		return err
	}
	base, err := e.store.Contents(ctx, *now, d.Version)
	if err != nil {
		return err
	}
	v := view{Tongue: staff.Tongue{Language: staff.Language(r)}}
	at, _ := time.Parse(time.RFC3339, by.At) // ours
	t := &theirs{By: by.Name, At: v.Time(at), Changes: append(v.changesOf(base, current), v.otherwise(d, now)...)}
	d.Version = now.Version
	return e.form(w, r, http.StatusConflict, d, now, nil, func(v *editView) { v.Theirs = t })
}

// theirs is what a colleague has saved while somebody was typing.
type theirs struct {
	By, At  string
	Changes []change
}

// change is one part of a campaign that a colleague has changed.
type change struct {
	Label string
	Lines []diffLine
}

// diffLine is a line as it was ("-"), is now ("+"), or stays ("").
type diffLine struct{ Sign, Text string }

// changesOf compares two versions of the contents, part by part.
func (v view) changesOf(was, now []campaign.Content) []change {
	var all []change
	for _, l := range []policy.Language{policy.Japanese, policy.English} {
		find := func(contents []campaign.Content) (c campaign.Content) {
			if i := slices.IndexFunc(contents, func(one campaign.Content) bool { return one.Language == l }); i >= 0 {
				c = contents[i]
			}
			return c
		}
		before, after := find(was), find(now)
		for _, part := range []struct{ label, was, now string }{
			{v.T("件名", "Subject"), before.Subject, after.Subject}, {v.T("プリヘッダー", "Preheader"), before.Preheader, after.Preheader},
			{v.T("本文", "Text"), before.Body, after.Body}, {v.T("テキスト版", "Text part"), before.Text, after.Text}} {
			if part.was != part.now {
				all = append(all, change{part.label + "（" + v.LanguageName(l) + "）", diff(part.was, part.now)})
			}
		}
	}
	return all
}

// otherwise says what else is stored differently from what was typed. Its earlier versions are not kept.
func (v view) otherwise(d *draft, now *campaign.Campaign) []change {
	stored := asDraft(now, nil)
	var all []change
	add := func(label, typed, saved string) {
		if typed != saved {
			all = append(all, change{label, []diffLine{{"", v.T("保存されている値：", "Stored: ") + orNone(v, saved)}}})
		}
	}
	mine, saved := chosenIn(d.Segment), chosenIn(now.Segment)
	if !slices.Equal(mine, saved) {
		count := ""
		if len(saved) > 0 {
			count = v.Number(len(saved)) + v.T("項目を選択", " chosen")
		}
		all = append(all, change{v.T("宛先の絞り込み", "Narrowing"), []diffLine{{"", v.T("保存されている値：", "Stored: ") + orNone(v, count)}}})
	}
	at := func(s string) string {
		t, err := moment(s)
		if err != nil {
			return s
		}
		return v.Time(t)
	}
	add(v.T("報道解禁の日時", "Embargo"), at(d.Embargo), at(stored.Embargo))
	add(v.T("返信先", "Reply to"), strings.TrimSpace(d.ReplyTo), now.ReplyTo)
	return all
}

// chosenIn is everything that a segment names, in the order of its parts.
func chosenIn(s campaign.Segment) []string {
	var all []string
	for name, values := range map[string][]string{"prefecture ": s.Prefecture, "business ": s.BusinessCategory, "attendance ": s.Attendance, "status ": s.Status,
		"language ": s.Language, "people ": s.People} {
		for _, value := range values {
			all = append(all, name+value)
		}
	}
	slices.Sort(all)
	return all
}

func orNone(v view, s string) string {
	if s == "" {
		return v.T("なし", "none")
	}
	return s
}

// mostCompared bounds the lines of a text that are compared with each other; longer texts are shown one after the other.
const mostCompared = 1000

// diff compares two texts line by line, by their longest common subsequence.
func diff(was, now string) []diffLine {
	a, b := strings.Split(was, "\n"), strings.Split(now, "\n")
	if was == "" {
		a = nil
	}
	if now == "" {
		b = nil
	}
	var out []diffLine
	if len(a) > mostCompared || len(b) > mostCompared {
		return append(append(out, diffLine{"-", was}), diffLine{"+", now})
	}
	common := make([][]int, len(a)+1) // of the rest of both
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, diffLine{"", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, diffLine{"-", a[i]})
			i++
		default:
			out = append(out, diffLine{"+", b[j]})
			j++
		}
	}
	return out
}

// stateForm shows the form again where a colleague has moved the campaign on meanwhile: what was typed stays.
func (e *editor) stateForm(w http.ResponseWriter, r *http.Request, d *draft, now *campaign.Campaign) error {
	var shown *web.Error
	if !errors.As(e.conflict(now, "save"), &shown) {
		return web.ErrNotFound
	}
	return e.form(w, r, http.StatusConflict, d, now, nil, func(v *editView) { v.Notice = shown.Message.In(v.Language) })
}
