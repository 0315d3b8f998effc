package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/link"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// TestSettings: with all settings the function starts, with one missing or wrong it does not and the message names it (hard case 25).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	if _, err := run(t.Context(), config.Map(complete())); err != nil {
		t.Fatalf("complete settings: %v", err)
	}
	for name := range complete() {
		if name == "ALLOWED_ORIGINS" {
			continue // may be empty
		}
		env := complete()
		delete(env, name)
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for _, days := range []string{"0", "29", "1826", "-1", "many"} {
		if _, err := run(t.Context(), config.Map(with(complete(), map[string]string{"PHOTO_USER_DAYS": days}))); err == nil || !strings.Contains(err.Error(), "PHOTO_USER_DAYS") {
			t.Errorf("a retention of %s days: %v", days, err)
		}
	}
}

// R34-R36: from the form straight to the downloads, with one mail, and a count.
func TestRegistrationOpensTheDownloads(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	ticket := w.register()
	got := w.registrations()
	if len(got) != 1 || got[0].Email != "hanako@example.jp" || got[0].Fields["name"] != "𠮷野家 髙﨑" || got[0].Policy != policy.Version ||
		got[0].ExpiresAt != start.Add(730*24*time.Hour).Unix() {
		t.Fatalf("stored: %+v", got)
	}
	mails := w.mails()
	if len(mails) != 1 || mails[0].Kind != policy.PhotosAccess {
		t.Fatalf("mails: %+v", mails)
	}
	if text := fmt.Sprint(mails[0].Data); !strings.Contains(text, "/photos?t=") || strings.Contains(text, "髙﨑") || strings.Contains(text, "メコン") {
		t.Errorf("the mail to an address that nobody has proven: %s", text)
	}
	page := w.want(w.get("/photos?t="+ticket), http.StatusOK).Body.String()
	if !strings.Contains(page, `href="/photos/laos-market/download?t=`) || strings.Contains(page, "hanako") || strings.Contains(page, "髙﨑") {
		t.Errorf("the page of downloads:\n%s", page)
	}
	for _, size := range []string{"", "&size=web"} {
		to := w.want(w.get("/photos/laos-market/download?t="+ticket+size), http.StatusFound).Header().Get("Location")
		file := fetch(t, to)
		if file.StatusCode != http.StatusOK || file.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%q: status %d, %v", size, file.StatusCode, file.Header)
		}
		if life, err := url.Parse(to); err != nil || life.Query().Get("X-Amz-Expires") != "300" { // held by S3: shared/objects
			t.Errorf("%q: the link lives for %q seconds", size, life.Query().Get("X-Amz-Expires"))
		}
	}
	if diff := cmp.Diff(map[string]int{"laos-market 2026-11-24#13": 2}, w.counts()); diff != "" {
		t.Error(diff)
	}
}

func fetch(t *testing.T, address string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer
}

// Each download counts, once, by photo, day in Japan and prefecture, also where many come at once; what only looks does not.
func TestDownloadsAreCounted(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market", "laos-temple")
	tokyo, abroad := w.register(), w.register("email", "somsak@example.jp", "prefecture", "99")
	w.set(time.Date(2026, 11, 24, 23, 59, 0, 0, policy.JapanTime))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if a := w.get("/photos/laos-market/download?t=" + tokyo); a.Code != http.StatusFound {
				t.Errorf("status %d", a.Code)
			}
		})
	}
	all.Wait()
	w.want(w.get("/photos/laos-temple/download?t="+abroad), http.StatusFound)
	w.after(2 * time.Minute)
	w.want(w.get("/photos/laos-market/download?t="+abroad), http.StatusFound)
	for _, looks := range []*httptest.ResponseRecorder{
		w.do(http.MethodHead, "/photos/laos-market/download?t="+abroad, ""),
		w.get("/photos/laos-market/download?t="+abroad, "Sec-Purpose", "prefetch;prerender"),
	} {
		if w.want(looks, http.StatusFound).Header().Get("Location") == "" {
			t.Error("no address")
		}
	}
	w.want(w.get("/photos/laos-nothing/download?t="+abroad), http.StatusNotFound)
	w.want(w.get("/photos/laos-market/download?size=huge&t="+abroad), http.StatusNotFound)
	w.want(w.do(http.MethodPost, "/photos/laos-market/download?t="+abroad, "a=b"), http.StatusMethodNotAllowed)
	if diff := cmp.Diff(map[string]int{"laos-market 2026-11-24#13": 20, "laos-temple 2026-11-24#99": 1, "laos-market 2026-11-25#99": 1}, w.counts()); diff != "" {
		t.Error(diff)
	}
}

