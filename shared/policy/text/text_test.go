package text

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

func builtIn(t *testing.T) Versions {
	t.Helper()
	versions, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	return versions
}

// words is a document as a reader sees it, without white space.
func words(d *Document) string {
	var b strings.Builder
	b.WriteString(d.Title + d.Date)
	var blocks func([]Block)
	text := func(spans []Span) {
		for _, s := range spans {
			b.WriteString(s.Text)
		}
	}
	blocks = func(all []Block) {
		for _, block := range all {
			text(block.Paragraph)
			if block.List == nil {
				continue
			}
			for _, item := range block.List.Items {
				b.WriteString(item.Marker)
				text(item.Text)
				blocks(item.Blocks)
			}
		}
	}
	for _, s := range d.Sections {
		b.WriteString(strings.TrimPrefix(s.ID(), "section-") + "." + s.Heading)
		blocks(s.Blocks)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, b.String())
}

// R1: a published version never changes. The digest is that of the policy as it was published, without white space.
func TestPublishedWordsNeverChange(t *testing.T) {
	digests := map[string]string{
		"2022-09-08": "153d44dcc96d63ce74370ebe8c736888a989babf7d08f8e7d4056e78320fa683",
	}
	for _, v := range builtIn(t) {
		sum := sha256.Sum256([]byte(words(v.Documents[policy.English])))
		if diff := cmp.Diff(digests[v.ID], hex.EncodeToString(sum[:])); diff != "" {
			t.Errorf("the words of version %s are not those that were published:\n%s", v.ID, diff)
		}
	}
	if _, ok := builtIn(t).Find(policy.Version); !ok {
		t.Errorf("version %s, which the declarations follow, has no text", policy.Version)
	}
}

// outline is the shape of a document: anchors, markers and styles, without its words.
func outline(d *Document) []string {
	var lines []string
	var blocks func(string, []Block)
	blocks = func(indent string, all []Block) {
		for _, b := range all {
			if b.List == nil {
				mails := 0
				for _, s := range b.Paragraph {
					if s.Mail {
						mails++
					}
				}
				lines = append(lines, indent+"paragraph"+strings.Repeat(" mail", mails))
				continue
			}
			for _, item := range b.List.Items {
				lines = append(lines, indent+string(b.List.Style)+" "+item.Marker+" "+item.ID)
				blocks(indent+"  ", item.Blocks)
			}
		}
	}
	for _, s := range d.Sections {
		lines = append(lines, s.ID())
		blocks("  ", s.Blocks)
	}
	return lines
}

// A reference such as 7(1)iv leads to the same place in both languages.
func TestLanguagesHaveOneOutline(t *testing.T) {
	for _, v := range builtIn(t) {
		t.Run(v.ID, func(t *testing.T) {
			ja, en := outline(v.Documents[policy.Japanese]), outline(v.Documents[policy.English])
			if diff := cmp.Diff(en, ja); diff != "" {
				t.Errorf("Japanese differs from English (-en +ja):\n%s", diff)
			}
		})
	}
	v, _ := builtIn(t).Find("2022-09-08")
	d := v.Documents[policy.English]
	if len(d.Sections) != 12 {
		t.Errorf("%d sections, the policy has 12", len(d.Sections))
	}
	text := strings.Join(outline(d), "\n")
	for _, want := range []string{"clauses (7) section-3-7", "    roman iv. section-7-1-iv", "    roman iii. section-7-4-iii\n      paragraph", "      bullets ・ ",
		"section-12\n  paragraph mail"} {
		if !strings.Contains(text, want) {
			t.Errorf("the outline lacks %q:\n%s", want, text)
		}
	}
}

// Decisions, "Japanese text of the policy": the translation says that it is provisional, the published text does not.
func TestOnlyTheTranslationIsProvisional(t *testing.T) {
	v, ok := builtIn(t).Find("2022-09-08")
	if !ok {
		t.Fatal("version 2022-09-08 is missing")
	}
	got := map[policy.Language]bool{}
	for l, d := range v.Documents {
		got[l] = d.Provisional
	}
	if diff := cmp.Diff(map[policy.Language]bool{policy.Japanese: true, policy.English: false}, got); diff != "" {
		t.Error(diff)
	}
}

