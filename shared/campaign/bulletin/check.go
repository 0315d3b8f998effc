package bulletin

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

const (
	clipped     = 102_400   // bytes of HTML behind which Gmail shows no more
	nearClipped = 90 * 1024 // bytes of HTML
	longSubject = 120       // columns: 60 full-width letters
	longSource  = 150_000   // bytes of a part as written, above what fits into a mail
	manyThings  = 100       // findings; nobody reads more
)

// checker gathers findings.
type checker struct {
	content  Content
	frame    Frame
	marks    *marks
	findings []Finding
}

func (k *checker) add(f Finding) {
	if full := len(k.findings) >= manyThings; full && (!f.Stops || k.stopped()) {
		return
	}
	if !slices.Contains(k.findings, f) {
		k.findings = append(k.findings, f)
	}
}

func (k *checker) stop(code, field, ja, en string) {
	k.add(Finding{Code: code, Field: field, Message: policy.Text{JA: ja, EN: en}, Stops: true})
}

func (k *checker) warn(code, field, ja, en string) {
	k.add(Finding{Code: code, Field: field, Message: policy.Text{JA: ja, EN: en}})
}

func (k *checker) stopped() bool {
	return slices.ContainsFunc(k.findings, func(f Finding) bool { return f.Stops })
}

// frameItself checks what stands around the content.
func (k *checker) frameItself() {
	f := k.frame
	service, ok := serviceOf(f.Kind)
	if !ok {
		k.stop("not_a_campaign", "kind", "この種類のメールは一斉配信できません。", "Mail of this kind is no campaign.")
		return
	}
	if !service.In(f.Language) {
		k.stop("language", "language", fmt.Sprintf("%sには、この言語のメールがありません。", service.Name.JA),
			fmt.Sprintf("The service “%s” has no mail in this language.", service.Name.EN))
	}
	if _, err := text.Line(f.Event); err != nil || service.EventBound && strings.TrimSpace(f.Event) == "" {
		k.stop("event", "event", "イベントの名称がありません。", "The title of the event is missing.")
	}
	if !f.Embargo.IsZero() && !isPress(f.Kind) {
		k.stop("embargo", "embargo_until", "報道解禁の日時は、報道関係者あてのメールにだけ付けられます。", "Only mail to the press can have an embargo.")
	}
	if s, err := text.Lines(f.Correction); err != nil || s != f.Correction || hasMark(s) {
		k.stop("characters", "correction", "お詫びと訂正に、使えない文字があります。", "The correction holds characters that no mail may hold.")
	}
}

func hasMark(s string) bool { return strings.ContainsFunc(s, isMark) }

// parts cleans the four parts and puts marks in place of their merge fields.
func (k *checker) parts() (subject, preheader, source, typed string) {
	c := k.content
	subject, preheader = k.part("subject", c.Subject, text.Line), k.part("preheader", c.Preheader, text.Line)
	source, typed = k.part("body_markdown", c.BodyMarkdown, text.Lines), k.part("text", c.Text, text.Lines)
	if subject == "" {
		k.stop("empty", "subject", "件名を入力してください。", "Please write a subject.")
	}
	if source == "" {
		k.stop("empty", "body_markdown", "本文を入力してください。", "Please write a body.")
	}
	if columns(subject) > longSubject {
		k.warn("long_subject", "subject", "件名が全角60文字を超えています。受信する環境によっては、途中で切れて表示されます。",
			"The subject is longer than 60 full-width letters; many mail readers will cut it.")
	}
	return subject, preheader, source, typed
}

func (k *checker) part(name, s string, clean func(string) (string, error)) string {
	cleaned, err := clean(s)
	switch {
	case err != nil || hasMark(s):
		k.stop("characters", name, "使えない文字（制御文字、改行、見えない文字など）が含まれています。",
			"It holds characters that no mail may hold: control characters, line breaks, invisible ones.")
		return cleaned
	case len(s) > longSource:
		k.stop("too_long", name, "長すぎます。", "It is too long.")
		return ""
	}
	merged := k.marks.merge(cleaned, func(m mark) { k.field(name, m) })
	if strings.Contains(merged, "{{") {
		k.warn("literal_braces", name, "差し込み項目ではない「{{」があります。そのままの文字で表示されます。",
			"There is a {{ that begins no merge field; it will be shown as it is.")
	}
	return merged
}

