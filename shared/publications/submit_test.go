package publications

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	faulty "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// A request is one transaction without a read: record, reservation, stock and mail; the record holds what the person saw.
func TestSubmit(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 10, 5), draft("book", 3, 5))
	before := w.proxy.Calls()
	ref, err := w.ask(t.Context(), "hanako@example.jp", Item{"map", "ASEANの地図", 2}, Item{"book", "ASEAN入門", 1})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for key, ops := range w.proxy.Calls() {
		for op, n := range ops {
			if d := n - before[key][op]; d > 0 {
				calls[op] += d
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"TransactWriteItems": 1}, calls); diff != "" {
		t.Errorf("calls of a first submission: %s", diff)
	}
	r, err := w.Find(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	want := Request{Ref: ref, Kind: "request", State: Received, Since: "2026-11-24T03:00:00Z", Received: "2026-11-24T03:00:00Z", Person: r.Person,
		Fields: map[string]string{"email": "hanako@example.jp", "name": "𠮷野家 花子", "prefecture": "13", "address": "港区新橋6-17-19", "postal_code": "105-0004",
			"phone": "03-1234-5678", "organization": "例示株式会社"},
		Items: []Item{{"map", "ASEANの地図", 2}, {"book", "ASEAN入門", 1}}, Policy: policy.Version, FormVersion: 1, Language: "ja", Channel: "form",
		OpenedAt: "2026-11-24T03:00:00Z", Lapses: start.AddDate(0, 0, 365).Unix(), ExpiresAt: start.AddDate(0, 0, 365).Unix()}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Error(diff)
	}
	if r.Person == "" || strings.Contains(r.Person, "hanako") {
		t.Errorf("person %q", r.Person)
	}
	if got := w.counters(t, "map"); got != [3]int{8, 2, 0} {
		t.Errorf("left, reserved, sent %v", got)
	}
	mails := rows[mail.Row](t, w, w.outbox)
	if len(mails) != 1 || mails[0].Kind != policy.PublicationsReceived || mails[0].To != "hanako@example.jp" {
		t.Fatalf("outbox: %+v", mails)
	}
	// Nothing of the person but the address that it goes to: the mailbox is not proven (contract, "Mail").
	if diff := cmp.Diff(map[string]string{"reference": ref, "publications": "ASEANの地図（2部）、ASEAN入門（1部）", "deleted_on": "2027-11-24T03:00:00Z"}, mails[0].Data); diff != "" {
		t.Error(diff)
	}
	// No key holds anything personal.
	for _, item := range rows[map[string]any](t, w, w.Requests) {
		for _, key := range []string{"pk", "sk", "state", "received_at", "person"} {
			if value := fmt.Sprint(item[key]); strings.Contains(value, "hanako") || strings.Contains(value, "花子") {
				t.Errorf("%s holds %q", key, value)
			}
		}
	}
}

// Not enough copies: nothing is written, and each publication says what to do.
func TestShortage(t *testing.T) {
	w := newWorld(t)
	gone := draft("old", 10, 5)
	gone.Withdrawn = true
	w.load(t, draft("map", 10, 5), draft("book", 3, 5), draft("none", 0, 5), draft("few", 100, 2), gone)
	for _, c := range []struct {
		name  string
		items []Item
		want  map[string]string // code by field; none: it is stored
		says  string
	}{
		{"more than are left", []Item{{"map", "地図", 1}, {"book", "本", 4}}, map[string]string{"quantity.book": "more_than_left"}, "残り3部です。部数を3以下に"},
		{"none left", []Item{{"none", "冊子", 1}}, map[string]string{"quantity.none": "none_left"}, "部数の欄を空に"},
		{"withdrawn since the page was opened", []Item{{"old", "旧版", 1}}, map[string]string{"quantity.old": "withdrawn"}, "配布は終了しました"},
		{"limit lowered since", []Item{{"few", "限定", 3}}, map[string]string{"quantity.few": "over_limit"}, "1回に2部まで"},
		{"no such publication", []Item{{"nothing", "無", 1}}, map[string]string{"quantity.nothing": "withdrawn"}, "配布は終了しました"},
		{"several at once", []Item{{"book", "本", 4}, {"none", "冊子", 1}}, map[string]string{"quantity.book": "more_than_left", "quantity.none": "none_left"}, ""},
		{"exactly what is left", []Item{{"book", "本", 3}}, nil, ""},
		{"and nothing after it", []Item{{"book", "本", 1}}, map[string]string{"quantity.book": "none_left"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			records := len(rows[Request](t, w, w.Requests))
			_, err := w.ask(t.Context(), "hanako@example.jp", c.items...)
			var short *web.Error
			if !errors.As(err, &short) {
				if err != nil || c.want != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			got, said := map[string]string{}, ""
			for _, f := range short.Fields {
				got[f.Field], said = f.Code, said+f.Message
			}
			if diff := cmp.Diff(c.want, got); diff != "" || short.Kind != web.Conflict || !strings.Contains(said, c.says) {
				t.Errorf("%s %s: %s", short.Kind, said, diff)
			}
			if n := len(rows[Request](t, w, w.Requests)); n != records {
				t.Errorf("%d items were written", n-records)
			}
		})
	}
	if got := w.counters(t, "map"); got != [3]int{10, 0, 0} {
		t.Errorf("a refused request has taken copies: %v", got)
	}
}

// Requests with a victim's address: all are stored for staff to judge, the mailbox gets three mails a day (hard case 34).
func TestMailsOfOneAddress(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 100, 5))
	unmailed := 0
	for range 6 {
		ref, err := w.ask(t.Context(), "victim@example.jp", Item{"map", "地図", 1})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := w.Find(t.Context(), ref); err != nil || r.Unmailed {
			unmailed++
		}
	}
	if n := len(rows[mail.Row](t, w, w.outbox)); n != 3 || unmailed != 3 || w.counters(t, "map") != [3]int{94, 6, 0} {
		t.Errorf("%d mails, %d requests without one, stock %v", n, unmailed, w.counters(t, "map"))
	}
	w.pass(24 * time.Hour)
	if _, err := w.ask(t.Context(), "victim@example.jp", Item{"map", "地図", 1}); err != nil || len(rows[mail.Row](t, w, w.outbox)) != 4 {
		t.Errorf("the next day: %v", err)
	}
}

