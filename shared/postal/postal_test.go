package postal

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/japan"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []Place
	}{
		{"the office's own", "105-0004", []Place{{"13", "港区", "新橋"}}},
		{"without a hyphen", "1050004", []Place{{"13", "港区", "新橋"}}},
		{"the rest of a city", "060-0000", []Place{{"01", "札幌市中央区", ""}}},
		{"two prefectures", "498-0000", []Place{{"23", "弥富市", ""}, {"24", "桑名郡木曽岬町", ""}}},
		{"two prefectures", "618-0000", []Place{{"26", "乙訓郡大山崎町", ""}, {"27", "三島郡島本町", ""}}},
		{"two prefectures", "871-0000", []Place{{"40", "築上郡吉富町", ""}, {"44", "中津市", ""}}},
		{"two cities of one prefecture", "035-0000", []Place{{"02", "むつ市", ""}, {"02", "下北郡東通村", ""}}},
		{"a code that one office has to itself", "060-8621", []Place{{"01", "札幌市中央区", "北一条西"}}},
		{"a code that nobody has", "000-0000", nil},
		{"the last one", "999-9999", nil},
		{"too short", "105", nil},
		{"no digits", "aa-aaaaa", nil},
		{"the name of another member", "source0", nil},
	} {
		t.Run(c.name+" "+c.code, func(t *testing.T) {
			got, err := Find(c.code)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlaceInWords(t *testing.T) {
	if got := (Place{"13", "港区", "新橋"}).String(); got != "東京都港区新橋" {
		t.Error(got)
	}
}

func TestSource(t *testing.T) {
	got, err := Source()
	if err != nil || !strings.Contains(got, "日本郵便") || !strings.Contains(got, "年10月") {
		t.Errorf("%q, %v", got, err)
	}
}

// Every line of the table can be read, in the order that Find relies on, and names a prefecture and a city; no note of Japan Post's
// table is left in a town.
func TestWholeTable(t *testing.T) {
	codes, across := 0, 0
	for first := range 100 {
		piece, err := read(fmt.Sprintf("%02d", first))
		if err != nil {
			t.Fatal(err)
		}
		lines, last := 0, -1
		prefectures := map[string]bool{}
		for number, place := range places(piece) {
			lines++
			if number < last || number > 99999 {
				t.Errorf("%02d%05d follows %05d", first, number, last)
			}
			if number > last {
				last, prefectures = number, map[string]bool{}
				codes++
			}
			if _, known := japan.Prefecture(place.Prefecture); !known || place.City == "" || !utf8.ValidString(place.City+place.Town) {
				t.Errorf("%02d%05d: %+v", first, number, place)
			}
			if !prefectures[place.Prefecture] && len(prefectures) == 1 {
				across++
			}
			prefectures[place.Prefecture] = true
			for _, note := range []string{"（", "以下に掲載", "次に番地"} {
				if strings.Contains(place.Town, note) {
					t.Errorf("%02d%05d: %+v", first, number, place)
				}
			}
		}
		if want := strings.Count(piece, "\n"); lines != want {
			t.Errorf("%02d: %d of %d lines are read", first, lines, want)
		}
	}
	if codes < 140_000 || across != 3 {
		t.Errorf("%d codes, %d of them in two prefectures", codes, across)
	}
}
