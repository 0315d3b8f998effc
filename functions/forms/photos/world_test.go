package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/infra/photos/sample"
	"madoguchi/shared/address"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/gallery"
	"madoguchi/shared/gallery/picture"
	"madoguchi/shared/mail"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
)

// start is a Tuesday morning in Tokyo.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("JST", 9*60*60))

const bucket = "photos-test"

// complete are the settings of a function that starts. The keys are those of the payloads in events/photos.
func complete() map[string]string {
	env := map[string]string{"PHOTOS_TABLE": "photos", "PHOTO_CATALOGUE_TABLE": "catalogue", "PHOTO_DOWNLOADS_TABLE": "downloads", "PHOTOS_BUCKET": bucket,
		"PHOTO_USER_DAYS": "730", "PHOTO_TERMS_JA": "クレジットを必ず表示してください。", "OUTBOX_TABLE": "outbox", "GUARD_TABLE": "guard",
		"ADDRESS_KEY": strings.Repeat("address-key-of-the-events-", 2), "FORM_KEYS": strings.Repeat("form-key-of-the-events-", 2),
		"LINK_KEYS": strings.Repeat("link-key-of-the-events-", 2), "PUBLIC_URL": "https://forms.example.jp", "WEBSITE_URL": "https://www.example.jp/",
		"ALLOWED_ORIGINS": "", "FORM_MINIMUM_SECONDS": "0", "RATE_LIMIT_PER_HOUR": "0", "PRIVACY_CONTACT": "privacy@example.jp"}
	for _, name := range []string{"ORGANIZATION_NAME", "ORGANIZATION_SHORT_NAME", "REPRESENTATIVE", "ORGANIZATION_ADDRESS", "PRIVACY_OFFICE"} {
		env[name+"_JA"], env[name+"_EN"] = "例示機構", "Example Office"
	}
	return env
}

// world is the function over tables of its own in a real engine and a local S3, with a clock that the test moves.
type world struct {
	t       *testing.T
	env     map[string]string
	client  *dynamodb.Client
	store   *gallery.Store
	handler http.Handler
	millis  atomic.Int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, env: complete()}
	w.set(start)
	w.client = recordtest.Start(t)
	s3test.Start(t, nil, bucket) // the SDK signs with the time that it is
	for name, sk := range map[string]bool{"PHOTOS_TABLE": true, "PHOTO_CATALOGUE_TABLE": true, "PHOTO_DOWNLOADS_TABLE": true, "OUTBOX_TABLE": false, "GUARD_TABLE": false} {
		w.env[name] = recordtest.Table(t, w.client, w.env[name], sk)
	}
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.store = &gallery.Store{Client: w.client, Table: w.env["PHOTO_CATALOGUE_TABLE"], Files: files.Bucket(bucket), Shelf: files.Bucket(bucket), Now: w.now}
	if w.handler, err = build(t.Context(), config.Map(w.env), w.now); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.millis.Load()).UTC() }
func (w *world) set(at time.Time)           { w.millis.Store(at.UnixMilli()) }
func (w *world) after(passed time.Duration) { w.set(w.now().Add(passed)) }

// made is drawn once: drawing and scaling take longer than everything else here.
var made = func() gallery.Picture {
	file, _ := sample.Draw("bay")
	p, err := picture.Make(file, gallery.Entry{Credit: "撮影：山田"})
	if err != nil {
		panic(err)
	}
	return p
}()

