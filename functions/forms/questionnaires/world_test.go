package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/web"
)

// ends is when the event of the tests ended, a Friday evening in Tokyo.
var ends = time.Date(2026, 11, 20, 17, 0, 0, 0, policy.JapanTime)

// fatal is what *testing.T and *rapid.T share.
type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is the function over tables of its own in a real engine, with a clock that the test moves.
type world struct {
	*handler
	http   http.Handler
	asked  questionnaire.Questionnaire
	millis atomic.Int64
}

func newWorld(t testing.TB, client *dynamodb.Client, change func(*questionnaire.Questionnaire)) *world {
	t.Helper()
	env := complete()
	env["FORM_MINIMUM_SECONDS"], env["RATE_LIMIT_PER_HOUR"] = "0", "0"
	env["GUARD_TABLE"] = recordtest.Table(t, client, "guard", false)
	env["ANSWERS_TABLE"] = recordtest.Table(t, client, "answers", true)
	env["INVITATIONS_TABLE"] = recordtest.Table(t, client, "invitations", false)
	w := &world{asked: asked()}
	if change != nil {
		change(&w.asked)
	}
	d, own, err := desk.With[settings](config.Map(env), policy.Get(policy.Questionnaire), client, w.now)
	if err != nil {
		t.Fatal(err)
	}
	w.handler = newHandler(d, own)
	w.find = func(_ context.Context, event string) (questionnaire.Questionnaire, error) {
		if event != w.asked.Event {
			return questionnaire.Questionnaire{}, web.ErrNotFound
		}
		return w.asked, nil
	}
	w.http = w.mux()
	w.set(ends.Add(3 * time.Hour))
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) set(at time.Time)           { w.millis.Store(at.UnixMilli()) }
func (w *world) after(passed time.Duration) { w.millis.Add(int64(passed / time.Millisecond)) }

// asked is a questionnaire with every kind of question.
func asked() questionnaire.Questionnaire {
	question := func(name, ja, en string, kind policy.FieldType, required bool, options ...form.Option) form.Field {
		return form.Field{Field: policy.Field{Name: name, Label: policy.Text{JA: ja, EN: en}, Type: kind, Required: required}, Options: options}
	}
	option := func(value, ja, en string) form.Option {
		return form.Option{Value: value, Label: policy.Text{JA: ja, EN: en}}
	}
	scale := []form.Option{option("1", "不満", "Poor"), option("2", "普通", "Fair"), option("3", "満足", "Good")}
	hall := policy.Text{JA: "会場について", EN: "The venue"}
	matrix := func(name, ja, en string) form.Field {
		f := question(name, ja, en, policy.TypeChoice, true, scale...)
		f.Buttons, f.Group = true, hall
		return f
	}
	persons := question("persons", "ご一緒の方の人数", "Persons with you", policy.TypeNumber, false)
	persons.Max = 5
	comment := question("comment", "ご意見", "Comments", policy.TypeTextArea, false)
	comment.MaxLength = 1000
	return questionnaire.Questionnaire{
		Event: "mekong", Version: 3, Anonymous: true, Title: policy.Text{JA: "メコン地域投資セミナー", EN: "Mekong Investment Seminar"},
		Languages: []policy.Language{policy.Japanese, policy.English}, Ends: ends, Opens: ends.Add(2 * time.Hour), Expires: ends.Add(365 * 24 * time.Hour),
		Questions: []form.Field{
			question("overall", "全体の満足度", "Overall", policy.TypeRating, true, scale...),
			matrix("hall.light", "明るさ", "Light"), matrix("hall.sound", "音", "Sound"),
			question("topics", "関心のある分野", "Topics", policy.TypeChoices, false, option("trade", "貿易", "Trade"), option("travel", "観光", "Tourism")),
			question("again", "またご参加になりますか", "Would you come again?", policy.TypeBoolean, true),
			persons, question("minutes", "移動にかかった時間（分）", "Minutes on the way", policy.TypeNumber, false),
			question("day", "次回のご希望の日", "Day you wish for", policy.TypeDate, false), comment,
		},
	}
}

