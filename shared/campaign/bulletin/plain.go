package bulletin

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"madoguchi/shared/policy"
)

// plain writes a body as the text part, in the manner of Japanese mail magazines: lines of textWidth columns, headings between
// or above rules, addresses in angle brackets.
type plain struct {
	marks    *marks
	language policy.Language
}

// textWidth is the length of a line in columns; a full-width letter takes two.
const textWidth = 70

func (p plain) body(root *html.Node) string { return strings.Join(p.blocks(root, textWidth), "\n\n") }

// blocks returns the blocks within a node, each as its lines.
func (p plain) blocks(n *html.Node, room int) []string {
	var out []string
	var loose strings.Builder // text of a tight list item
	flush := func() {
		if s := strings.TrimSpace(loose.String()); s != "" {
			out = append(out, wrap(s, room))
		}
		loose.Reset()
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		block, is := p.block(c, room)
		if !is {
			loose.WriteString(p.piece(c))
			continue
		}
		flush()
		if block != "" {
			out = append(out, block)
		}
	}
	flush()
	return out
}

// block writes a node, where it is one.
func (p plain) block(n *html.Node, room int) (string, bool) {
	switch n.DataAtom {
	case atom.P:
		if label, target := buttonOf(n); target != "" {
			return "▼ " + textOf(label) + "\n" + p.target(target), true
		}
		return wrap(strings.TrimSpace(p.inline(n)), room), true
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return p.heading(int(n.Data[1]-'0'), strings.TrimSpace(p.inline(n)), room), true
	case atom.Ul, atom.Ol:
		return p.list(n, room), true
	case atom.Blockquote:
		return indent(strings.Join(p.blocks(n, room-2), "\n\n"), "> ", "> "), true
	case atom.Pre:
		return strings.Trim(textOf(n), "\n"), true
	case atom.Hr:
		return p.rule("─", room), true
	case atom.Table:
		return p.table(n, room), true
	}
	return "", false
}

// rule is a line across: of full-width signs in Japanese, of hyphens otherwise.
func (p plain) rule(sign string, room int) string {
	if p.language == policy.Japanese {
		return strings.Repeat(sign, room/2)
	}
	return strings.Repeat(map[string]string{"━": "=", "─": "-"}[sign], room)
}

func (p plain) heading(level int, title string, room int) string {
	switch level {
	case 1:
		return p.rule("━", room) + "\n" + wrap(title, room) + "\n" + p.rule("━", room)
	case 2:
		return wrap("■ "+title, room) + "\n" + p.rule("─", room)
	case 3:
		return wrap("◆ "+title, room)
	}
	return wrap("◇ "+title, room)
}

func (p plain) list(n *html.Node, room int) string {
	sign, number := "- ", 1
	if p.language == policy.Japanese {
		sign = "・"
	}
	if v, err := strconv.Atoi(attr(n, "start")); err == nil {
		number = v
	}
	var items []string
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.DataAtom != atom.Li {
			continue
		}
		first := sign
		if n.DataAtom == atom.Ol {
			first = strconv.Itoa(number) + ". "
			number++
		}
		rest := strings.Repeat(" ", columns(first))
		items = append(items, indent(strings.Join(p.blocks(c, room-len(rest)), "\n"), first, rest))
	}
	return strings.Join(items, "\n")
}

// indent puts first before the first line and rest before the others.
func indent(s, first, rest string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		before := rest
		if i == 0 {
			before = first
		}
		lines[i] = strings.TrimRight(before+line, " ")
	}
	return strings.Join(lines, "\n")
}

// table writes columns side by side where they have room, otherwise row by row, each cell under its heading.
func (p plain) table(n *html.Node, room int) string {
	var rows [][]string
	var widths []int
	for _, row := range rowsOf(n) {
		var cells []string
		for i, cell := range row {
			text := strings.Join(strings.Fields(p.inline(cell)), " ")
			cells = append(cells, text)
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(text))
		}
		rows = append(rows, cells)
	}
	if len(rows) == 0 {
		return ""
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	if total > room {
		return p.records(rows, room)
	}
	var out []string
	for i, row := range rows {
		var line strings.Builder
		for j, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[j]-columns(cell)+2))
		}
		out = append(out, strings.TrimRight(line.String(), " "))
		if i == 0 {
			out = append(out, p.rule("─", total+total%2))
		}
	}
	return strings.Join(out, "\n")
}

func (p plain) records(rows [][]string, room int) string {
	colon := policy.Text{JA: "：", EN: ": "}.In(p.language)
	var records []string
	for _, row := range rows[1:] {
		var lines []string
		for i, cell := range row {
			if term := rows[0][i]; term != "" && cell != "" {
				cell = term + colon + cell
			}
			if cell != "" {
				first := "  "
				if i == 0 {
					first = "・"
				}
				lines = append(lines, indent(wrap(cell, room-2), first, "  "))
			}
		}
		records = append(records, strings.Join(lines, "\n"))
	}
	return strings.Join(records, "\n")
}

func (p plain) inline(n *html.Node) string {
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(p.piece(c))
	}
	return b.String()
}

func (p plain) piece(n *html.Node) string {
	switch {
	case n.Type == html.TextNode:
		return strings.ReplaceAll(n.Data, "\n", "") // the renderer's own, behind <br>
	case n.DataAtom == atom.Br:
		return "\n"
	case n.DataAtom == atom.Img:
		alt := attr(n, "alt")
		if alt == "" {
			return ""
		}
		return "[" + words.picture.In(p.language) + policy.Text{JA: "：", EN: ": "}.In(p.language) + alt + "]"
	case n.DataAtom == atom.A:
		target, label := p.target(attr(n, "href")), p.inline(n)
		if label == target || label == "" {
			return target + space(n.NextSibling)
		}
		return label + " <" + target + ">"
	}
	return p.inline(n)
}

// space keeps an address from what follows: mail readers take letters that touch it for a part of it.
func space(next *html.Node) string {
	if next != nil && next.Type == html.TextNode {
		if r, _ := utf8.DecodeRuneInString(next.Data); isFree(string(r)) || r == '(' || r == '<' {
			return " "
		}
	}
	return ""
}

// target is an address as it is read.
func (p plain) target(href string) string {
	if href == ownLink {
		return p.marks.link(link)
	}
	return strings.TrimPrefix(href, "mailto:")
}

// written puts the merge fields back as staff write them, and a backslash before what only looks like one.
func (m *marks) written(s string) string {
	s = braced().ReplaceAllStringFunc(s, func(found string) string {
		if strings.ContainsFunc(found, isMark) {
			return found // once the field in it is written with its braces, what is around it looks like none
		}
		if newMarks().merge(found, func(mark) {}) != found {
			return `\` + found
		}
		return found
	})
	var b strings.Builder
	for _, r := range s {
		if !isMark(r) {
			b.WriteRune(r)
			continue
		}
		k := m.of(r)
		b.WriteString("{{" + k.name)
		if k.hasFallback {
			b.WriteString("|" + k.fallback)
		}
		b.WriteString("}}")
	}
	return b.String()
}
