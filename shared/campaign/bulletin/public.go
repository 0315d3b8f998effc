package bulletin

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
)

// Public makes the page of a content for the public archive. Merge fields show their fallback, or a word for any reader. The error is
// that of Compile.
func Public(c Content, f Frame) (edition.Page, error) {
	if _, err := Compile(c, f); err != nil {
		return edition.Page{}, err
	}
	k := &checker{content: c, frame: f, marks: newMarks()}
	subject, _, source, _ := k.parts()
	b, err := read(source, k.marks)
	if err != nil {
		return edition.Page{}, fmt.Errorf("read the body: %w", err)
	}
	var out strings.Builder
	for n := b.root.FirstChild; n != nil; n = n.NextSibling {
		forPage(n)
		if err := html.Render(&out, n); err != nil {
			return edition.Page{}, fmt.Errorf("write the page: %w", err)
		}
	}
	return edition.Page{Title: k.marks.anybody(subject, false), HTML: k.marks.anybody(out.String(), true)}, nil
}

// forPage makes an element one of a page: headings a level lower, as the title is the page's own, and pictures as wide as they say.
func forPage(n *html.Node) {
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5:
		n.Data = "h" + string(n.Data[1]+1)
		n.DataAtom = atom.Lookup([]byte(n.Data))
	case atom.Img:
		for i, a := range n.Attr {
			if a.Key == "title" {
				n.Attr[i].Key = "width"
			}
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		forPage(c)
	}
}

// anybody fills marks in for nobody in particular.
func (m *marks) anybody(s string, escaped bool) string {
	var out strings.Builder
	for _, r := range s {
		if !isMark(r) {
			out.WriteRune(r)
			continue
		}
		value := ""
		switch k := m.of(r); {
		case k.literal:
			value = k.name
		case k.hasFallback:
			value = k.fallback
		case k.name == "name":
			value = anyReader.JA
		}
		if escaped {
			value = html.EscapeString(value)
		}
		out.WriteString(value)
	}
	return out.String()
}

// anyReader stands for a name.
var anyReader = policy.Text{JA: "読者", EN: "reader"}