// Many at once for few copies, with conflicts and lost answers: never more than there are.
func TestManyForFew(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 10, 5))
	w.proxy.SetFaults(faulty.Faults{ConflictPercent: 30, TimeoutAfterCommitPercent: 2})
	var group sync.WaitGroup
	var mu sync.Mutex
	accepted := 0
	for i := range 30 {
		group.Go(func() {
			_, err := w.ask(t.Context(), fmt.Sprintf("m%d@example.jp", i), Item{"map", "地図", 1})
			var short *web.Error
			if err != nil && !errors.As(err, &short) {
				t.Errorf("ask: %v", err)
			}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				accepted++
			}
		})
	}
	group.Wait()
	if accepted != 10 || w.counters(t, "map") != [3]int{0, 10, 0} {
		t.Errorf("%d accepted, %v", accepted, w.counters(t, "map"))
	}
}

// A draft that is wrong is refused with place and reason (contract: "/_local/load").
func TestCheck(t *testing.T) {
	right := draft("map", 10, 5)
	with := func(change func(*Draft)) Draft { d := right; change(&d); return d }
	png := "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
	huge := "data:image/png;base64," + base64.StdEncoding.EncodeToString(pngHead(30000, 30000))
	for _, c := range []struct {
		name  string
		draft Draft
		place string // "" for right
	}{
		{"all of it", with(func(d *Draft) {
			d.Title.EN, d.Language, d.About, d.Pages, d.Thumbnail = "Map", "ja, en", Words{JA: "説明"}, 12, png
		}), ""},
		{"no copies", with(func(d *Draft) { d.Stock = 0 }), ""},
		{"no id", with(func(d *Draft) { d.ID = "" }), ".id"},
		{"an id with a dot", with(func(d *Draft) { d.ID = "a.b" }), ".id"},
		{"an id twice", with(func(d *Draft) { d.ID = "first" }), ".id"},
		{"no title", with(func(d *Draft) { d.Title.JA = "" }), ".title.ja"},
		{"a title of white space", with(func(d *Draft) { d.Title.JA = "　" }), ".title.ja"},
		{"a line break in a title (hard case 4)", with(func(d *Draft) { d.Title.JA = "a\nb" }), ".title.ja"},
		{"a hidden character in a title (hard case 2)", with(func(d *Draft) { d.Title.EN = "a\u202eb" }), ".title.en"},
		{"a long title", with(func(d *Draft) { d.Title.JA = strings.Repeat("あ", 121) }), ".title.ja"},
		{"no language", with(func(d *Draft) { d.Language = "" }), ".language"},
		{"a language that is none", with(func(d *Draft) { d.Language = "ja,xx" }), ".language"},
		{"fewer copies than none", with(func(d *Draft) { d.Stock = -1 }), ".stock"},
		{"too many copies", with(func(d *Draft) { d.Stock = 1_000_001 }), ".stock"},
		{"a limit of 0", with(func(d *Draft) { d.Limit = 0 }), ".limit"},
		{"a picture from elsewhere", with(func(d *Draft) { d.Thumbnail = "https://example.com/a.png" }), ".thumbnail"},
		{"no picture", with(func(d *Draft) { d.Thumbnail = "data:image/png;base64,AAAA" }), ".thumbnail"},
		{"a script for a picture", with(func(d *Draft) { d.Thumbnail = "data:image/svg+xml;base64,AAAA" }), ".thumbnail"},
		{"a bomb of pixels", with(func(d *Draft) { d.Thumbnail = huge }), ".thumbnail"},
		{"a large picture", with(func(d *Draft) { d.Thumbnail = png + strings.Repeat("A", 100_000) }), ".thumbnail"},
		{"a broken picture", with(func(d *Draft) { d.Thumbnail = png[:100] }), ".thumbnail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Check([]Draft{draft("first", 1, 1), c.draft})
			var wrong *DraftError
			if got := errors.As(err, &wrong); got != (c.place != "") || got && wrong.Place != "[1]"+c.place {
				t.Errorf("%v, want %q", err, c.place)
			}
		})
	}
	if _, _, err := readCover(huge); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("a bomb of pixels: %v; its size must be known before it is decoded", err)
	}
	if err := Check(nil); err == nil {
		t.Error("no publication at all is taken")
	}
	if joined, ok := Check([]Draft{{}, {}}).(interface{ Unwrap() []error }); !ok || len(joined.Unwrap()) < 8 {
		t.Error("not everything that is wrong is told at once")
	}
}

