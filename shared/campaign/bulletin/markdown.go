package bulletin

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	ghtml "github.com/yuin/goldmark/renderer/html"
	gtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// ownLink stands in Markdown for the target {{link}}; the domain is reserved and can be nobody's (RFC 2606).
const ownLink = "https://link.invalid/"

// markdown is what staff write: CommonMark with tables, in the manner of mail. Line breaks stay, as people who write letters
// mean them. HTML has no meaning and is shown as it is typed. A row of hyphens is a line across and never makes a heading of
// the paragraph above it, indented lines are text, and there are no definitions of links apart from them, which show nothing. There is no strikethrough: the text part and screen readers lose it,
// and 1000円 that no longer holds would read as if it did.
var markdown = sync.OnceValue(func() goldmark.Markdown {
	p := parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(paragraph{parser.NewParagraphParser()}, 1000)),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(emphasis{}, 500)))
	return goldmark.New(goldmark.WithParser(p), goldmark.WithRendererOptions(ghtml.WithHardWraps()),
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))))
})

// paragraph takes indented lines too. Without a parser for them goldmark would leave them out.
type paragraph struct{ parser.BlockParser }

func (paragraph) CanAcceptIndentedLine() bool { return true }

// sanitiser lets through what the layout knows. What it takes out was refused by Check before; it is the second lock.
var sanitiser = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "code", "pre", "blockquote", "hr",
		"table", "thead", "tbody", "tr", "th", "td")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("title").Matching(imageWidth()).OnElements("img")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^\d{1,9}$`)).OnElements("ol")
	p.AllowURLSchemes("https", "http", "mailto")
	p.RequireParseableURLs(true)
	return p
})

// imageWidth is the title of a picture that says how wide it is shown, in pixels: ![alt](src "300").
var imageWidth = expression(`^[1-9]\d{1,2}$`)

// target is a link or a picture: as it is written, and as it is sent.
type target struct {
	text, written, url string
	image              bool
}

// body is the body as a tree that holds nothing but what the layout knows.
type body struct {
	root    *html.Node
	targets []target
	unseen  bool // whether something is written where Markdown shows nothing
}

// read turns Markdown with marks into a body.
func read(source string, m *marks) (*body, error) {
	src := []byte(source)
	document := markdown().Parser().Parse(gtext.NewReader(src))
	b := &body{}
	if err := ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			n.Destination = b.target(n.Destination, plainText(n, src), m, false)
		case *ast.Image:
			n.Destination = b.target(n.Destination, plainText(n, src), m, true)
		case *ast.AutoLink:
			url := string(n.URL(src))
			if n.AutoLinkType == ast.AutoLinkEmail {
				url = "mailto:" + url
			}
			b.targets = append(b.targets, target{text: string(n.Label(src)), written: url, url: url})
		case *ast.FencedCodeBlock:
			b.unseen = b.unseen || n.Info != nil
		case *east.TableRow:
			b.unseen = b.unseen || hasMoreCells(n, src)
		}
		return ast.WalkContinue, nil
	}); err != nil {
		return nil, fmt.Errorf("read the links: %w", err)
	}
	var out bytes.Buffer
	if err := markdown().Renderer().Render(&out, src, document); err != nil {
		return nil, fmt.Errorf("render Markdown: %w", err)
	}
	b.root = &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(bytes.NewReader(sanitiser().SanitizeBytes(out.Bytes())), b.root)
	if err != nil {
		return nil, fmt.Errorf("read the sanitised body: %w", err)
	}
	for _, n := range nodes {
		b.root.AppendChild(n)
	}
	b.findAddresses(b.root, m)
	return b, nil
}

// hasMoreCells tells whether a row of a table has more cells than the head: Markdown leaves them out.
func hasMoreCells(row *east.TableRow, src []byte) bool {
	last := row.LastChild()
	if last == nil || last.Lines().Len() == 0 {
		return false
	}
	rest, _, _ := bytes.Cut(src[last.Lines().At(0).Stop:], []byte("\n"))
	return strings.Trim(string(rest), " \t|") != ""
}

// target notes a destination and returns what stands for it.
func (b *body) target(destination []byte, text string, m *marks, image bool) []byte {
	url := string(destination)
	if r := []rune(url); len(r) == 1 && isMark(r[0]) && m.of(r[0]).name == link && !image {
		return []byte(ownLink)
	}
	sent := string(util.URLEscape(destination, true)) // as the renderer does it, references such as &#58; resolved
	b.targets = append(b.targets, target{text: text, written: url, url: sent, image: image})
	return destination
}

// plainText is the text within a node.
func plainText(n ast.Node, src []byte) string {
	var b strings.Builder
	// The walk itself cannot fail, and this function does not.
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			switch n := n.(type) {
			case *ast.Text:
				b.Write(n.Value(src))
			case *ast.String:
				b.Write(n.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// bareAddress finds addresses of the web in running text, also where Japanese stands right before and behind.
var bareAddress = expression(`https?://[!#-;=?-\[\]_a-z~]+`)

// findAddresses makes links of bare addresses and of {{link}}, outside links and code.
func (b *body) findAddresses(n *html.Node, m *marks) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		switch {
		case c.Type == html.ElementNode && c.DataAtom != atom.A && c.DataAtom != atom.Code:
			b.findAddresses(c, m)
		case c.DataAtom == atom.A && c.FirstChild != nil && c.FirstChild.Data == attr(c, "href"):
			c.FirstChild.Data = strings.TrimPrefix(c.FirstChild.Data, "mailto:") // people read the address
		case c.Type == html.TextNode:
			b.split(c, m)
		}
		c = next
	}
}

func (b *body) split(n *html.Node, m *marks) {
	text := n.Data
	insert := func(c *html.Node) { n.Parent.InsertBefore(c, n) }
	for text != "" {
		start, end, url := len(text), len(text), ""
		if at := bareAddress().FindStringIndex(text); at != nil {
			start, end = at[0], at[0]+len(withoutTail(text[at[0]:at[1]]))
			url = text[start:end]
		}
		if at := strings.IndexFunc(text[:start], func(r rune) bool { return isMark(r) && m.of(r).name == link }); at >= 0 {
			start, end, url = at, at+len(string(firstMark)), ownLink
		}
		if start > 0 {
			insert(&html.Node{Type: html.TextNode, Data: text[:start]})
		}
		if url != "" {
			a := &html.Node{Type: html.ElementNode, Data: "a", DataAtom: atom.A, Attr: []html.Attribute{{Key: "href", Val: url}}}
			a.AppendChild(&html.Node{Type: html.TextNode, Data: text[start:end]})
			insert(a)
			if url != ownLink {
				b.targets = append(b.targets, target{text: url, written: url, url: url})
			}
		}
		text = text[end:]
	}
	n.Parent.RemoveChild(n)
}

// withoutTail takes off what ends a sentence, and a bracket that the address does not open.
func withoutTail(url string) string {
	for {
		short := strings.TrimRight(url, ".,:;!?'*")
		if strings.HasSuffix(short, ")") && strings.Count(short, ")") > strings.Count(short, "(") {
			short = strings.TrimSuffix(short, ")")
		}
		if short == url {
			return url
		}
		url = short
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is the text of a tree.
func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}
