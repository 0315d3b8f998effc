package bulletin

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// emitter writes a body as HTML of mail: each element with its own styles, because some mail readers drop a style sheet, and
// nothing that is not in this file.
type emitter struct {
	marks *marks
	colon string
}

func escape(s string) string { return html.EscapeString(s) }

// The room of the sheet between its paddings, in pixels.
const sheetWidth = 544

const (
	textColour = "color:#1a1a1a;"
	linkStyle  = `class="link" style="color:#0017c1;text-decoration:underline;"`
)

var headingStyles = map[int]string{
	2: "margin:32px 0 14px;padding:0 0 6px;border-bottom:2px solid #0017c1;font-size:20px;line-height:1.45;",
	3: "margin:26px 0 10px;font-size:18px;line-height:1.5;",
	4: "margin:22px 0 8px;font-size:16px;line-height:1.6;",
}

// blocks writes the children of a node, but for one.
func (e emitter) blocks(n, but *html.Node, shift int) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c != but {
			e.block(&b, c, shift)
		}
	}
	return strings.Trim(b.String(), "\n")
}

func (e emitter) block(b *strings.Builder, n *html.Node, shift int) {
	if n.Type == html.TextNode {
		if strings.TrimSpace(n.Data) != "" {
			b.WriteString(escape(n.Data))
		}
		return
	}
	switch n.DataAtom {
	case atom.P:
		if label, target := buttonOf(n); target != "" {
			b.WriteString(e.button(label, target))
			return
		}
		b.WriteString(`<p style="margin:0 0 20px;">` + e.inline(n) + "</p>\n")
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		level := int(n.Data[1]-'0') + shift
		tag, style := "h"+strconv.Itoa(min(level, 6)), headingStyles[min(max(level, 2), 4)]
		b.WriteString("<" + tag + ` class="text band" style="` + style + "font-weight:bold;" + textColour + `">` + e.inline(n) + "</" + tag + ">\n")
	case atom.Ul, atom.Ol:
		start := ""
		if v := attr(n, "start"); v != "" && n.DataAtom == atom.Ol {
			start = ` start="` + escape(v) + `"`
		}
		b.WriteString("<" + n.Data + start + ` style="margin:0 0 20px;padding:0 0 0 26px;">` + "\n" + e.blocks(n, nil, shift) + "\n</" + n.Data + ">\n")
	case atom.Li:
		b.WriteString(`<li style="margin:0 0 6px;">` + e.item(n, shift) + "</li>\n")
	case atom.Blockquote:
		b.WriteString(`<blockquote class="rule" style="margin:0 0 20px;padding:2px 0 2px 16px;border-left:4px solid #949494;">` + "\n" +
			e.item(n, shift) + "\n</blockquote>\n")
	case atom.Pre:
		b.WriteString(`<pre class="panel text" style="margin:0 0 20px;padding:12px 16px;background:#f8f8fb;border:1px solid #d8d8d8;` + textColour +
			`font-family:Consolas,Menlo,monospace;font-size:14px;line-height:1.6;white-space:pre-wrap;overflow-wrap:anywhere;">` + escape(textOf(n)) + "</pre>\n")
	case atom.Hr:
		b.WriteString(`<hr class="rule" style="margin:28px 0;border:0;border-top:1px solid #949494;">` + "\n")
	case atom.Table:
		e.table(b, n)
	default:
		if n.FirstChild != nil || n.DataAtom == atom.Br || n.DataAtom == atom.Img {
			e.piece(b, n)
		}
	}
}

// item writes the inside of a list item or quotation: its paragraphs stand closer, the last without a space behind it.
func (e emitter) item(n *html.Node, shift int) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.P:
			margin := "0 0 8px"
			if c.NextSibling == nil || strings.TrimSpace(c.NextSibling.Data) == "" && c.NextSibling.NextSibling == nil {
				margin = "0"
			}
			b.WriteString(`<p style="margin:` + margin + `;">` + e.inline(c) + "</p>\n")
		case atom.Ul, atom.Ol, atom.Blockquote, atom.Pre, atom.Table, atom.Hr, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			e.block(&b, c, shift)
		default:
			e.piece(&b, c)
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// inline writes what stands within a paragraph.
func (e emitter) inline(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		e.piece(&b, c)
	}
	return b.String()
}

func (e emitter) piece(b *strings.Builder, n *html.Node) {
	if n.Type == html.TextNode {
		b.WriteString(escape(n.Data))
		return
	}
	switch n.DataAtom {
	case atom.Strong, atom.Em:
		b.WriteString("<" + n.Data + ">" + e.inline(n) + "</" + n.Data + ">")
	case atom.Code:
		b.WriteString(`<code style="font-family:Consolas,Menlo,monospace;font-size:15px;">` + e.inline(n) + "</code>")
	case atom.Br:
		b.WriteString("<br>")
	case atom.A:
		b.WriteString("<a " + e.href(attr(n, "href")) + " " + linkStyle + ">" + e.inline(n) + "</a>")
	case atom.Img:
		e.image(b, n)
	default:
		b.WriteString(e.inline(n))
	}
}

