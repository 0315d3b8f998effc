package journey

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// Visitor is a person with a browser that keeps no cookies and runs no scripts (R102).
type Visitor struct {
	Target Target
	List   string // the list that SignUp signs up for: newsletter or press
	client http.Client
}

// NewVisitor returns a visitor of a target.
func NewVisitor(target Target) *Visitor {
	return &Visitor{Target: target, List: "newsletter", client: http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// Page is an answer. Its form is the first one on the page.
type Page struct {
	Path    string // path and query that it was asked for
	Status  int
	Header  http.Header
	Body    string
	Title   string
	Text    string            // what a person reads, white space folded
	Action  string            // where the form posts to
	Fields  map[string]string // the form's fields as they are filled in
	Buttons []string          // values of its buttons called "action"
}

// Get opens a path.
func (v *Visitor) Get(t testing.TB, path string) *Page {
	t.Helper()
	return v.Do(t, http.MethodGet, path, "", "")
}

// Do sends one request; contentType "" sends none.
func (v *Visitor) Do(t testing.TB, method, path, contentType, body string) *Page {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, v.Target.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Accept-Language", "ja")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return v.send(t, r)
}

// JSON sends values as a program does, or asks for the description of the form where values is nil.
func (v *Visitor) JSON(t testing.TB, path string, values map[string]string) (status int, answer map[string]any) {
	t.Helper()
	method, body := http.MethodGet, []byte(nil)
	if values != nil {
		encoded, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		method, body = http.MethodPost, encoded
	}
	for {
		r, err := http.NewRequestWithContext(t.Context(), method, v.Target.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/json")
		if values != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		page := v.send(t, r)
		if page.tooFast(t) {
			continue
		}
		if err := json.Unmarshal([]byte(page.Body), &answer); err != nil {
			t.Fatalf("%s %s: %d, not JSON: %s", method, path, page.Status, page.Body)
		}
		return page.Status, answer
	}
}

// Send fills the page's form in and presses a button, "" for none; one that was sent too fast is sent again.
func (v *Visitor) Send(t testing.TB, page *Page, button string, values map[string]string) *Page {
	t.Helper()
	if page.Action == "" {
		t.Fatalf("%s: %d, no form on it: %s", page.Path, page.Status, page.Text)
	}
	form := url.Values{}
	for name, value := range page.Fields {
		form.Set(name, value)
	}
	for name, value := range values {
		if _, there := page.Fields[name]; !there {
			t.Fatalf("%s has no field %s; it has %v", page.Path, name, page.Fields)
		}
		form.Set(name, value)
	}
	if button != "" {
		form.Set("action", button)
	}
	for {
		answer := v.Do(t, http.MethodPost, page.Action, "application/x-www-form-urlencoded", form.Encode())
		if !answer.tooFast(t) {
			return answer
		}
	}
}

// tooFast waits where the form was sent sooner after it was opened than a person could.
func (p *Page) tooFast(t testing.TB) bool {
	t.Helper()
	seconds, err := strconv.Atoi(p.Header.Get("Retry-After"))
	if p.Status != http.StatusUnprocessableEntity || err != nil {
		return false
	}
	select {
	case <-t.Context().Done():
		t.Fatal("the test has ended")
	case <-time.After(time.Duration(seconds) * time.Second):
	}
	return true
}

func (v *Visitor) send(t testing.TB, r *http.Request) *Page {
	t.Helper()
	answer, err := v.client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	page := &Page{Path: r.URL.RequestURI(), Status: answer.StatusCode, Header: answer.Header, Body: string(body), Fields: map[string]string{}}
	if cookies := answer.Header.Values("Set-Cookie"); len(cookies) > 0 {
		t.Errorf("%s %s sets a cookie (R98, R102)", r.Method, r.URL.Path)
	}
	if strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		document, err := html.Parse(bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		page.read(document)
		page.Text = strings.Join(strings.Fields(page.Text), " ")
	}
	return page
}

// read walks the document.
func (p *Page) read(n *html.Node) {
	if n.Type == html.TextNode {
		p.Text += n.Data + " "
	}
	if n.Type == html.ElementNode {
		switch n.Data {
		case "style", "script":
			return
		case "title":
			p.Title = text(n)
		case "form":
			if p.Action == "" {
				p.Action = attribute(n, "action")
			}
		case "input":
			p.input(n)
		case "textarea":
			p.Fields[attribute(n, "name")] = strings.TrimPrefix(text(n), "\n")
		case "select":
			p.Fields[attribute(n, "name")] = selected(n)
		case "button":
			p.Buttons = append(p.Buttons, attribute(n, "value"))
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.read(c)
	}
}

// input reads an input; a box or button to choose from counts only where it is ticked.
func (p *Page) input(n *html.Node) {
	name, kind := attribute(n, "name"), attribute(n, "type")
	if ticked := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "checked" }); (kind == "checkbox" || kind == "radio") && !ticked {
		p.Fields[name] += "" // it is there, with whatever is ticked of it
		return
	}
	p.Fields[name] = attribute(n, "value")
}

func selected(n *html.Node) (value string) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		for _, a := range c.Attr {
			if a.Key == "selected" {
				return attribute(c, "value")
			}
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return b.String()
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// with returns the values with some replaced.
func with(values map[string]string, more map[string]string) map[string]string {
	all := maps.Clone(values)
	maps.Copy(all, more)
	return all
}

// Readable is what a person reads of an HTML document, white space folded; "" where it cannot be parsed.
func Readable(source string) string {
	document, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return ""
	}
	page := Page{Fields: map[string]string{}}
	page.read(document)
	return strings.Join(strings.Fields(page.Text), " ")
}
