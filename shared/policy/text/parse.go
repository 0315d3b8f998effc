package text

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A policy text is plain text, one block a line:
//
//	title: Privacy Policy
//	date: 8 September 2022
//	provisional: yes            only for a translation that the organisation has not published
//
//	# 1. Heading of a section
//	A paragraph; <mail@example.jp> becomes a link.
//	(1) A clause.
//	  i. An item of the clause, two spaces deeper,
//	    ・ and a bullet below it.
//
// Numbers are checked, never made: they are the organisation's, and other texts refer to them.

var (
	headingLine = regexp.MustCompile(`^# (\d+)\. (\S.*)$`)
	clauseLine  = regexp.MustCompile(`^(\((\d+)\)) (\S.*)$`)
	romanLine   = regexp.MustCompile(`^(([ivx]+)\.) (\S.*)$`)
	bulletLine  = regexp.MustCompile(`^(・)() ?(\S.*)$`)
	mailAddress = regexp.MustCompile(`<([^<>@\s]+@[^<>@\s]+)>`)
)

// numerals are the Roman numbers that a list may count to.
var numerals = []string{"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"}

// line is one line of the source that is not blank; number counts from 1, indent is in spaces.
type line struct {
	number, indent int
	text           string
}

func (l line) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: "+format, append([]any{l.number}, args...)...)
}

type parser struct {
	lines []line // what is still to be read
}

// parse reads a policy text; version and language are the file's name and are not set.
func parse(source string) (*Document, error) {
	p := &parser{}
	number := 0
	for text := range strings.Lines(source) {
		number++
		text = strings.TrimRight(text, " \r\n")
		if bare := strings.TrimLeft(text, " "); bare != "" {
			p.lines = append(p.lines, line{number, len(text) - len(bare), bare})
		}
	}
	d := &Document{}
	if err := p.head(d); err != nil {
		return nil, err
	}
	for len(p.lines) > 0 {
		section, err := p.section(len(d.Sections) + 1)
		if err != nil {
			return nil, err
		}
		d.Sections = append(d.Sections, section)
	}
	if d.Title == "" || d.Date == "" || len(d.Sections) == 0 {
		return nil, fmt.Errorf("title, date or sections are missing")
	}
	return d, nil
}

// head reads the settings above the first section.
func (p *parser) head(d *Document) error {
	for len(p.lines) > 0 && !strings.HasPrefix(p.lines[0].text, "#") {
		l := p.lines[0]
		p.lines = p.lines[1:]
		key, value, _ := strings.Cut(l.text, ": ")
		switch {
		case key == "title" && value != "":
			d.Title = value
		case key == "date" && value != "":
			d.Date = value
		case key == "provisional" && value == "yes":
			d.Provisional = true
		default:
			return l.errorf("%q is no setting", l.text)
		}
	}
	return nil
}

func (p *parser) section(number int) (Section, error) {
	l := p.lines[0]
	p.lines = p.lines[1:]
	match := headingLine.FindStringSubmatch(l.text)
	if match == nil || match[1] != strconv.Itoa(number) {
		return Section{}, l.errorf("want the heading of section %d", number)
	}
	s := Section{Number: number, Heading: match[2]}
	var err error
	if s.Blocks, err = p.blocks(0, s.ID()); err == nil && len(s.Blocks) == 0 {
		err = l.errorf("section %d is empty", number)
	}
	return s, err
}

// blocks reads the lines of one depth and all that is deeper below their items; id is the anchor of what they belong to.
func (p *parser) blocks(indent int, id string) ([]Block, error) {
	var blocks []Block
	for len(p.lines) > 0 && p.lines[0].indent >= indent && !strings.HasPrefix(p.lines[0].text, "#") {
		l := p.lines[0]
		p.lines = p.lines[1:]
		if l.indent > indent {
			return nil, l.errorf("indented by %d spaces, want %d", l.indent, indent)
		}
		style, marker, number, text := marked(l.text)
		if style == "" {
			blocks = append(blocks, Block{Paragraph: spans(l.text)})
			continue
		}
		if len(blocks) == 0 || blocks[len(blocks)-1].List == nil || blocks[len(blocks)-1].List.Style != style {
			blocks = append(blocks, Block{List: &List{Style: style}})
		}
		list := blocks[len(blocks)-1].List
		item := Item{Marker: marker, Text: spans(text)}
		if style != Bullets {
			if want := counted(style, len(list.Items)+1); number != want {
				return nil, l.errorf("item %s, want %s", number, want)
			}
			item.ID = id + "-" + number
		}
		var err error
		if item.Blocks, err = p.blocks(indent+2, item.ID); err != nil {
			return nil, err
		}
		list.Items = append(list.Items, item)
	}
	return blocks, nil
}

// marked takes the marker off an item's line; style is empty for a paragraph.
func marked(text string) (style Style, marker, number, rest string) {
	for style, pattern := range map[Style]*regexp.Regexp{Clauses: clauseLine, Roman: romanLine, Bullets: bulletLine} {
		if match := pattern.FindStringSubmatch(text); match != nil {
			return style, match[1], match[2], match[3]
		}
	}
	return "", "", "", text
}

// counted is the number of the n-th item, from 1; empty where the style cannot count so far.
func counted(style Style, n int) string {
	if style == Clauses {
		return strconv.Itoa(n)
	}
	if n > len(numerals) {
		return ""
	}
	return numerals[n-1]
}

// spans cuts a paragraph at its mail addresses.
func spans(text string) []Span {
	var all []Span
	rest := 0
	for _, at := range mailAddress.FindAllStringSubmatchIndex(text, -1) {
		if at[0] > rest {
			all = append(all, Span{Text: text[rest:at[0]]})
		}
		all = append(all, Span{Text: text[at[2]:at[3]], Mail: true})
		rest = at[1]
	}
	if rest < len(text) {
		all = append(all, Span{Text: text[rest:]})
	}
	return all
}