// R5, R93, R106: what the declarations and the default organisation say is what the policy says.
func TestDeclarationsAgreeWithTheText(t *testing.T) {
	v, _ := builtIn(t).Find(policy.Version)
	organization := policy.DefaultOrganization()
	for l, d := range v.Documents {
		all := words(d)
		for _, want := range []string{organization.PrivacyContact, organization.PrivacyOffice.In(l), organization.Address.In(l)} {
			if !strings.Contains(all, strings.ReplaceAll(want, " ", "")) {
				t.Errorf("%s: the policy does not name %q", l, want)
			}
		}
		for _, s := range policy.Services() {
			number, clause, _ := strings.Cut(strings.TrimSuffix(s.Section, ")"), "(")
			if want := "clauses (" + clause + ") section-" + number + "-" + clause; !strings.Contains(strings.Join(outline(d), "\n"), want) {
				t.Errorf("%s: service %s refers to %s, which the policy does not have", l, s.Code, s.Section)
			}
		}
	}
}

const (
	goodJA = "title: 題\ndate: 日\n\n# 1. 章\n本文\n"
	goodEN = "title: T\ndate: D\n\n# 1. Heading\nText\n"
)

func TestLoadNewestFirst(t *testing.T) {
	versions, err := Load(fstest.MapFS{
		"2022-09-08.ja.txt": {Data: []byte(goodJA)}, "2022-09-08.en.txt": {Data: []byte(goodEN)},
		"2025-04-01.ja.txt": {Data: []byte(goodJA)}, "2025-04-01.en.txt": {Data: []byte(goodEN)},
		"README.md": {Data: []byte("not a policy")},
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, v := range versions {
		ids = append(ids, v.ID)
	}
	if diff := cmp.Diff([]string{"2025-04-01", "2022-09-08"}, ids); diff != "" {
		t.Error(diff)
	}
	want := &Document{Version: "2025-04-01", Language: policy.English, Title: "T", Date: "D",
		Sections: []Section{{Number: 1, Heading: "Heading", Blocks: []Block{{Paragraph: []Span{{Text: "Text"}}}}}}}
	if diff := cmp.Diff(want, versions[0].Documents[policy.English]); diff != "" {
		t.Error(diff)
	}
	for _, id := range []string{"", "2022", "2022-09-08.en", "../2022-09-08"} {
		if _, ok := versions.Find(id); ok {
			t.Errorf("Find(%q) found something", id)
		}
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	head := "title: T\ndate: D\n"
	for name, c := range map[string]struct{ source, want string }{
		"no title":             {"date: D\n# 1. H\nText\n", "title, date or sections are missing"},
		"no section":           {head, "title, date or sections are missing"},
		"unknown setting":      {head + "titel: T\n# 1. H\nText\n", `line 3: "titel: T" is no setting`},
		"text before sections": {head + "Text\n# 1. H\nText\n", `line 3: "Text" is no setting`},
		"section skipped":      {head + "# 1. H\nText\n\n# 3. H\nText\n", "line 6: want the heading of section 2"},
		"heading without text": {head + "# 1.\nText\n", "line 3: want the heading of section 1"},
		"empty section":        {head + "# 1. H\n# 2. H\nText\n", "line 3: section 1 is empty"},
		"clause skipped":       {head + "# 1. H\n(1) a\n(3) b\n", "line 5: item 3, want 2"},
		"roman skipped":        {head + "# 1. H\n(1) a\n  i. b\n  iii. c\n", "line 6: item iii, want ii"},
		"too deep":             {head + "# 1. H\n(1) a\n    i. b\n", "line 5: indented by 4 spaces, want 2"},
		"below a paragraph":    {head + "# 1. H\nText\n  deeper\n", "line 5: indented by 2 spaces, want 0"},
		"no English":           {"", `policy text of 2022-09-08 is missing in "en"`},
	} {
		t.Run(name, func(t *testing.T) {
			folder := fstest.MapFS{"2022-09-08.ja.txt": {Data: []byte(goodJA)}}
			want := c.want
			if c.source != "" {
				folder["2022-09-08.en.txt"] = &fstest.MapFile{Data: []byte(c.source)}
				want = "policy text 2022-09-08.en.txt: " + want
			}
			_, err := Load(folder)
			if err == nil {
				t.Fatal("loaded")
			}
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