// answer is what somebody answers; more replaces some of it.
func answer(more ...string) url.Values {
	v := url.Values{"overall": {"3"}, "hall.light": {"2"}, "hall.sound": {"3"}, "again": {"true"}, "comment": {"たいへん参考になりました"}}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			v.Del(more[i])
			continue
		}
		v[more[i]] = strings.Split(more[i+1], ",")
	}
	return v
}

// invite makes an invitation as the clock does, and returns its link.
func (w *world) invite(t fatal, ref string) string {
	t.Helper()
	var tx record.Transaction
	path := w.store.Invite(&tx, w.asked, ref, w.personOf(ref), questionnaire.ByClock, w.now())
	if err := tx.Commit(context.Background(), w.Client); err != nil {
		t.Fatal(err)
	}
	return path
}

func (w *world) personOf(ref string) string { return w.Guard.Hash("test", ref) }

func (w *world) do(method, target string, header map[string]string, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	w.http.ServeHTTP(answer, r)
	return answer
}

func (w *world) get(target string) *httptest.ResponseRecorder { return w.do("GET", target, nil, "") }

var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// open opens the form and returns its token.
func (w *world) open(t fatal, link string) string {
	t.Helper()
	page := w.get(link)
	found := formToken.FindStringSubmatch(page.Body.String())
	if page.Code != http.StatusOK || found == nil {
		t.Fatalf("open: %d %s", page.Code, page.Body)
	}
	return found[1]
}

func (w *world) post(link, token, action string, values url.Values) *httptest.ResponseRecorder {
	values = maps.Clone(values)
	values.Set("form_token", token)
	values.Set("action", action)
	return w.do("POST", link, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, values.Encode())
}

// submit answers once, and wants thanks.
func (w *world) submit(t fatal, link string, values url.Values) (reference string) {
	t.Helper()
	a := w.post(link, w.open(t, link), "submit", values)
	_, reference, thanked := strings.Cut(a.Header().Get("Location"), "/questionnaires/mekong/done?ref=")
	if a.Code != http.StatusSeeOther || !thanked {
		t.Fatalf("submit: %d %s %s", a.Code, a.Header().Get("Location"), a.Body)
	}
	return reference
}

func want(t *testing.T, got *httptest.ResponseRecorder, status int, words ...string) {
	t.Helper()
	_, body, page := strings.Cut(got.Body.String(), "<main")
	if !page {
		body = got.Body.String()
	}
	if got.Code != status {
		t.Errorf("status %d, want %d: %s", got.Code, status, body)
	}
	for _, word := range words {
		if !strings.Contains(body, word) {
			t.Errorf("%d without %q: %s", got.Code, word, body)
		}
	}
}

// items is everything in a table.
func items(t fatal, client *dynamodb.Client, table string) (all []map[string]any) {
	t.Helper()
	out, err := client.Scan(context.Background(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if err := attributevalue.UnmarshalListOfMaps(out.Items, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// answers are the answers that lie in the table, wherever.
func (w *world) answers(t fatal) (all []questionnaire.Answer) {
	t.Helper()
	for _, item := range items(t, w.Client, w.store.Answers) {
		pk, sk := fmt.Sprint(item["pk"]), fmt.Sprint(item["sk"])
		if strings.HasPrefix(pk, "counts#") {
			continue
		}
		var a questionnaire.Answer
		key := record.Key(pk, sk)
		if found, err := record.Get(context.Background(), w.Client, w.store.Answers, key, w.now(), &a); err != nil || !found {
			t.Fatal(found, err)
		}
		all = append(all, a)
	}
	return all
}

// logged collects what the tests of the package log.
var logged bytes.Buffer

// TestMain looks through the log of all tests at the end: nothing that people wrote may be in it, nor a link (R45).
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	code := m.Run()
	for _, word := range []string{"参考", "t=", "registration-", "@"} {
		if strings.Contains(logged.String(), word) {
			println("the log holds", word)
			code = 1
		}
	}
	os.Exit(code)
}

func decode(t *testing.T, body *bytes.Buffer) (m map[string]any) {
	t.Helper()
	if err := json.Unmarshal(body.Bytes(), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return m
}
