package form_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// node is an element of a page.
type node struct{ *html.Node }

func parse(t *testing.T, body string) node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return node{root}
}

// all returns the elements of a name, in the order of the page; "*" stands for every element.
func (n node) all(name string) []node {
	var found []node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (name == "*" || d.Data == name) {
			found = append(found, node{d})
		}
	}
	return found
}

func (n node) attr(name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (n node) has(name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// text is the text within an element.
func (n node) text() string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// byID returns the element with an id; the zero node where there is none.
func (n node) byID(id string) node {
	for _, e := range n.all("*") {
		if e.attr("id") == id {
			return e
		}
	}
	return node{}
}

// controls are the values of a page's form by name, as a browser would send them without a button.
func (n node) controls() map[string]string {
	values := map[string]string{}
	for _, e := range n.all("*") {
		name := e.attr("name")
		if name == "" {
			continue
		}
		switch e.Data {
		case "input":
			values[name] = e.attr("value")
		case "textarea":
			values[name] = strings.TrimPrefix(e.raw(), "\n")
		case "select":
			for _, o := range e.all("option") {
				if o.has("selected") {
					values[name] = o.attr("value")
				}
			}
			if _, chosen := values[name]; !chosen {
				values[name] = ""
			}
		}
	}
	return values
}

// raw is the raw text of an element, with the white space at its ends.
func (n node) raw() string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

// form returns the page's controls with an action, ready to be posted.
func (n node) form(action string) url.Values {
	values := url.Values{"action": {action}}
	for name, value := range n.controls() {
		values.Set(name, value)
	}
	return values
}

// checkPage holds a page to what all pages have in common: one h1, the title and its mark of an error (WCAG G199), the
// language, labels and descriptions that lead somewhere, nothing loaded from elsewhere, nothing that runs, and a style
// sheet that the policy in the header allows (R97, R98, R105).
func checkPage(t *testing.T, a answer) {
	t.Helper()
	if strings.Contains(a.Body, "ZgotmplZ") {
		t.Error("html/template refused a value")
	}
	page := parse(t, a.Body)
	root := page.all("html")[0]
	if l := root.attr("lang"); l != a.Header["content-language"] || (l != "ja" && l != "en") {
		t.Errorf("lang %q, Content-Language %q", l, a.Header["content-language"])
	}
	headings := page.all("h1")
	if len(headings) != 1 {
		t.Fatalf("%d h1", len(headings))
	}
	mark := map[string]string{"ja": "エラー：", "en": "Error: "}[root.attr("lang")]
	title := page.all("title")[0].text()
	if wrong := a.Status >= 400; strings.HasPrefix(title, mark) != wrong {
		t.Errorf("status %d with the title %q", a.Status, title)
	}
	if !strings.HasPrefix(strings.TrimPrefix(title, mark), headings[0].text()) {
		t.Errorf("title %q, h1 %q", title, headings[0].text())
	}
	ids := map[string]bool{}
	for _, e := range page.all("*") {
		if id := e.attr("id"); id != "" {
			if ids[id] {
				t.Errorf("id %q twice", id)
			}
			ids[id] = true
		}
		for _, attribute := range e.Attr {
			switch {
			case strings.HasPrefix(attribute.Key, "on"), attribute.Key == "style":
				t.Errorf("<%s %s>", e.Data, attribute.Key)
			case (attribute.Key == "src" || attribute.Key == "srcset" || attribute.Key == "data" || e.Data == "link" && attribute.Key == "href") &&
				!strings.HasPrefix(attribute.Val, "data:"):
				t.Errorf("<%s> loads %s", e.Data, attribute.Val)
			case attribute.Key == "href" && strings.HasPrefix(strings.ToLower(attribute.Val), "javascript:"):
				t.Errorf("<%s> runs %s", e.Data, attribute.Val)
			}
		}
		switch e.Data {
		case "script", "iframe", "object", "embed", "base":
			t.Errorf("<%s>", e.Data)
		case "form":
			if e.attr("method") != "post" || !strings.HasPrefix(e.attr("action"), "/") {
				t.Errorf("<form method=%q action=%q>", e.attr("method"), e.attr("action"))
			}
		}
	}
	for _, e := range page.all("*") {
		for _, key := range []string{"for", "aria-describedby", "aria-labelledby"} {
			for _, id := range strings.Fields(e.attr(key)) {
				if !ids[id] {
					t.Errorf("<%s %s=%q> leads nowhere", e.Data, key, id)
				}
			}
		}
		if id, ok := strings.CutPrefix(e.attr("href"), "#"); ok && !ids[id] {
			t.Errorf("the link #%s leads nowhere", id)
		}
	}
	sum := sha256.Sum256([]byte(page.all("style")[0].raw()))
	if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(a.Header["content-security-policy"], "style-src "+hash+";") {
		t.Errorf("the style sheet %s is not allowed by %q", hash, a.Header["content-security-policy"])
	}
}
