package gallery_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/gallery"
	"madoguchi/shared/objects"
	"madoguchi/shared/record/recordtest"
)

func entry(album, name string) gallery.Entry {
	return gallery.Entry{Album: gallery.Album{ID: album, Title: "アルバム " + album}, Name: name, Caption: "市場の朝 " + name, Credit: "撮影：山田"}
}

func TestDescriptionsAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*gallery.Entry)
		fields []string
	}{
		"right":               {func(*gallery.Entry) {}, nil},
		"letters of all kind": {func(e *gallery.Entry) { e.Caption = "𠮷野家と髙﨑と神と葛󠄀、🧑‍🤝‍🧑" }, nil}, // hard case 1
		"nothing":             {func(e *gallery.Entry) { *e = gallery.Entry{} }, []string{"album", "name", "album_title", "caption", "credit"}},
		"capital letters":     {func(e *gallery.Entry) { e.Album.ID, e.Name = "Laos", "A" }, []string{"album", "name"}},
		"a path for a name":   {func(e *gallery.Entry) { e.Name = "../a" }, []string{"name"}},
		"hyphens at the ends": {func(e *gallery.Entry) { e.Name = "-a-" }, []string{"name"}},
		"only spaces":         {func(e *gallery.Entry) { e.Caption = "　 " }, []string{"caption"}},               // hard case 2
		"a line break":        {func(e *gallery.Entry) { e.Credit = "a\r\nb" }, []string{"credit"}},             // hard case 4
		"a turn of direction": {func(e *gallery.Entry) { e.Caption = "a\u202Eb" }, []string{"caption"}},         // hard case 2
		"not UTF-8":           {func(e *gallery.Entry) { e.Caption = "\x8e\x73\x8f\xea" }, []string{"caption"}}, // hard case 3
		"a long caption":      {func(e *gallery.Entry) { e.Caption = strings.Repeat("写", 201) }, []string{"caption"}},
		"long terms":          {func(e *gallery.Entry) { e.Terms = strings.Repeat("写", 301) }, []string{"terms"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := entry("laos", "market-1")
			c.change(&e)
			_, err := e.Check()
			var fields []string
			if joined, ok := err.(interface{ Unwrap() []error }); ok {
				for _, one := range joined.Unwrap() {
					var wrong *gallery.EntryError
					if !errors.As(one, &wrong) || wrong.Reason == "" {
						t.Fatalf("%v", one)
					}
					fields = append(fields, wrong.Field)
				}
			}
			if diff := cmp.Diff(c.fields, fields); diff != "" {
				t.Error(diff)
			}
		})
	}
	if e, err := (gallery.Entry{Album: gallery.Album{ID: "a", Title: " 題 "}, Name: "n", Caption: "a", Credit: "b"}).Check(); err != nil || e.Album.Title != "題" {
		t.Errorf("cleaned: %q, %v", e.Album.Title, err)
	}
	for id, want := range map[string]bool{"laos-market-1": true, "laos": false, "register": false, "": false, "laos-": false, "a-b/c": false,
		"a-" + strings.Repeat("b", 60): false} {
		if gallery.IsID(id) != want {
			t.Errorf("%q can be an id: %v", id, !want)
		}
	}
}

func store(t *testing.T) *gallery.Store {
	t.Helper()
	client := recordtest.Start(t)
	s3test.Start(t, nil, "photos-test")
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &gallery.Store{Client: client, Table: recordtest.Table(t, client, "catalogue", true), Files: files.Bucket("photos-test"), Shelf: files.Bucket("photos-test"), Now: time.Now}
}

func made(version string) gallery.Picture {
	p := gallery.Picture{Version: version, Files: map[gallery.Size]gallery.PictureFile{}}
	for i, size := range gallery.Sizes {
		p.Files[size] = gallery.PictureFile{Content: []byte(version + string(size)), Width: 100 * (i + 1), Height: 50 * (i + 1)}
	}
	return p
}

func save(t *testing.T, s *gallery.Store, e gallery.Entry, version string) {
	t.Helper()
	if err := s.Save(t.Context(), e, made(version)); err != nil {
		t.Fatal(err)
	}
}

func TestPagesFollowOneAnother(t *testing.T) {
	s := store(t)
	var want []string
	for _, album := range []string{"laos", "laos2", "viet"} { // one begins as another does
		for i := range 4 {
			e := entry(album, fmt.Sprintf("p-%d", i))
			save(t, s, e, "v1")
			want = append(want, e.ID())
		}
	}
	walk := func(album string) (ids []string, pages int) {
		for cursor := ""; ; pages++ {
			page, next, err := s.Page(t.Context(), album, cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range page {
				ids = append(ids, p.ID)
			}
			if next == "" {
				return ids, pages + 1
			}
			cursor = next
		}
	}
	ids, pages := walk("")
	if diff := cmp.Diff(want, ids); diff != "" || pages != 6 {
		t.Errorf("%d pages: %s", pages, diff)
	}
	if ids, pages := walk("laos"); len(ids) != 4 || pages != 2 || ids[3] != "laos-p-3" {
		t.Errorf("an album: %v on %d pages", ids, pages)
	}
	_, next, err := s.Page(t.Context(), "", "", 2)
	if err != nil {
		t.Fatal(err)
	}
	for album, cursor := range map[string]string{"": "!", "laos": "bm90aGluZw", "viet": next} {
		if _, _, err := s.Page(t.Context(), album, cursor, 2); !errors.Is(err, gallery.ErrCursor) {
			t.Errorf("cursor %q in album %q: %v", cursor, album, err)
		}
	}
	albums, err := s.Albums(t.Context())
	if diff := cmp.Diff([]gallery.Album{{ID: "laos", Title: "アルバム laos"}, {ID: "laos2", Title: "アルバム laos2"}, {ID: "viet", Title: "アルバム viet"}}, albums); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestAPhotoIsReplacedAndTakenOut(t *testing.T) {
	s := store(t)
	e := entry("laos", "market")
	save(t, s, e, "v1")
	old, _, err := s.Find(t.Context(), e.ID())
	if err != nil {
		t.Fatal(err)
	}
	e.Caption = "新しい説明"
	save(t, s, e, "v2")
	p, found, err := s.Find(t.Context(), e.ID())
	if err != nil || !found || p.Caption != e.Caption || p.Files[gallery.Web] != (gallery.File{Width: 200, Height: 100, Bytes: 5}) {
		t.Fatalf("%+v, %v", p, err)
	}
	if content, err := s.Read(t.Context(), p, gallery.Thumbnail); err != nil || string(content) != "v2thumbnail" {
		t.Errorf("the new file: %q, %v", content, err)
	}
	if _, err := s.Read(t.Context(), old, gallery.Thumbnail); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("the old file: %v", err)
	}
	save(t, s, e, "v2") // the same again must not remove its own files
	if _, err := s.Read(t.Context(), p, gallery.Full); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Remove(t.Context(), e.ID()); err != nil {
			t.Fatal(err)
		}
	}
	if _, found, err := s.Find(t.Context(), e.ID()); found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := s.Read(t.Context(), p, gallery.Full); !errors.Is(err, objects.ErrNotFound) {
		t.Errorf("its file: %v", err)
	}
}
