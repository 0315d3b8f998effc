package bulletin_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// FuzzCompile holds whatever staff may write: Compile fails exactly where Check stops, the page holds no element and no target
// that the layout does not know, and an ordinary recipient's data and mail can be made of it.
func FuzzCompile(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.content.Subject, s.content.BodyMarkdown, s.content.Preheader, s.content.Text)
	}
	c, _ := everywhere()
	f.Add(c.Subject, c.BodyMarkdown, c.Preheader, c.Text)
	for _, body := range []string{"<script>alert(1)</script>", "[x](javascript:x)", "![x](https://www.asean.or.jp/\"onerror=x)", "{{#a}}{{{name}}}", "[a]: javascript:x\n\n[a]",
		"|a|\n|-|\n|{{name|b}}|", "> - 1. # x\n\t```", "\\{{name}}", "&#x6a;avascript:", "<https://a.example/{{name}}>", "https://a.example/)({{link}}", "**[x](mailto:a@example.jp)**",
		"- > | a |\n  > |---|\n  > | b |", "[![a](https://www.asean.or.jp/a.png)](https://a.example/)", "**[![a](https://www.asean.or.jp/a.png)](https://a.example/)**"} {
		f.Add("件名", body, "", "")
	}
	f.Fuzz(func(t *testing.T, subject, body, preheader, text string) {
		c, fr := bulletin.Content{Subject: subject, BodyMarkdown: body, Preheader: preheader, Text: text}, frame(policy.EventInformation, policy.English)
		stops := slices.ContainsFunc(bulletin.Check(c, fr), func(f bulletin.Finding) bool { return f.Stops })
		b, err := bulletin.Compile(c, fr)
		if stops != (err != nil) {
			t.Fatalf("Check stops: %t, Compile: %v", stops, err)
		}
		if err != nil {
			return
		}
		r := hanako()
		data, err := b.Data(r)
		if err != nil || !json.Valid([]byte(data)) {
			t.Fatalf("data %q: %v", data, err)
		}
		shown, page, _, err := b.Render(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(shown, "\r\n") {
			t.Errorf("a subject of two lines: %q", shown)
		}
		wellMade(t, page)
	})
}

var known = []atom.Atom{atom.Html, atom.Head, atom.Meta, atom.Title, atom.Style, atom.Body, atom.Div, atom.Table, atom.Tbody, atom.Tr, atom.Td, atom.Th, atom.P, atom.Br,
	atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Li, atom.Strong, atom.Em, atom.Code, atom.Pre, atom.Blockquote, atom.Hr, atom.A, atom.Img}

// wellMade walks the page for elements, attributes and targets that no mail of ours has.
func wellMade(t *testing.T, page string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !slices.Contains(known, n.DataAtom) {
			t.Errorf("an element %s", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("an attribute %s", a.Key)
			case a.Key == "href" && !strings.HasPrefix(a.Val, "https://") && !strings.HasPrefix(a.Val, "http://") && !strings.HasPrefix(a.Val, "mailto:"):
				t.Errorf("a link to %q", a.Val)
			case a.Key == "src" && !strings.HasPrefix(a.Val, "https://www.asean.or.jp"):
				t.Errorf("a picture from %q", a.Val)
			}
		}
	}
}
