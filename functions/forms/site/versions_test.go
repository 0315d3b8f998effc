package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/policy/text"
)

// R1: old versions stay viewable, say that they are old, and lead to the current one.
func TestOldVersions(t *testing.T) {
	file := func(title, date, words string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("title: " + title + "\ndate: " + date + "\n\n# 1. H\n" + words + "\n")}
	}
	versions, err := text.Load(fstest.MapFS{
		"2022-09-08.ja.txt": file("方針", "2022年9月8日", "旧い文"), "2022-09-08.en.txt": file("Policy", "8 September 2022", "old words"),
		"2027-04-01.ja.txt": file("方針", "2027年4月1日", "新しい文"), "2027-04-01.en.txt": file("Policy", "1 April 2027", "new words"),
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := with(t, versions, "2027-04-01", nil)
	for _, c := range []struct {
		target   string
		contains []string
		lacks    []string
	}{
		{"/privacy?lang=en", []string{"new words", "/privacy/2022-09-08?lang=en", "1 April 2027</a> (current version)"}, []string{"old words", "not the current version"}},
		{"/privacy/2027-04-01?lang=en", []string{"new words"}, []string{"not the current version"}},
		{"/privacy/2022-09-08?lang=en", []string{"old words", "This is not the current version", `<a href="/privacy?lang=en">Read the current version</a>`,
			`<a href="/privacy/2022-09-08?lang=en" aria-current="page">8 September 2022</a></li>`, `href="/privacy/2022-09-08?lang=ja"`}, []string{"new words"}},
		{"/privacy/2022-09-08", []string{"旧い文", "現在の版ではありません", `<a href="/privacy?lang=ja">現在の版を読む</a>`}, []string{"新しい文"}},
	} {
		w := get(handler, c.target)
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", c.target, w.Code)
		}
		for _, want := range c.contains {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s lacks %q", c.target, want)
			}
		}
		for _, not := range c.lacks {
			if strings.Contains(w.Body.String(), not) {
				t.Errorf("%s contains %q", c.target, not)
			}
		}
	}
}

// The front page follows the declarations: what has no table is not built, what needs a link of ours is not listed.
func TestFrontListsTheFormsInUse(t *testing.T) {
	name := policy.Text{JA: "<b>写真</b>", EN: "<b>Photos</b>"}
	purposes := []policy.Purpose{{Text: policy.Text{JA: "甲", EN: "first"}}, {Text: policy.Text{JA: "乙", EN: "second"}}}
	both := []policy.Language{policy.Japanese, policy.English}
	for _, c := range []struct {
		name         string
		services     []policy.Service
		ja, en, lack string
	}{
		{"none", []policy.Service{{Path: "/a", Name: name}}, "受け付けているお申し込みはありません", "No form is open", `"/a?`},
		{"in both languages", []policy.Service{{Path: "/a", Table: "A", Name: name, Languages: both, Purposes: purposes}},
			"利用目的：甲、乙</p>\n<p>英語のフォームもあります。</p>", "you enter: first; second</p>\n</section>", "<b>"},
		{"in Japanese only (R15)", []policy.Service{{Path: "/a", Table: "A", Name: name, Languages: both[:1], Purposes: purposes}},
			"利用目的：甲、乙</p>\n</section>", "second</p>\n<p>The form is in Japanese only.</p>", "<b>"},
		{"one that a mail leads to", []policy.Service{{Path: "/questionnaires/{event}", Table: "A", Name: name}}, "ありません", "No form is open", "/questionnaires"},
		{"one of each event, over the list of events", []policy.Service{{Code: policy.Events, Path: "/events/{event}", Table: "A", Name: name}},
			`<a href="/events?lang=ja">`, `<a href="/events?lang=en">`, "{event}"},
		{"photos, over the catalogue", []policy.Service{{Code: policy.Photos, Path: "/photos/register", Table: "A", Name: name}},
			`<a href="/photos?lang=ja">`, `<a href="/photos?lang=en">`, "register"},
		{"without a form", []policy.Service{{Table: "A", Name: name}}, "ありません", "No form is open", "写真"},
	} {
		t.Run(c.name, func(t *testing.T) {
			handler := with(t, builtIn(t), policy.Version, c.services)
			for target, want := range map[string]string{"/?lang=ja": c.ja, "/?lang=en": c.en} {
				content := mainElement(t, get(handler, target).Body.String())
				if !strings.Contains(content, want) || strings.Contains(content, c.lack) {
					t.Errorf("%s: want %q and no %q in\n%s", target, want, c.lack, content)
				}
			}
		})
	}
}

// The function refuses to start with everything that is missing named at once.
func TestStart(t *testing.T) {
	if _, err := run(t.Context(), config.Map(environment())); err != nil {
		t.Fatal(err)
	}
	var missing []string
	for name := range environment() {
		missing = append(missing, name)
	}
	_, err := run(t.Context(), config.Map(nil))
	if err == nil {
		t.Fatal("started without settings")
	}
	for _, name := range missing {
		if !strings.Contains(err.Error(), name+" is missing") {
			t.Errorf("%q does not name %s", err, name)
		}
	}
}

// A policy version without a text is a defect that the page shows as one (500), and that the built-in texts do not have.
func TestVersionWithoutText(t *testing.T) {
	if _, ok := builtIn(t).Find(policy.Version); !ok {
		t.Errorf("the version in force, %s, has no text", policy.Version)
	}
	answer := httptest.NewRecorder()
	with(t, builtIn(t), "1999-01-01", nil).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/privacy", nil))
	if answer.Code != http.StatusInternalServerError || strings.Contains(answer.Body.String(), "1999-01-01") {
		t.Errorf("%d: %s", answer.Code, answer.Body)
	}
}
