package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"regexp"
	"strings"
	"sync"
)

//go:embed style.css
var styleSource string

//go:embed design-tokens/tokens.css
var tokensSource string

// style is the one style sheet of all pages: the design tokens that it uses, then its rules. It stands in the page
// itself, so that nothing is loaded from anywhere and nothing shifts.
var style = sync.OnceValue(func() template.CSS {
	return template.CSS(":root{" + usedTokens(styleSource, tokensSource) + "}\n" + compact(styleSource)) //nolint:gosec // our own file
})

// styleHash is the Content-Security-Policy source of the style sheet.
var styleHash = sync.OnceValue(func() string { return hash(string(style())) })

// hash is the Content-Security-Policy source of what stands in the page itself.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// usedTokens returns the declarations of the tokens that a style sheet names, and of those that they name in turn.
func usedTokens(sheet, tokens string) string {
	name := regexp.MustCompile(`var\((--[a-z0-9-]+)\)`)
	values := map[string]string{}
	var order []string
	for line := range strings.Lines(tokens) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && strings.HasPrefix(key, "--") {
			values[key] = strings.TrimSuffix(value, ";")
			order = append(order, key)
		}
	}
	used := map[string]bool{}
	var mark func(text string)
	mark = func(text string) {
		for _, match := range name.FindAllStringSubmatch(text, -1) {
			if value, known := values[match[1]]; known && !used[match[1]] {
				used[match[1]] = true
				mark(value)
			}
		}
	}
	mark(sheet)
	var out strings.Builder
	for _, key := range order {
		if used[key] {
			out.WriteString(key + ":" + values[key] + ";")
		}
	}
	return out.String()
}

// compact drops comments and leading white space.
func compact(sheet string) string {
	var out strings.Builder
	for line := range strings.Lines(regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(sheet, "")) {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(line + "\n")
		}
	}
	return out.String()
}
