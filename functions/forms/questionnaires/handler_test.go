package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record/recordtest"
)

// TestWhen: before the end and the hours after it 409 with what to do, then the form, and 410 once answers could not be kept any
// more (R29; contract: "a questionnaire before the end of the event"). Whoever has no link is told how to get one.
func TestWhen(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	link := w.invite(t, "registration-1")
	token := w.open(t, link)
	for _, c := range []struct {
		name   string
		at     time.Time
		target string
		status int
		says   string
	}{
		{"before the end", ends.Add(-time.Second), link, 409, "イベントの終了後、2026年11月20日から"},
		{"before the end, without a link", ends.Add(-time.Second), "/questionnaires/mekong", 409, "参加登録者の皆さまにはメールで"},
		{"before the end, in English", ends.Add(-time.Second), "/questionnaires/mekong?lang=en", 409, "opens after the event, on 20 November 2026"},
		{"before it opens", ends.Add(2*time.Hour - time.Second), link, 409, "メールのリンクから"},
		{"as it opens", ends.Add(2 * time.Hour), link, 200, "全体の満足度"},
		{"on the last day", ends.Add(365*24*time.Hour - time.Second), link, 200, "全体の満足度"},
		{"beyond retention", ends.Add(365 * 24 * time.Hour), link, 410, "受付は終了しました"},
		{"beyond retention, without a link", ends.Add(365 * 24 * time.Hour), "/questionnaires/mekong", 410, "受付は終了しました"},
		{"without a link", ends.Add(3 * time.Hour), "/questionnaires/mekong", 400, "メールのリンクから"},
		{"with half a link", ends.Add(3 * time.Hour), link[:len(link)-5], 400, "リンクの全体"},
		{"of an event that is not known", ends.Add(3 * time.Hour), "/questionnaires/forum", 404, "ページが見つかりません"},
		{"of an event that is gone", ends.Add(3 * time.Hour), strings.Replace(link, "mekong", "forum", 1), 410, "受付は終了しました"},
		{"of nobody", ends.Add(3 * time.Hour), w.store.Link("mekong", "0123", ends), 410, "受付は終了しました"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.set(c.at)
			want(t, w.get(c.target), c.status, c.says)
			if head := w.do("HEAD", c.target, nil, ""); head.Code != c.status {
				t.Errorf("HEAD: %d", head.Code)
			}
		})
	}
	// The event was moved while the form was open: what was filled in is kept.
	w.set(ends.Add(3 * time.Hour))
	w.asked.Opens = ends.Add(24 * time.Hour)
	want(t, w.post(link, token, "submit", answer()), 409, "イベントの終了後、2026年11月21日から", "たいへん参考になりました")
	if n := len(w.answers(t)); n != 0 {
		t.Errorf("%d answers are stored", n)
	}
}

// TestAnswer is the way of one answer: form, a mistake, check page, correction, submission, thanks; then the link is spent, and
// nothing else spends it (R29; hard cases 9, 12).
func TestAnswer(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	link := w.invite(t, "registration-1")
	page := w.get(link + "&lang=en")
	want(t, page, 200, "Mekong Investment Seminar – questionnaire", "This questionnaire is anonymous", "Would you come again?", "20 November 2026", "Topics")
	for range 100 { // a scanner reads
		want(t, w.get(link), 200, "このアンケートは無記名です", "全体の満足度、会場について、関心のある分野")
	}
	token := w.open(t, link)
	want(t, w.post(link, token, "check", answer("hall.sound", "", "persons", "6")), 422, "「音」を選択してください", "0から5までの数")
	want(t, w.post(link, token, "check", answer("topics", "trade,travel")), 200, "貿易、観光", "はい")
	want(t, w.post(link, token, "edit", answer()), 200, "たいへん参考になりました")
	if n := len(items(t, w.Client, w.store.Answers)); n != 0 {
		t.Fatalf("a draft is kept: %d items", n)
	}
	values := answer("topics", "trade,travel", "minutes", "４５", "day", "2027/3/1")
	first := w.post(link, token, "submit", values)
	want(t, first, http.StatusSeeOther)
	got := w.answers(t)
	if len(got) != 1 {
		t.Fatalf("%d answers", len(got))
	}
	stored := got[0]
	if stored.SK == "" || stored.PK != "held#mekong" {
		t.Errorf("key %q %q", stored.PK, stored.SK)
	}
	stored.SK = ""
	if diff := cmp.Diff(questionnaire.Answer{PK: "held#mekong", Version: 3, Day: "2026-11-20", ExpiresAt: w.asked.Expires.Unix(), Values: map[string]string{
		"overall": "3", "hall.light": "2", "hall.sound": "3", "topics": "trade\ntravel", "again": "true", "minutes": "45", "day": "2027-03-01",
		"comment": "たいへん参考になりました"}}, stored); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	done := w.get(first.Header().Get("Location"))
	want(t, done, 200, "ご回答ありがとうございました", "ご回答の内容とは結び付いていません", "2027年11月20日に削除します（集計した結果は残します）", "無記名")
	if strings.Contains(first.Header().Get("Location"), "t=") {
		t.Error("the last page's address holds the link")
	}

	// The same post again: the first answer. Other values or a fresh form: told kindly, and nothing is stored.
	again := w.post(link, token, "submit", values)
	if diff := cmp.Diff(first.Header().Get("Location"), again.Header().Get("Location")); diff != "" {
		t.Error(diff)
	}
	changed := w.post(link, token, "submit", answer("overall", "1"))
	want(t, changed, 422, "すでに送信されています")
	fresh := formToken.FindStringSubmatch(changed.Body.String())
	want(t, w.post(link, fresh[1], "submit", answer("overall", "1")), 409, "すでにご回答をいただいています", "たいへん参考になりました")
	want(t, w.get(link), 200, "すでにご回答をいただいています。ご協力ありがとうございました")
	want(t, w.do("GET", link, map[string]string{"Accept": "application/json"}, ""), 409, "すでにご回答をいただいています")
	if n := len(w.answers(t)); n != 1 {
		t.Errorf("%d answers after the repetitions", n)
	}
}

