package bulletin

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"sync"
	"text/template"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
)

// page is what the two layouts render. Its texts hold marks.
type page struct {
	Language                  policy.Language
	Subject, Preheader, Kind  string
	Padding                   htmltemplate.HTML // keeps the mail's first lines out of what is shown beside the subject
	Font                      htmltemplate.CSS
	Banners                   []banner
	Heading, Body             htmltemplate.HTML
	TextBody                  string
	Reason                    string
	Links                     []ownLinkLine
	Office, Name, Address     string
	SiteURL, Contact, Colon   string
	ContactLabel, PolicyLabel string
	ContactOffice, PolicyURL  string
}

type banner struct {
	Title string
	Lines []string
}

// ownLinkLine is a link of the recipient in the footer: URL is a mark, and Href the same as an attribute.
type ownLinkLine struct {
	Label, URL string
	Href       htmltemplate.HTMLAttr
}

const fontStack htmltemplate.CSS = `'Hiragino Sans','Noto Sans JP',Meiryo,sans-serif`

// build makes the template and notes what is to be said of it. The bulletin is whole only where no finding stops it.
func build(c Content, f Frame) (*edition.Edition, []Finding) {
	k := &checker{content: c, frame: f, marks: newMarks()}
	k.frameItself()
	subject, preheader, source, typed := k.parts()
	if k.stopped() {
		return nil, k.findings // marks of a broken text would mislead what follows
	}
	b, err := read(source, k.marks)
	if err != nil {
		k.stop("unreadable", "body_markdown", "本文を読み取れません。", "The body cannot be read.")
		return nil, k.findings
	}
	k.body(b)
	p := newPage(f, k.marks)
	p.Subject = subject
	own := k.marks.holds(source, link)
	if f.Kind == policy.QuestionnaireInvite && !own {
		b.root.AppendChild(button(ownLink, linkLabel(f.Kind).In(f.Language)))
	}
	w := emitter{marks: k.marks, colon: p.Colon}
	heading, shift := headingOf(b)
	title := strings.TrimPrefix(strings.TrimPrefix(subject, "【"+p.Office+"】"), "["+p.Office+"] ") // the office stands above
	p.Heading = htmltemplate.HTML(escape(title))                                                  //nolint:gosec // escape has escaped it
	if heading != nil {
		p.Heading = htmltemplate.HTML(w.inline(heading)) //nolint:gosec // the emitter escapes all text
	}
	p.Body = htmltemplate.HTML(w.blocks(b.root, heading, shift)) //nolint:gosec // the emitter escapes all text
	p.Preheader = preheader
	if preheader == "" {
		p.Preheader = beginning(b, heading)
	}
	p.TextBody = plain{marks: k.marks, language: f.Language}.body(b.root)
	if typed != "" {
		p.TextBody = typed
		if f.Kind == policy.QuestionnaireInvite && !k.marks.holds(typed, link) {
			p.TextBody += "\n\n▼ " + linkLabel(f.Kind).In(f.Language) + "\n" + k.marks.link(link)
		}
	}
	out, err := p.bulletin(k.marks, f)
	if err != nil {
		k.stop("unreadable", "body_markdown", "本文を組み立てられません。", "The mail cannot be put together.")
		return nil, k.findings
	}
	k.size(out)
	return out, k.findings
}

// TextPart returns the text part that is generated from the body, in staff's notation, to be edited by hand. Its error is that of
// Compile.
func TextPart(c Content, f Frame) (string, error) {
	c.Text = ""
	if _, err := Compile(c, f); err != nil {
		return "", err
	}
	k := &checker{content: c, frame: f, marks: newMarks()}
	_, _, source, _ := k.parts()
	b, err := read(source, k.marks)
	if err != nil {
		return "", err
	}
	return k.marks.written(plain{marks: k.marks, language: f.Language}.body(b.root)), nil
}