func (k *checker) field(part string, m mark) {
	f, ok := fieldOf(k.frame.Kind, m.name)
	switch {
	case !ok:
		k.stop("unknown_field", part,
			fmt.Sprintf("「{{%s}}」という差し込み項目はありません。使えるのは %s です。", m.name, allowed(k.frame.Kind, policy.Japanese)),
			fmt.Sprintf("There is no merge field {{%s}}. You can use %s.", m.name, allowed(k.frame.Kind, policy.English)))
	case f.IsLink && (part == "subject" || part == "preheader"):
		k.stop("link_in_line", part, "「{{link}}」は、件名とプリヘッダーには使えません。", "{{link}} cannot stand in a subject or preheader.")
	case f.IsLink && m.hasFallback:
		k.stop("link_fallback", part, "「{{link}}」には、代わりの言葉を付けられません。", "{{link}} takes no fallback.")
	case f.MayMiss && !m.hasFallback:
		k.warn("may_be_empty", part,
			fmt.Sprintf("「{{%[1]s}}」（%[2]s）が空の方がいるかもしれません。「{{%[1]s|代わりの言葉}}」と書くと、空のときに表示されます。", m.name, f.Label.JA),
			fmt.Sprintf("Some recipients may have no %[2]s. Write {{%[1]s|other words}} for them.", m.name, f.Label.EN))
	}
}

var (
	looksLikeTag = expression(`</?[A-Za-z][^<>]*>`)
	looksBold    = expression(`\*\*[^*\s]`)
)

// body checks what the Markdown has become.
func (k *checker) body(b *body) {
	k.targets(b.targets)
	k.targetFields(b.targets)
	content, running := textOf(b.root), outsideCode(b.root)
	if strings.TrimSpace(content) == "" && !holdsImage(b.root) {
		k.stop("empty", "body_markdown", "本文を入力してください。", "Please write a body.")
	}
	if b.unseen {
		k.stop("unseen", "body_markdown", "表示されない文字があります。表の各行の欄は見出しと同じ数にし、「```」と同じ行には何も書かないでください。",
			"Something would not be shown: a row of a table has more cells than its head, or there are words on the line of ```.")
	}
	if looksLikeTag().MatchString(running) {
		k.warn("html", "body_markdown", "HTML のタグは使えません。そのままの文字で表示されます。", "HTML is not used; tags will be shown as they are.")
	}
	if looksBold().MatchString(running) {
		k.warn("literal_asterisks", "body_markdown", "太字にならない「**」があります。そのままの文字で表示されます。",
			"There are ** that make nothing bold; they will be shown as they are.")
	}
}

func outsideCode(n *html.Node) string {
	switch {
	case n.Type == html.TextNode:
		return n.Data
	case n.DataAtom == atom.Code:
		return ""
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(outsideCode(c))
	}
	return b.String()
}

func holdsImage(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Img {
			return true
		}
	}
	return false
}

// size measures what leaves.
func (k *checker) size(b *edition.Edition) {
	switch {
	case b.Size > clipped:
		k.stop("too_large", "body_markdown",
			fmt.Sprintf("HTML の大きさが %d バイトになり、上限（%d バイト）を超えています。Gmail では途中で切れ、配信停止の案内が読めなくなります。", b.Size, clipped),
			fmt.Sprintf("The HTML has %d bytes; Gmail cuts it behind %d, and the way to unsubscribe with it.", b.Size, clipped))
	case b.Size > nearClipped:
		k.warn("large", "body_markdown",
			fmt.Sprintf("HTML の大きさが %d バイトです。%d バイトを超えると配信できません。", b.Size, clipped),
			fmt.Sprintf("The HTML has %d bytes. It cannot be sent with more than %d.", b.Size, clipped))
	}
}