// href writes a target; the own link of the recipient is a mark.
func (e emitter) href(target string) string {
	if target == ownLink {
		target = e.marks.link(link)
	}
	return `href="` + escape(target) + `"`
}

// image writes a picture as wide as the sheet, or as its title says. Outlook needs the width as an attribute.
func (e emitter) image(b *strings.Builder, n *html.Node) {
	width := sheetWidth
	if v, err := strconv.Atoi(attr(n, "title")); err == nil {
		width = min(v, sheetWidth)
	}
	px := strconv.Itoa(width)
	b.WriteString(`<img src="` + escape(attr(n, "src")) + `" alt="` + escape(attr(n, "alt")) + `" width="` + px +
		`" border="0" style="display:block;width:100%;max-width:` + px + `px;height:auto;border:0;">`)
}

// buttonOf returns label and target of a paragraph that is nothing but one bold link: **[label](address)**.
func buttonOf(n *html.Node) (label *html.Node, target string) {
	strong := n.FirstChild
	if strong == nil || strong.DataAtom != atom.Strong || strong.NextSibling != nil {
		return nil, ""
	}
	a := strong.FirstChild
	if a == nil || a.DataAtom != atom.A || a.NextSibling != nil || a.FirstChild == nil || a.FirstChild.DataAtom == atom.Img {
		return nil, ""
	}
	return a, attr(a, "href")
}

// button makes the paragraph that buttonOf finds.
func button(target, label string) *html.Node {
	p := &html.Node{Type: html.ElementNode, Data: "p", DataAtom: atom.P}
	strong := &html.Node{Type: html.ElementNode, Data: "strong", DataAtom: atom.Strong}
	a := &html.Node{Type: html.ElementNode, Data: "a", DataAtom: atom.A, Attr: []html.Attribute{{Key: "href", Val: target}}}
	a.AppendChild(&html.Node{Type: html.TextNode, Data: label})
	strong.AppendChild(a)
	p.AppendChild(strong)
	return p
}

// button writes a button whose whole face is the link. Outlook takes the padding from the cell.
func (e emitter) button(label *html.Node, target string) string {
	return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px;">` + "\n" +
		`<tr><td class="key" bgcolor="#0017c1" style="background:#0017c1;border-radius:8px;mso-padding-alt:14px 28px;">` +
		`<a class="on-key" ` + e.href(target) + ` style="display:inline-block;padding:13px 28px;border:1px solid #0017c1;border-radius:8px;color:#ffffff;` +
		`font-size:16px;line-height:1.5;font-weight:bold;text-decoration:none;">` + escape(textOf(label)) + "</a></td></tr>\n</table>\n"
}

func (e emitter) table(b *strings.Builder, n *html.Node) {
	b.WriteString(`<table width="100%" cellpadding="0" cellspacing="0" border="0" style="width:100%;margin:0 0 24px;border-collapse:collapse;">` + "\n")
	rows := rowsOf(n)
	unbroken := shortColumns(rows)
	for _, row := range rows {
		b.WriteString("<tr>")
		for i, cell := range row {
			align := "left"
			if v := attr(cell, "align"); v != "" {
				align = v
			}
			open, class := `<td align="`+align+`"`, "cell rule text"
			style := "padding:8px 12px;border:1px solid #949494;font-size:15px;line-height:1.6;vertical-align:top;text-align:" + align + ";" + textColour
			if unbroken[i] {
				style += "white-space:nowrap;"
			}
			if cell.DataAtom == atom.Th {
				open, class = `<th scope="col" align="`+align+`"`, "cell panel text"
				style += "background:#f8f8fb;font-weight:bold;"
			}
			b.WriteString(open + ` class="` + class + `" style="` + style + `">` + e.inline(cell) + "</" + cell.Data + ">")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
}

// Where the words of a column are short they stay whole on a phone, as long as the other columns keep room there.
const (
	shortWord  = 12 // columns of text: six full-width letters
	shortWords = 26 // of all such columns
)

// shortColumns tells the columns of a table that are not broken.
func shortColumns(rows [][]*html.Node) map[int]bool {
	widths := map[int]int{}
	for _, row := range rows {
		for i, cell := range row {
			text := textOf(cell)
			if hasMark(text) || cell.FirstChild != nil && cell.FirstChild.DataAtom == atom.Img {
				text = strings.Repeat("x", shortWords+1) // who knows how wide
			}
			widths[i] = max(widths[i], columns(text))
		}
	}
	short, total := map[int]bool{}, 0
	for i, w := range widths {
		if w <= shortWord {
			short[i] = true
			total += w
		}
	}
	if total > shortWords {
		return nil
	}
	return short
}

// rowsOf returns the cells of a table, row by row, the head first.
func rowsOf(n *html.Node) [][]*html.Node {
	var out [][]*html.Node
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch c.DataAtom {
		case atom.Thead, atom.Tbody:
			out = append(out, rowsOf(c)...)
		case atom.Tr:
			var row []*html.Node
			for cell := c.FirstChild; cell != nil; cell = cell.NextSibling {
				if cell.DataAtom == atom.Th || cell.DataAtom == atom.Td {
					row = append(row, cell)
				}
			}
			out = append(out, row)
		}
	}
	return out
}