func newPage(f Frame, m *marks) *page {
	l, org := f.Language, f.Organization
	mail, _ := policy.MailOf(f.Kind)
	p := &page{
		Language: l, Kind: mail.Text.In(l), Font: fontStack, Reason: reason(f), Colon: policy.Text{JA: "：", EN: ": "}.In(l),
		Padding: htmltemplate.HTML(strings.Repeat("&#847;&zwnj;&nbsp;", 40)), //nolint:gosec // a constant
		Office:  org.ShortName.In(l), Name: org.Name.In(l), Address: org.Address.In(l), SiteURL: org.WebsiteURL,
		Contact: org.PrivacyContact, ContactLabel: words.contact.In(l), ContactOffice: org.PrivacyOffice.In(l),
		PolicyLabel: words.policy.In(l), PolicyURL: org.PrivacyURL(),
	}
	if !f.Embargo.IsZero() {
		p.Banners = append(p.Banners, banner{Title: embargo(f.Embargo, l)})
	}
	if f.Correction != "" {
		p.Banners = append(p.Banners, banner{Title: words.correction.In(l), Lines: strings.Split(f.Correction, "\n")})
	}
	add := func(name, label string) {
		p.Links = append(p.Links, ownLinkLine{Label: label, URL: m.link(name),
			Href: htmltemplate.HTMLAttr(`href="` + m.link(name) + `"`)}) //nolint:gosec // a mark, whose value is checked and escaped
	}
	switch {
	case isList(f.Kind):
		add(unsubscribe, words.unsubscribe.In(l))
		add(preferences, words.preferences.In(l))
	case f.Kind == policy.EventInformation:
		add(link, linkLabel(f.Kind).In(l))
	}
	return p
}

// link returns the mark of a link.
func (m *marks) link(name string) string { return string(m.put(mark{name: name})) }

// isList tells list mail, which can be ended: the mail of a subscription, not of a registration.
func isList(kind policy.MailKind) bool {
	service, ok := serviceOf(kind)
	return ok && !service.EventBound
}

//go:embed layout.txt layout.html
var layouts embed.FS

// mso is a comment that Outlook for Windows reads. The template's own comments would be taken out.
func mso(s string) htmltemplate.HTML {
	return htmltemplate.HTML("<!--[if mso]>" + s + "<![endif]-->") //nolint:gosec // constants of the layout
}

var (
	textLayout = sync.OnceValues(func() (*template.Template, error) {
		lines := func(s string) string { return wrap(s, textWidth) }
		return template.New("layout.txt").Funcs(template.FuncMap{"wrap": lines}).Option("missingkey=error").ParseFS(layouts, "layout.txt")
	})
	htmlLayout = sync.OnceValues(func() (*htmltemplate.Template, error) {
		return htmltemplate.New("layout.html").Funcs(htmltemplate.FuncMap{"mso": mso}).Option("missingkey=error").ParseFS(layouts, "layout.html")
	})
)

// bulletin fills the layouts and writes them as templates of SES.
func (p *page) bulletin(m *marks, f Frame) (*edition.Edition, error) {
	plain, err := textLayout()
	if err != nil {
		return nil, fmt.Errorf("read the text layout: %w", err)
	}
	rich, err := htmlLayout()
	if err != nil {
		return nil, fmt.Errorf("read the HTML layout: %w", err)
	}
	var text, page strings.Builder
	if plain.Execute(&text, p) != nil {
		return nil, errors.New("the text layout fails")
	}
	if rich.Execute(&page, p) != nil {
		return nil, errors.New("the HTML layout fails")
	}
	w := newWriter(m, f)
	b := &edition.Edition{Language: f.Language, List: isList(f.Kind)}
	b.Subject, _ = w.part(p.Subject, false)
	b.HTML, b.Size = w.part(page.String(), true)
	b.Text, _ = w.part(text.String(), false)
	b.Variables = w.used
	return b, nil
}

// headingOf returns the heading of the first level with which the body begins, which is then the mail's own, and by how many
// levels the other headings go down so that the mail has one heading of the first level.
func headingOf(b *body) (heading *html.Node, shift int) {
	for n := b.root.FirstChild; n != nil; n = n.NextSibling {
		switch {
		case n.Type == html.TextNode && strings.TrimSpace(n.Data) == "":
		case n.DataAtom == atom.H1 && heading == nil && shift == 0:
			heading = n
		case n.DataAtom == atom.H1:
			shift = 1
			return heading, shift
		default:
			shift = -1 // something stands before: the next heading of the first level is one of several
		}
	}
	return heading, max(shift, 0)
}

// previewLength is what mail readers show beside a subject, in letters.
const previewLength = 90

// beginning is the first paragraph, as far as mail readers show it.
func beginning(b *body, heading *html.Node) string {
	for n := b.root.FirstChild; n != nil; n = n.NextSibling {
		text := strings.Join(strings.Fields(spaced(n)), " ")
		if n == heading || n.DataAtom != atom.P || text == "" {
			continue
		}
		if runes := []rune(text); len(runes) > previewLength {
			text = string(runes[:previewLength]) + "…"
		}
		return text
	}
	return ""
}

// spaced is the text of a tree with its line breaks as spaces.
func spaced(n *html.Node) string {
	if n.DataAtom == atom.Br {
		return " "
	}
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(spaced(c))
	}
	return b.String()
}