func (w *world) add(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		album, name, _ := strings.Cut(id, "-")
		e, err := gallery.Entry{Album: gallery.Album{ID: album, Title: "アルバム" + album}, Name: name, Caption: "湾の夕暮れ " + name, Credit: "撮影：山田"}.Check()
		if err == nil {
			err = w.store.Save(w.t.Context(), e, made)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// do sends one request; header are names and values.
func (w *world) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

func (w *world) get(target string, header ...string) *httptest.ResponseRecorder {
	return w.do(http.MethodGet, target, "", header...)
}

func (w *world) want(a *httptest.ResponseRecorder, status int) *httptest.ResponseRecorder {
	w.t.Helper()
	if a.Code != status {
		_, content, _ := strings.Cut(a.Body.String(), "<main")
		w.t.Fatalf("status %d, want %d: %.500s", a.Code, status, content)
	}
	return a
}

var formToken = regexp.MustCompile(`name="form_token" value="([^"]+)"`)

// typed is a complete form; more replaces some of its values.
func typed(more ...string) url.Values {
	v := url.Values{"email": {"hanako@example.jp"}, "name": {"𠮷野家 髙﨑"}, "organization": {"株式会社メコン"}, "prefecture": {"13"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// register sends the form as a visitor does, and returns the t that the done page hands on.
func (w *world) register(more ...string) (ticket string) {
	w.t.Helper()
	found := formToken.FindStringSubmatch(w.want(w.get("/photos/register"), http.StatusOK).Body.String())
	if found == nil {
		w.t.Fatal("no token on the form")
	}
	v := typed(more...)
	v.Set("form_token", found[1])
	v.Set("action", "submit")
	sent := w.want(w.do(http.MethodPost, "/photos/register", v.Encode()), http.StatusSeeOther)
	done, err := url.Parse(sent.Header().Get("Location"))
	if err != nil || done.Path != "/photos/register/done" || done.Query().Get("ref") == "" {
		w.t.Fatalf("sent on to %q", sent.Header().Get("Location"))
	}
	page := w.want(w.get(done.String()), http.StatusOK).Body.String()
	ticket = done.Query().Get("t")
	if !strings.Contains(page, `href="/photos?t=`+ticket+`"`) {
		w.t.Fatalf("the done page does not lead to the downloads:\n%s", page)
	}
	return ticket
}

// all reads a whole table.
func all[T any](w *world, setting string) []T {
	w.t.Helper()
	name := w.env[setting]
	out, err := w.client.Scan(w.t.Context(), &dynamodb.ScanInput{TableName: &name})
	if err != nil {
		w.t.Fatal(err)
	}
	var items []T
	if err := attributevalue.UnmarshalListOfMaps(out.Items, &items); err != nil {
		w.t.Fatal(err)
	}
	return items
}

type counted struct {
	Photo string `dynamodbav:"pk"`
	Cell  string `dynamodbav:"sk"`
	N     int    `dynamodbav:"n"`
}

// counts are the downloads by photo, day and prefecture.
func (w *world) counts() map[string]int {
	out := map[string]int{}
	for _, c := range all[counted](w, "PHOTO_DOWNLOADS_TABLE") {
		out[c.Photo+" "+c.Cell] = c.N
	}
	return out
}

func (w *world) registrations() []registration { return all[registration](w, "PHOTOS_TABLE") }

func (w *world) mails() []mail.Row { return all[mail.Row](w, "OUTBOX_TABLE") }

// content is everything that the tables hold, but the guard.
func (w *world) content() string {
	var everything []any
	for _, table := range []string{"PHOTOS_TABLE", "PHOTO_CATALOGUE_TABLE", "PHOTO_DOWNLOADS_TABLE", "OUTBOX_TABLE"} {
		everything = append(everything, all[map[string]any](w, table))
	}
	text, err := json.Marshal(everything)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// with returns settings with changes.
func with(env map[string]string, changes map[string]string) map[string]string {
	c := maps.Clone(env)
	maps.Copy(c, changes)
	return c
}

// library is the function's own, for what no request can ask for.
func (w *world) library() *library {
	w.t.Helper()
	d, cfg, err := desk.With[settings](config.Map(w.env), policy.Get(policy.Photos), w.client, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	return &library{Desk: d, persons: cfg.Photos, downloads: cfg.Downloads, photos: w.store, terms: cfg.Terms}
}

func parse(t *testing.T, email string) address.Address {
	t.Helper()
	a, err := address.Parse(email)
	if err != nil {
		t.Fatal("a test's address does not parse")
	}
	return a
}
