package ses

import (
	"encoding/json"
	"fmt"
	"strings"
)

const (
	maxInline       = 1 << 20 // bytes of a call with an inline template
	maxStored       = 500 << 10
	maxTemplateData = 262_144
)

// compiled is one part of a template: text and variables in turn. broken holds the mistake that makes every rendering fail.
type compiled struct {
	pieces []piece
	broken string
}

type piece struct {
	text     string
	variable bool
}

// compile reads the subset of Handlebars that SES allows in an inline template: {{name}} without escaping, and \{{ for a
// literal. It fails on helpers, blocks, partials, comments and paths, which SES refuses at the call. Other text in double
// braces is no error of the call: as in AWS the mail is accepted and then cannot be rendered.
func compile(text string) (compiled, error) {
	var c compiled
	add := func(s string) {
		if s != "" {
			c.pieces = append(c.pieces, piece{text: s})
		}
	}
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			add(text)
			return c, nil
		}
		if strings.HasSuffix(text[:start], `\\`) { // an escaped backslash, then a variable
			text = text[:start-1] + text[start:]
			start--
		} else if strings.HasSuffix(text[:start], `\`) {
			add(text[:start-1] + "{{")
			text = text[start+2:]
			continue
		}
		add(text[:start])
		rest, closing := text[start+2:], "}}"
		if strings.HasPrefix(rest, "{") {
			rest, closing = rest[1:], "}}}"
		}
		end := strings.Index(rest, closing)
		if end < 0 {
			c.broken = "a double brace is not closed"
			return c, nil
		}
		name := strings.TrimSpace(rest[:end])
		switch {
		case name != "" && strings.ContainsRune("#/^>!~&*", rune(name[0])), strings.ContainsAny(name, " \t\r\n") && isName(strings.Fields(name)[0]):
			return c, badRequest("Inline templates support only simple substitution, not {{%s}}.", name)
		case strings.Contains(name, ".") && isName(strings.ReplaceAll(name, ".", "")):
			return c, badRequest("Inline templates support only simple substitution, not the path {{%s}}.", name)
		case !isName(name):
			c.broken = fmt.Sprintf("{{%s}} is not a variable", name)
		}
		c.pieces = append(c.pieces, piece{text: name, variable: true})
		text = rest[end+len(closing):]
	}
}

// isName tells whether s is an identifier of Handlebars.
func isName(s string) bool {
	return s != "" && !strings.ContainsAny(s, " \t\r\n!\"#%&'()*+,./;<=>@[\\]^`{|}~")
}

// render fills the variables. It fails with what SES says in a rendering failure.
func (c compiled) render(data map[string]string) (string, error) {
	if c.broken != "" {
		return "", words("Template cannot be parsed: " + c.broken)
	}
	var b strings.Builder
	for _, p := range c.pieces {
		if !p.variable {
			b.WriteString(p.text)
			continue
		}
		v, ok := data[p.text]
		if !ok {
			return "", words("Attribute '" + p.text + "' is not present in the rendering data.")
		}
		b.WriteString(v)
	}
	return b.String(), nil
}

// compiledTemplate is what a call sends, ready to be filled.
type compiledTemplate struct {
	name                string
	subject, text, html compiled
	hasText, hasHTML    bool
}

func compileTemplate(name string, c templateContent) (t compiledTemplate, err error) {
	t = compiledTemplate{name: name, hasText: c.Text != "", hasHTML: c.Html != ""}
	if c.Subject == "" {
		return t, badRequest("The subject must be specified.")
	}
	if !t.hasText && !t.hasHTML {
		return t, badRequest("The template must have a text or an HTML part.")
	}
	if t.subject, err = compile(c.Subject); err != nil {
		return t, err
	}
	if t.text, err = compile(c.Text); err != nil {
		return t, err
	}
	t.html, err = compile(c.Html)
	return t, err
}

func (t compiledTemplate) render(data map[string]string) (out templateContent, err error) {
	if out.Subject, err = t.subject.render(data); err != nil {
		return out, err
	}
	// A line end in a subject would end the header.
	out.Subject = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(out.Subject)
	if out.Text, err = t.text.render(data); err != nil {
		return out, err
	}
	out.Html, err = t.html.render(data)
	return out, err
}

// templateData reads the JSON object of a template's values. Numbers and booleans count as their JSON text; null, lists and
// objects cannot be substituted and count as missing.
func templateData(s string) (map[string]string, error) {
	if s == "" {
		return map[string]string{}, nil
	}
	if len(s) > maxTemplateData {
		return nil, words(fmt.Sprintf("Template data is longer than %d characters.", maxTemplateData))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(s), &raw); err != nil || raw == nil {
		return nil, words("Template data is not a JSON object.")
	}
	out := make(map[string]string, len(raw))
	for name, v := range raw {
		switch v[0] {
		case '"':
			var text string
			if err := json.Unmarshal(v, &text); err != nil {
				return nil, words("Template data is not a JSON object.")
			}
			out[name] = text
		case '{', '[', 'n':
		default:
			out[name] = string(v)
		}
	}
	return out, nil
}
