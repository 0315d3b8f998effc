package main

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"madoguchi/shared/policy"
)

func attribute(n *html.Node, key string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val, true
		}
	}
	return "", false
}

// nodeText is the text of an element, as a screen reader reads it.
func nodeText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

// The basics that need no browser: one h1, no level skipped, anchors that exist once and links that lead somewhere,
// text in another language marked as such, nothing loaded from elsewhere and nothing that the security policy blocks.
func TestAccessibilityBasics(t *testing.T) {
	handler := deployed(t)
	elsewhere := []string{"/newsletter", "/press", "/events", "/photos", "/photos/register", "/inquiry", "/publications", "/cookies", "/statistics"} // served by other functions
	targets := []string{"/", "/?lang=en", "/privacy", "/privacy?lang=en", "/privacy/2022-09-08", "/privacy/0"}
	for _, a := range articles {
		targets = append(targets, a.path, a.path+"?lang=en")
	}
	for _, target := range targets {
		t.Run(target, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader(get(handler, target).Body.String()))
			if err != nil {
				t.Fatal(err)
			}
			ids, fragments, level, h1, links := map[string]int{}, map[string]bool{}, 0, 0, 0
			for n := range root.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				if id, ok := attribute(n, "id"); ok {
					ids[id]++
				}
				if labelled, ok := attribute(n, "aria-labelledby"); ok {
					fragments[labelled] = true
				}
				for _, a := range n.Attr {
					if a.Key == "style" || a.Key == "src" || strings.HasPrefix(a.Key, "on") {
						t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
					}
				}
				switch n.Data {
				case "script", "img", "iframe", "form":
					t.Errorf("<%s> on a page of text", n.Data)
				case "h1", "h2", "h3", "h4":
					next := int(n.Data[1] - '0')
					if next > level+1 {
						t.Errorf("%q skips a level", nodeText(n))
					}
					if level = next; next == 1 {
						h1++
					}
				case "li":
					if p := n.Parent.Data; p != "ol" && p != "ul" {
						t.Errorf("a list item in <%s>", p)
					}
				case "a":
					links++
					href, _ := attribute(n, "href")
					if nodeText(n) == "" {
						t.Errorf("link to %s without a text", href)
					}
					to, err := url.Parse(href)
					if err != nil {
						t.Fatal(err)
					}
					switch {
					case strings.HasPrefix(href, "#"):
						fragments[to.Fragment] = true
					case to.Scheme == "mailto", href == policy.DefaultOrganization().WebsiteURL:
					case rel(n) == "external":
						wantMarked(t, n)
					default:
						if to.Host != "" && to.Scheme+"://"+to.Host != policy.DefaultOrganization().PublicURL {
							t.Errorf("a link to %s that is not marked", href)
						}
						known := false
						for _, form := range elsewhere {
							known = known || to.Path == form
						}
						if code := get(handler, to.RequestURI()).Code; !known && code != 200 {
							t.Errorf("link to %s: status %d", href, code)
						}
					}
				}
			}
			if h1 != 1 || links < 4 {
				t.Errorf("%d h1, %d links", h1, links)
			}
			for id, n := range ids {
				if n != 1 {
					t.Errorf("id %q %d times", id, n)
				}
			}
			for fragment := range fragments {
				if ids[fragment] == 0 {
					t.Errorf("nothing has the id %q", fragment)
				}
			}
		})
	}
}

func rel(n *html.Node) string {
	value, _ := attribute(n, "rel")
	return value
}

// wantMarked holds a link that leaves the Site to its mark, and to the list of such sites (R104).
func wantMarked(t *testing.T, n *html.Node) {
	t.Helper()
	href, _ := attribute(n, "href")
	known := false
	for _, o := range append(outsides(policy.Japanese), outsides(policy.English)...) {
		known = known || o.URL == href
	}
	if text := nodeText(n); !known || !strings.HasSuffix(text, "（外部サイト）") && !strings.HasSuffix(text, "(external site)") {
		t.Errorf("link to %s: %q", href, text)
	}
}

// WCAG 3.1.2: the link to the other language is in that language.
func TestOtherLanguageIsMarked(t *testing.T) {
	for target, want := range map[string]string{
		"/privacy?lang=en":            `<a href="/privacy?lang=ja" hreflang="ja" lang="ja">日本語</a>`,
		"/privacy?lang=ja":            `<a href="/privacy?lang=en" hreflang="en" lang="en">English</a>`,
		"/privacy/2022-09-08?lang=ja": `<a href="/privacy/2022-09-08?lang=en" hreflang="en" lang="en">English</a>`,
		"/privacy/request/form":       `<a href="/privacy/request/form?lang=en" hreflang="en" lang="en">English</a>`,
		"/?lang=en":                   `<a href="/?lang=ja" hreflang="ja" lang="ja">日本語</a>`,
	} {
		if body := get(deployed(t), target).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s", target, want)
		}
	}
}