// The retention counts from the last use (decisions: "Retention of a photo-library user"), which is written once a day.
func TestUseMovesTheEnd(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	ticket := w.register()
	day := 24 * time.Hour
	w.after(729 * day)
	w.want(w.get("/photos?t="+ticket), http.StatusOK) // looking is no use
	if got := w.registrations()[0]; got.ExpiresAt != start.Add(730*day).Unix() {
		t.Error("a look at the catalogue moved the end")
	}
	used := w.now()
	for range 3 {
		w.want(w.get("/photos/laos-market/download?t="+ticket), http.StatusFound)
		w.after(time.Minute)
	}
	if got := w.registrations()[0]; got.ExpiresAt != used.Add(730*day).Unix() || got.UsedOn != "2028-11-22" {
		t.Errorf("after the use: %+v", got)
	}
	w.set(used.Add(730*day - time.Second))
	w.want(w.get("/photos?t="+ticket), http.StatusOK)
	// Hard case 24: DynamoDB has not deleted it yet, and it is gone all the same; a registration is possible again.
	w.after(2 * time.Second)
	before := w.content()
	for _, path := range []string{"/photos?t=", "/photos/laos-market?t=", "/photos/laos-market/download?t="} {
		if page := w.want(w.get(path+ticket), http.StatusGone).Body.String(); !strings.Contains(page, `href="/photos/register"`) {
			t.Errorf("%s: no way back", path)
		}
		w.want(w.get(path+ticket, "Accept", "application/json"), http.StatusGone)
	}
	if after := w.content(); after != before {
		t.Error("an expired link changed something")
	}
	w.want(w.get("/photos/laos-market/download?t="+w.register()), http.StatusFound)
}

// A record that is erased while it is used is not brought back, and the download is neither handed out nor counted.
func TestAnErasedRegistrationIsNotBroughtBack(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	w.register()
	r := w.registrations()[0]
	var tx record.Transaction
	tx.Delete("registration", w.env["PHOTOS_TABLE"], record.Key(r.Person, r.Ref), record.Condition{})
	if err := tx.Commit(t.Context(), w.client); err != nil {
		t.Fatal(err)
	}
	w.after(24 * time.Hour)
	lib := w.library()
	if err := lib.used(t.Context(), r, "laos-market"); err != errExpired { //nolint:errorlint // the very value that pages know
		t.Errorf("error %v", err)
	}
	if n := len(w.registrations()) + len(w.counts()); n != 0 {
		t.Errorf("%d items", n)
	}
}

// Hard cases 10 and 12: forged links open nothing; a scanner that reads every link changes nothing.
func TestLinks(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	ticket := w.register()
	keys, err := config.Load[struct {
		Keys config.Keys `env:"LINK_KEYS"`
	}](config.Map(w.env))
	if err != nil {
		t.Fatal(err)
	}
	person := w.registrations()[0]
	other := link.NewSigner(keys.Keys).Token(link.Token{Service: string(policy.Photos), Purpose: link.Unsubscribe, Person: person.Person, Ref: person.Ref, Issued: w.now()})
	for name, forged := range map[string]string{
		"empty": "", "cut": ticket[:len(ticket)-1], "flipped": "A" + ticket[1:], "of another purpose": other, "long": strings.Repeat("A", 5000), "not UTF-8": "%ff",
	} {
		for _, path := range []string{"/photos?t=", "/photos/laos-market?t=", "/photos/laos-market/download?t="} {
			if a := w.get(path + forged); a.Code != http.StatusBadRequest || strings.Contains(a.Body.String(), "/download?") {
				t.Errorf("%s, a token that is %s: status %d", path, name, a.Code)
			}
		}
	}
	w.want(w.get("/photos/laos-market/download"), http.StatusBadRequest)
	before := w.content()
	for range 100 {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w.want(w.do(method, "/photos?t="+ticket, ""), http.StatusOK)
		}
	}
	if w.content() != before {
		t.Error("reading the mail's link changed something")
	}
}

