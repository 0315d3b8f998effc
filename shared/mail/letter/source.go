package letter

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// source is a parsed letter. The file begins with header lines ("subject: ...") up to an empty line; blocks follow,
// separated by empty lines:
//
//	text, one or more lines         a paragraph; its line breaks stay
//	=> label | {{.link}}            a button, with the address beneath it
//	-> label | {{.link}}            a link without weight
//	:: term | {{.expires}}          a detail; several lines make a list
//	@receipt confirmed              the data receipt of that state of the service's records, until {{.deleted_on}}
//
// "?" before a block or a detail makes it optional: it is left out where one of its values is missing.
type source struct {
	subject, preheader, reason *template.Template
	unproven                   bool // recipient: unproven - nobody has shown yet that the form was sent by the mailbox's owner
	blocks                     []blockSource
}

type blockSource struct {
	kind     string // paragraph, button, link, details, receipt
	state    string // of a receipt
	optional bool
	parts    []part
}

// part is a line of a paragraph, a button or a detail.
type part struct {
	optional     bool
	label, value *template.Template // a paragraph's line has a value only
}

// Kinds of block.
const (
	paragraph = "paragraph"
	button    = "button"
	plainLink = "link"
	details   = "details"
	receipt   = "receipt"
)

func parse(text string) (*source, error) {
	head, body, found := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	if !found {
		return nil, errors.New("a letter without blocks")
	}
	src := &source{}
	if err := src.parseHead(head); err != nil {
		return nil, err
	}
	for text := range strings.SplitSeq(strings.Trim(body, "\n"), "\n\n") {
		block, err := parseBlock(strings.Split(strings.Trim(text, "\n"), "\n"))
		if err != nil {
			return nil, err
		}
		src.blocks = append(src.blocks, block)
	}
	return src, nil
}

func (s *source) parseHead(head string) error {
	recipient := ""
	for line := range strings.SplitSeq(head, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		var err error
		switch name {
		case "subject":
			s.subject, err = compile(value)
		case "preheader":
			s.preheader, err = compile(value)
		case "reason":
			s.reason, err = compile(value)
		case "recipient":
			recipient = value
		default:
			err = fmt.Errorf("header %q is not known", name)
		}
		if err != nil {
			return err
		}
	}
	if s.subject == nil || s.preheader == nil || s.reason == nil || recipient != "proven" && recipient != "unproven" {
		return errors.New("subject, preheader, reason or recipient (proven, unproven) is missing")
	}
	s.unproven = recipient == "unproven"
	return nil
}

func parseBlock(lines []string) (blockSource, error) {
	first, optional := strings.CutPrefix(lines[0], "?")
	block := blockSource{optional: optional}
	mark, _, _ := strings.Cut(strings.TrimSpace(first), " ")
	switch mark {
	case "=>":
		block.kind = button
	case "->":
		block.kind = plainLink
	case "::":
		block.kind, block.optional = details, false // each detail by itself
	case "@receipt":
		block.kind, block.state = receipt, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(first), mark))
		if block.state == "" {
			return block, errors.New("a receipt without its state")
		}
		return block, nil
	default:
		block.kind, lines[0] = paragraph, strings.TrimSpace(first)
		for _, line := range lines {
			value, err := compile(line)
			if err != nil {
				return block, err
			}
			block.parts = append(block.parts, part{value: value})
		}
		return block, nil
	}
	for _, line := range lines {
		line, optional := strings.CutPrefix(line, "?")
		line, marked := strings.CutPrefix(strings.TrimSpace(line), mark+" ")
		label, value, cut := strings.Cut(line, " | ")
		if !marked || !cut || block.kind != details && len(lines) > 1 {
			return block, fmt.Errorf("a %s is written %q", block.kind, mark+" label | value")
		}
		p := part{optional: optional && block.kind == details}
		var err error
		if p.label, err = compile(label); err != nil {
			return block, err
		}
		if p.value, err = compile(value); err != nil {
			return block, err
		}
		block.parts = append(block.parts, p)
	}
	return block, nil
}

// compile parses one piece. It is a template of its own, so that no value reaches beyond its piece.
func compile(text string) (*template.Template, error) {
	t, err := template.New("").Option("missingkey=error").Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("a piece of a letter: %w", err)
	}
	return t, nil
}
