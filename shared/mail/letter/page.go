package letter

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"sync"
	"text/template"
	"time"

	"madoguchi/shared/mail"
	"madoguchi/shared/policy"
)

// page is what the two layouts render.
type page struct {
	Language  policy.Language
	Subject   string
	Office    string // who writes, above the heading
	Heading   string // the subject without the office in front
	Preheader string
	Blocks    []block
	Footer    footer
}

// Colon stands between a term and what is said of it.
func (p *page) Colon() string { return policy.Text{JA: "：", EN: ": "}.In(p.Language) }

// block is a block with its values. Label and URL are of a button or a link, Items of details and receipts.
type block struct {
	Kind  string
	Lines []string
	Label string
	URL   string
	Title string
	Items []policy.NoticeItem
}

// footer is what stands under every mail: why it came, who sent it, whom to ask, the policy (contract: "Mail"; R2, R106).
type footer struct {
	Reason, Automatic, Contact, ContactLabel, PolicyLabel, PolicyURL, SiteURL string
	Name, Address, Office                                                     string
}

var words = struct{ automatic, answers, contact, policy policy.Text }{
	automatic: policy.Text{JA: "このメールはシステムから自動でお送りしています。ご返信は、下記のお問い合わせ先に届きます。",
		EN: "This mail was sent automatically. Replies reach the office named below."},
	answers: policy.Text{JA: "このメールはシステムから自動でお送りしています。このメールにご返信いただくと、担当者に届きます。",
		EN: "This mail was sent automatically. A reply to it reaches the staff in charge."},
	contact: policy.Text{JA: "お問い合わせ先", EN: "Contact"},
	policy:  policy.Text{JA: "プライバシーポリシー", EN: "Privacy policy"},
}

// page fills the source.
func (l *Letters) page(src *source, m mail.Mail, values map[string]string) (*page, error) {
	p := &page{Language: m.Language, Footer: l.footer(m)}
	for _, piece := range []struct {
		name string
		from *template.Template
		into *string
	}{{"subject", src.subject, &p.Subject}, {"preheader", src.preheader, &p.Preheader}, {"reason", src.reason, &p.Footer.Reason}} {
		text, err := fill(piece.from, values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", piece.name, err)
		}
		*piece.into = text
	}
	p.Office = values["office"]
	p.Heading = strings.TrimPrefix(strings.TrimPrefix(p.Subject, "【"+p.Office+"】"), "["+p.Office+"] ")
	for i, from := range src.blocks {
		b, err := l.block(from, m, values)
		switch {
		case errors.Is(err, errMissing) && from.optional:
			continue
		case err != nil:
			return nil, fmt.Errorf("block %d: %w", i+1, err)
		case from.kind == details && len(b.Items) == 0:
			continue
		}
		p.Blocks = append(p.Blocks, b)
	}
	return p, nil
}

func (l *Letters) block(from blockSource, m mail.Mail, values map[string]string) (block, error) {
	b := block{Kind: from.kind}
	if from.kind == receipt {
		until, err := time.Parse(time.RFC3339, m.Data["deleted_on"])
		if err != nil {
			return b, fmt.Errorf("receipt: deleted_on: %w", errMissing)
		}
		service, extra, err := m.Receipt()
		if err != nil {
			return b, fmt.Errorf("receipt: %w", err)
		}
		if m.Data["channel"] == string(policy.ChannelMail) {
			service = service.WithoutForm() // it came as a mail: other items were recorded (R38)
		}
		r := service.ReceiptUntil(l.org, m.Language, from.state, until, extra...)
		b.Title, b.Items = r.Title, r.Items
		return b, nil
	}
	for _, part := range from.parts {
		value, err := fill(part.value, values)
		if errors.Is(err, errMissing) && part.optional {
			continue
		}
		if err != nil {
			return b, err
		}
		if from.kind == paragraph {
			b.Lines = append(b.Lines, value)
			continue
		}
		label, err := fill(part.label, values)
		if err != nil {
			return b, err
		}
		if from.kind == details {
			b.Items = append(b.Items, policy.NoticeItem{Term: label, Body: []string{value}})
			continue
		}
		b.Label, b.URL = label, value
	}
	return b, nil
}

// errMissing says that a piece needs a value that the mail does not have.
var errMissing = errors.New("a value is missing")

// fill fills one piece. Its error does not wrap the template's, which may quote values.
func fill(t *template.Template, values map[string]string) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, values); err != nil {
		return "", fmt.Errorf("%q: %w", t.Root.String(), errMissing)
	}
	return b.String(), nil
}

func (l *Letters) footer(m mail.Mail) footer {
	lang, automatic := m.Language, words.automatic
	if m.ReplyTo != "" {
		automatic = words.answers
	}
	return footer{
		Automatic: automatic.In(lang), ContactLabel: words.contact.In(lang), PolicyLabel: words.policy.In(lang),
		Name: l.org.Name.In(lang), Address: l.org.Address.In(lang), Office: l.org.PrivacyOffice.In(lang),
		Contact: l.org.PrivacyContact, PolicyURL: l.org.PrivacyURL(), SiteURL: l.org.WebsiteURL,
	}
}

//go:embed layout.txt layout.html
var layouts embed.FS

// The layouts are parsed with the first mail, not at start.
var (
	textLayout = sync.OnceValues(func() (*template.Template, error) {
		return template.New("layout.txt").Funcs(template.FuncMap{"bare": bare}).Option("missingkey=error").ParseFS(layouts, "layout.txt")
	})
	htmlLayout = sync.OnceValues(func() (*htmltemplate.Template, error) {
		return htmltemplate.New("layout.html").Funcs(htmltemplate.FuncMap{"bare": bare}).Option("missingkey=error").ParseFS(layouts, "layout.html")
	})
)

// bare is a link as it is shown.
func bare(link string) string { return strings.TrimPrefix(link, "mailto:") }

func (p *page) render() (text, html string, err error) {
	plain, err := textLayout()
	if err != nil {
		return "", "", err
	}
	rich, err := htmlLayout()
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	if err := plain.Execute(&b, p); err != nil {
		return "", "", errors.New("the text layout fails")
	}
	text = b.String()
	b.Reset()
	if err := rich.Execute(&b, p); err != nil {
		return "", "", errors.New("the HTML layout fails")
	}
	return text, b.String(), nil
}
