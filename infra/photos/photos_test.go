package main

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/infra/photos/sample"
	"madoguchi/shared/gallery"
	"madoguchi/shared/record/recordtest"
)

const heading = "file,album,album_title,caption,credit,name,terms\n"

// folder is a folder with two photos, their captions and a file that is no photo.
func folder(t *testing.T, captions string) (dir, table string) {
	t.Helper()
	dir = t.TempDir()
	bay, ok := sample.Draw("bay")
	var small bytes.Buffer
	if err := png.Encode(&small, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil || !ok {
		t.Fatal(err, ok)
	}
	table = filepath.Join(dir, "captions.csv")
	for name, content := range map[string][]byte{"Bay 01.JPG": bay, "grey.png": small.Bytes(), "notes.txt": []byte("-"), "captions.csv": []byte(captions)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, table
}

const right = heading + "Bay 01.JPG,viet,ベトナム,\"湾, 夕暮れ\",撮影：髙﨑,,\ngrey.png,viet,ベトナム,霧,撮影：髙﨑,fog,要連絡\n"

func TestPhotosAreAdded(t *testing.T) {
	client := recordtest.Start(t)
	s3test.Start(t, nil, "photos-test")
	table := recordtest.Table(t, client, "catalogue", true)
	dir, captions := folder(t, "\ufeff"+strings.ReplaceAll(right, "\n", "\r\n")) // as Excel writes "CSV UTF-8"
	for range 2 {                                                                // again is the same again
		var out bytes.Buffer
		if err := run(t.Context(), []string{"-dir", dir, "-captions", captions, "-table", table, "-bucket", "photos-test"}, &out, io.Discard); err != nil {
			t.Fatal(err)
		}
		if out.String() != "viet-bay-01\nviet-fog\n2 photos added\n" {
			t.Errorf("told: %s", out.String())
		}
	}
	library, err := deployed(t.Context(), table, "photos-test")
	if err != nil {
		t.Fatal(err)
	}
	store := library.store
	page, next, err := store.Page(t.Context(), "", "", 10)
	if err != nil || next != "" || len(page) != 2 || page[0].Caption != "湾, 夕暮れ" || page[1].Terms != "要連絡" {
		t.Fatalf("%+v %v", page, err)
	}
	for _, p := range page {
		if _, err := store.Read(t.Context(), p, gallery.Thumbnail); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		id    string
		right bool
	}{{"viet-nothing", false}, {"viet-fog", true}, {"viet-fog", false}} {
		err := run(t.Context(), []string{"-remove", c.id, "-table", table, "-bucket", "photos-test"}, io.Discard, io.Discard)
		if (err == nil) != c.right {
			t.Errorf("take %s out: %v", c.id, err)
		}
	}
	if page, _, err := store.Page(t.Context(), "", "", 10); err != nil || len(page) != 1 {
		t.Errorf("%d photos are left, %v", len(page), err)
	}
}

func TestEveryFaultIsToldAndNothingIsAdded(t *testing.T) {
	for name, c := range map[string]struct {
		captions string
		want     []string
	}{
		"nothing":        {"", []string{"is empty"}},
		"no rows":        {heading, []string{"describes no photo"}},
		"a column lacks": {"file,album,caption\na,b,c\n", []string{`no column "album_title"`}},
		"another column": {strings.Replace(right, "terms", "remarks", 1), []string{`unknown column "remarks"`}},
		"Shift_JIS":      {heading + "Bay 01.JPG,viet,\x83x\x83g\x83i\x83\x80,c,d,,\n", []string{"is not in UTF-8"}}, // hard case 3
		"a ragged row":   {heading + "a,b\n", []string{"wrong number of fields"}},
		"faults of rows": {heading + "Bay 01.JPG,Viet,,c,d,,\nBay 01.JPG,viet,v,c,d,a,\nBay 01.JPG,viet,v,c,d,a,\n", []string{"row 2: album:", "album_title: is missing", "row 4: is the same photo as row 3", "grey.png: no row"}},
		"another folder": {right + "../x.jpg,viet,v,c,d,x,\n", []string{"row 4: file must be the name of a file in the folder"}},
		"a missing file": {right + "x.jpg,viet,v,c,d,x,\n", []string{"row 4:", "no such file"}},
		"no photo":       {right + "notes.txt,viet,v,c,d,x,\n", []string{"row 4: notes.txt is no JPEG or PNG"}},
		"no name in it":  {strings.Replace(right, "Bay 01.JPG", "市場.jpg", 1), []string{"row 2: name:"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, captions := folder(t, c.captions)
			asked := 0
			stack := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
			defer stack.Close()
			err := run(t.Context(), []string{"-dir", dir, "-captions", captions, "-url", stack.URL}, io.Discard, io.Discard)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one with %q", err, want)
				}
			}
			if asked > 0 {
				t.Error("something was added")
			}
		})
	}
}

func TestArguments(t *testing.T) {
	dir, captions := folder(t, right)
	for _, args := range [][]string{
		{}, {"-dir", dir}, {"-dir", dir, "-captions", captions}, {"-dir", dir, "-captions", captions, "-table", "a"},
		{"-dir", dir, "-captions", captions, "-table", "a", "-bucket", "b", "-url", "http://127.0.0.1:1"}, {"more"}, {"-remove", "a-b"}, {"-remove", "a-b", "-table", "a", "-bucket", "b", "-check"},
	} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-dir", dir, "-captions", captions, "-check"}, &out, io.Discard); err != nil || out.String() != "2 photos can be added\n" {
		t.Errorf("%s, %v", out.String(), err)
	}
}

// The samples are the same each time, and each is another.
func TestSamples(t *testing.T) {
	if diff := cmp.Diff([]string{"bay", "beach", "market", "skyline", "temple", "terraces"}, sample.Names()); diff != "" {
		t.Error(diff)
	}
	a, _ := sample.Draw("bay")
	b, _ := sample.Draw("bay")
	c, _ := sample.Draw("temple")
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Error("the pictures are not as their names say")
	}
	if _, ok := sample.Draw("moon"); ok {
		t.Error("a picture that nobody draws")
	}
}