// Registering again with an address that is known answers the same and sends a new link, three a day; what somebody else registered with it
// stays as it was, and every link opens its own registration.
func TestAgainWithTheSameAddress(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	first := w.register()
	before := w.registrations()[0]
	var tickets []string
	for i := range 4 {
		tickets = append(tickets, w.register("name", fmt.Sprintf("別の人%d", i), "prefecture", "27"))
	}
	if n := len(w.mails()); n != mailsPerDay {
		t.Errorf("%d mails to one address, want %d", n, mailsPerDay)
	}
	for _, ticket := range append(tickets, first) {
		w.want(w.get("/photos/laos-market/download?t="+ticket), http.StatusFound)
	}
	if diff := cmp.Diff(map[string]int{"laos-market 2026-11-24#13": 1, "laos-market 2026-11-24#27": 4}, w.counts()); diff != "" {
		t.Error(diff)
	}
	stored := w.registrations()
	i := slices.IndexFunc(stored, func(r registration) bool { return r.Ref == before.Ref })
	if len(stored) != 5 || i < 0 {
		t.Fatalf("%d registrations", len(stored))
	}
	if diff := cmp.Diff(before, stored[i]); diff != "" {
		t.Errorf("a stranger's post changed it: %s", diff)
	}
	w.after(24 * time.Hour)
	w.register()
	if n := len(w.mails()); n != mailsPerDay+1 {
		t.Errorf("%d mails the day after", n)
	}
}

// Hard case 9: equal posts at once, and again later: one registration, one mail, one answer.
func TestEqualPostsAreOne(t *testing.T) {
	w := newWorld(t)
	v := typed("action", "submit", "form_token", formToken.FindStringSubmatch(w.get("/photos/register").Body.String())[1])
	var mu sync.Mutex
	places := map[string]bool{}
	send := func() {
		a := w.do(http.MethodPost, "/photos/register", v.Encode())
		place, _, _ := strings.Cut(a.Header().Get("Location"), "&")
		mu.Lock()
		defer mu.Unlock()
		places[fmt.Sprint(a.Code, place)] = true
	}
	var posts sync.WaitGroup
	for range 50 {
		posts.Go(send)
	}
	posts.Wait()
	w.after(11 * time.Minute)
	send()
	if len(places) != 1 || len(w.registrations()) != 1 || len(w.mails()) != 1 {
		t.Errorf("answers %v, %d registrations, %d mails", places, len(w.registrations()), len(w.mails()))
	}
	// A robot gets the ordinary thank-you, and nothing is stored.
	v.Set("homepage", "http://spam.example/")
	v.Set("form_token", formToken.FindStringSubmatch(w.get("/photos/register").Body.String())[1])
	trapped := w.want(w.do(http.MethodPost, "/photos/register", v.Encode()), http.StatusSeeOther)
	to, _ := url.Parse(trapped.Header().Get("Location"))
	w.want(w.get("/photos?t="+to.Query().Get("t")), http.StatusGone)
	if len(w.registrations()) != 1 {
		t.Error("the honeypot was stored")
	}
}