// pngHead is the beginning of a picture of that size and nothing of its pixels.
func pngHead(width, height uint32) []byte {
	head := []byte("IHDR")
	head = binary.BigEndian.AppendUint32(head, width)
	head = binary.BigEndian.AppendUint32(head, height)
	head = append(head, 8, 2, 0, 0, 0)
	b := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	return binary.BigEndian.AppendUint32(append(b, head...), crc32.ChecksumIEEE(head))
}

// Replacing a publication leaves what is reserved and sent alone, and its cover has another address when it is another picture.
func TestReplace(t *testing.T) {
	w := newWorld(t)
	d := draft("map", 10, 5)
	d.Thumbnail = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
	w.load(t, d)
	if _, err := w.ask(t.Context(), "hanako@example.jp", Item{"map", "地図", 3}); err != nil {
		t.Fatal(err)
	}
	d.Stock, d.Title.JA = 50, "新しい地図"
	w.load(t, d)
	all, err := w.All(t.Context())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if p := all[0]; p.Left != 50 || p.Reserved != 3 || p.Supplied != 53 || p.Title.JA != "新しい地図" || !p.Offered() {
		t.Errorf("%+v", p)
	}
	if c, found, err := w.FindCover(t.Context(), "map", all[0].Cover); err != nil || !found || c.Media != "image/png" {
		t.Errorf("cover: %v, %v", found, err)
	}
	if _, found, _ := w.FindCover(t.Context(), "map", "older"); found {
		t.Error("an address that is not the picture's shows it")
	}
}

// The titles that a process goes on with are at most 30 seconds old; a page's stock is of the moment; where the store is out of
// reach, a page that has an older catalogue shows it.
func TestShelf(t *testing.T) {
	w := newWorld(t)
	w.load(t, draft("map", 10, 5))
	shelf := &Shelf{Store: w.Store}
	stock := func(read func() ([]Publication, error)) int {
		t.Helper()
		all, err := read()
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		return all[0].Left
	}
	known := func() ([]Publication, error) { return shelf.Known(t.Context()) }
	fresh := func() ([]Publication, error) { return shelf.Fresh(t.Context()) }
	first := stock(known)
	w.load(t, draft("map", 7, 5))
	if kept, now, after := stock(known), stock(fresh), stock(known); first != 10 || kept != 10 || now != 7 || after != 7 {
		t.Errorf("first %d, kept %d, fresh %d, then %d", first, kept, now, after)
	}
	w.load(t, draft("map", 5, 5))
	w.pass(30 * time.Second)
	if got := stock(known); got != 5 {
		t.Errorf("after 30 seconds %d", got)
	}
	w.proxy.SetFaults(faulty.Faults{Down: true})
	if got := stock(fresh); got != 5 {
		t.Errorf("out of reach: %d", got)
	}
	if _, err := (&Shelf{Store: w.Store}).Fresh(t.Context()); err == nil {
		t.Error("a catalogue out of nothing")
	}
}

func TestWanted(t *testing.T) {
	catalogue := []Publication{{ID: "map", Title: Words{JA: "地図"}}, {ID: "book", Title: Words{JA: "本"}}, {ID: "film"}}
	got := Wanted(catalogue, map[string]string{"quantity.book": "3", "quantity.map": "0", "quantity.film": "", "quantity.other": "1"})
	if diff := cmp.Diff([]Item{{"book", "本", 3}}, got); diff != "" {
		t.Error(diff)
	}
}
