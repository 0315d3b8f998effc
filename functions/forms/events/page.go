package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"strings"
	"sync"

	"madoguchi/shared/event"
	"madoguchi/shared/policy"
)

//go:embed *.html
var sources embed.FS

// templates are parsed at the first page, not at start.
var templates = sync.OnceValue(func() *template.Template { return template.Must(template.New("events").ParseFS(sources, "*.html")) })

func render(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	if err := templates().ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(out.String()), nil //nolint:gosec // rendered by html/template just above
}

// detail is a point of an event, with its text line by line.
type detail struct {
	Term  string
	Lines []string
	Link  string
}

// kinds are the kinds of event in words (R24).
var kinds = map[event.Kind]policy.Text{
	event.Venue:  {JA: "会場で開催", EN: "At a venue"},
	event.Online: {JA: "オンラインで開催", EN: "Online"},
	event.Hybrid: {JA: "会場とオンラインで開催", EN: "At a venue and online"},
}

// details are what a page says of an event. The link to join at is for registrants only.
func details(e *event.Event, l policy.Language) []detail {
	in := func(ja, en string) string { return policy.Text{JA: ja, EN: en}.In(l) }
	when := e.Whens(l)
	if e.State == event.Postponed {
		when = []string{in("延期（新しい日時は未定です）", "Postponed; the new date is not known yet")}
	}
	all := []detail{{Term: in("日時", "When"), Lines: when}, {Term: in("開催方法", "How"), Lines: []string{kinds[e.Kind].In(l)}}}
	if e.Kind != event.Online {
		place := e.Place.In(l)
		if place == "" {
			place = in("追ってお知らせします", "To be announced")
		}
		all = append(all, detail{Term: in("会場", "Where"), Lines: []string{place}})
	}
	if e.Kind != event.Venue {
		all = append(all, detail{Term: in("参加用リンク", "Link to join"), Lines: []string{in("登録された方に、メールでお知らせします。", "Sent by mail to those who are registered.")}})
	}
	if len(e.Partners) > 0 {
		var names []string
		for _, p := range e.Partners {
			if p.Role == policy.CoOrganiser {
				names = append(names, p.Name.In(l))
			}
		}
		if len(names) > 0 {
			all = append(all, detail{Term: in("共催", "Co-organised by"), Lines: names})
		}
	}
	all = append(all, detail{Term: in("登録の締め切り", "Register by"), Lines: []string{event.Minute(e.ClosesAt.In(policy.JapanTime), l) + in("（日本時間）", " (Japan time)")}})
	if e.Contact != "" {
		all = append(all, detail{Term: in("このイベントの問い合わせ先", "Contact for this event"), Lines: []string{e.Contact}})
	}
	return all
}

// intro is what stands above the form: what the event is about, when, where, and how many seats are left.
func intro(e *event.Event, l policy.Language, status event.Status, left []seatsLeft) template.HTML {
	data := struct {
		Paragraphs [][]string
		Details    []detail
		All        anchor
		Other      *anchor
	}{Details: details(e, l), All: anchor{Path: "/events?lang=" + string(l), Label: policy.Text{JA: "イベント一覧", EN: "All events"}.In(l)}}
	if about := e.Description.In(l); about != "" {
		for paragraph := range strings.SplitSeq(about, "\n\n") {
			data.Paragraphs = append(data.Paragraphs, strings.Split(paragraph, "\n"))
		}
	}
	if len(left) > 0 && (status == event.StatusOpen || status == event.StatusWaiting || status == event.StatusFull) {
		var lines []string
		for _, s := range left {
			lines = append(lines, s.inWords(e, l))
		}
		data.Details = append(data.Details, detail{Term: policy.Text{JA: "空席", EN: "Seats"}.In(l), Lines: lines})
	}
	if to := other(e, l); to != "" {
		data.Other = &anchor{Path: "/events/" + e.ID + "?lang=" + string(to), Label: languageNames[to], Language: to}
	}
	out, err := render("intro.html", data)
	if err != nil {
		panic(err) // the template prints strings only
	}
	return out
}

type anchor struct {
	Path, Label string
	Language    policy.Language
}

// languageNames are the languages in their own words.
var languageNames = map[policy.Language]string{policy.Japanese: "日本語", policy.English: "English"}