// R36, hard case 31: whatever code asks for it, no mail but the access mail reaches these addresses.
func TestNoOtherMailReachesThem(t *testing.T) {
	w := newWorld(t)
	w.register()
	before := len(w.mails())
	lib := w.library()
	to := parse(t, "hanako@example.jp")
	for _, m := range policy.Mails() {
		var tx record.Transaction
		lib.Enqueue(&tx, m.Kind, policy.Japanese, to, map[string]string{"link": "/photos?t=x"})
		err := tx.Commit(t.Context(), w.client)
		switch {
		case m.Kind == policy.PhotosAccess, m.Class == policy.LegalMail: // the mandatory notice has two persons of its own before it
			if err != nil {
				t.Errorf("%s: %v", m.Kind, err)
			}
		case err == nil:
			t.Errorf("%s may be sent to users of the photo library", m.Kind)
		}
	}
	if n := len(w.mails()); n != before+2 {
		t.Errorf("%d rows were added to the outbox", n-before)
	}
}

func TestCatalogue(t *testing.T) {
	w := newWorld(t)
	if page := w.want(w.get("/photos"), http.StatusOK).Body.String(); !strings.Contains(page, "準備中") {
		t.Error("an empty library says nothing")
	}
	var ids []string
	for i := range pageSize + 3 {
		ids = append(ids, fmt.Sprintf("laos-p%02d", i))
	}
	w.add(append(ids, "viet-bay")...)
	page := w.want(w.get("/photos?album=laos"), http.StatusOK).Body.String()
	for _, piece := range []string{`width="480" height="320" alt="湾の夕暮れ p00"`, "クレジット：撮影：山田", "クレジットを必ず表示してください。", `rel="next"`, `href="/photos/register"`, `aria-current="page"`} {
		if !strings.Contains(page, piece) {
			t.Errorf("the page lacks %s", piece)
		}
	}
	if strings.Contains(page, "download") || strings.Contains(page, "viet-bay") {
		t.Error("the page shows downloads to everybody, or another album")
	}
	var list struct {
		Items []item
		Next  string
	}
	var got []string
	for target := "/photos?album=laos"; ; target = "/photos?album=laos&cursor=" + list.Next {
		list.Next = ""
		answer := w.want(w.get(target, "Accept", "application/json"), http.StatusOK).Body.Bytes()
		if err := json.Unmarshal(answer, &list); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(answer), `"next":`) {
			t.Errorf("a list without next: %s", answer)
		}
		for _, i := range list.Items {
			got = append(got, i.ID)
			if i.Download != "" || i.Album.Title != "アルバムlaos" || i.Width != 1500 {
				t.Errorf("%+v", i)
			}
		}
		if list.Next == "" {
			break
		}
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Error(diff)
	}
	w.want(w.get("/photos?album=nothing"), http.StatusNotFound)
	w.want(w.get("/photos?cursor=!"), http.StatusBadRequest)
	w.want(w.get("/photos/laos-nothing"), http.StatusNotFound)
	w.want(w.get("/photos/laos-nothing/thumbnail.jpg"), http.StatusNotFound)
	w.want(w.get("/photos/laos-p01/full.jpg"), http.StatusNotFound) // only with a registration
	if page := w.want(w.get("/photos/laos-p01"), http.StatusOK).Body.String(); !strings.Contains(page, `width="1280" height="853"`) {
		t.Errorf("a photo's own page:\n%s", page)
	}
	if page := w.get("/photos?lang=en").Body.String(); !strings.Contains(page, `<p class="note" lang="en">`) {
		t.Error("a reader of English is not told that there is none (R34)")
	}
}

func TestFilesAreKeptByBrowsers(t *testing.T) {
	w := newWorld(t)
	w.add("laos-market")
	now, later := w.want(w.get("/photos/laos-market/thumbnail.jpg?v="+made.Version), http.StatusOK), w.want(w.get("/photos/laos-market/web.jpg"), http.StatusOK)
	if now.Header().Get("Content-Type") != "image/jpeg" || now.Body.Len() != len(made.Files["thumbnail"].Content) ||
		!strings.Contains(now.Header().Get("Cache-Control"), "immutable") || strings.Contains(later.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%v\n%v", now.Header(), later.Header())
	}
	w.want(w.get("/photos/laos-market/thumbnail.jpg", "If-None-Match", now.Header().Get("ETag")), http.StatusNotModified)
}