// TestJSON is the same for a program.
func TestJSON(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	link := w.invite(t, "registration-1")
	header := map[string]string{"Accept": "application/json", "Content-Type": "application/json"}
	described := decode(t, w.do("GET", link, header, "").Body)
	if described["service"] != "questionnaire" || described["version"] != 3.0 || !strings.Contains(fmt.Sprint(described["notice"]), "どなたのご回答か分からないため") {
		t.Errorf("%v", described)
	}
	body := `{"overall":3,"hall.light":"2","hall.sound":"1","again":true,"topics":["travel"],"form_token":"` + fmt.Sprint(described["form_token"]) + `"`
	want(t, w.do("POST", link, header, body+`,"mood":"x"}`), 422, "unknown_field")
	accepted := w.do("POST", link, header, body+`}`)
	want(t, accepted, 201, `"status":"answered"`)
	want(t, w.do("POST", link, header, body+`}`), 201, fmt.Sprint(decode(t, accepted.Body)["reference"]))
	if n := len(w.answers(t)); n != 1 {
		t.Errorf("%d answers", n)
	}
}

// TestNamed: a named questionnaire says so on its first page, and its answers are kept with the registration.
func TestNamed(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), func(q *questionnaire.Questionnaire) { q.Anonymous = false })
	link := w.invite(t, "registration-1")
	page := w.get(link)
	want(t, page, 200, "このアンケートは記名式です", "参加登録の受付番号とともに保管し")
	if strings.Contains(page.Body.String(), "無記名") {
		t.Error("a named questionnaire calls itself anonymous")
	}
	ref := w.submit(t, link, answer())
	got := w.answers(t)[0]
	if got.PK != "named#mekong" || got.Ref != "registration-1" || got.Person != w.personOf("registration-1") || got.Submission != ref ||
		got.Policy != policy.Version || got.Answered != "2026-11-20T11:00:00Z" || got.Language != policy.Japanese || got.Channel != "form" {
		t.Errorf("%+v", got)
	}
	want(t, w.get(link), 200, "すでにご回答")

	// Somebody who was invited to an anonymous questionnaire is not made to answer by name.
	w.asked.Anonymous = true
	early := w.invite(t, "registration-2")
	w.asked.Anonymous = false
	want(t, w.post(early, w.open(t, early), "submit", answer()), 410, "受付は終了しました")
}

// TestForged: the token of another questionnaire, and a link that serves something else (hard case 10).
func TestForged(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	link := w.invite(t, "registration-1")
	token := w.open(t, link)
	w.asked.Event = "forum"
	other := w.invite(t, "registration-1")
	want(t, w.post(other, token, "submit", answer()), 400)
	crossed := strings.Replace(link, "mekong", "forum", 1)
	want(t, w.get(crossed), 410)
	want(t, w.post(crossed, w.open(t, other), "submit", answer()), 410)
	query, _ := url.ParseQuery(strings.SplitN(link, "?", 2)[1])
	t.Logf("a link's token has %d characters", len(query.Get("t")))
	if strings.Contains(query.Get("t"), w.personOf("registration-1")) {
		t.Error("the link names the person")
	}
	if n := len(items(t, w.Client, w.store.Answers)); n != 0 {
		t.Errorf("%d items are stored", n)
	}
}
