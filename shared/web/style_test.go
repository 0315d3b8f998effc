package web

import (
	"regexp"
	"strings"
	"testing"
)

// The style sheet stands alone: every token that it names is declared with a value, nothing is loaded, and it cannot end
// the element that it stands in.
func TestStyleSheetStandsAlone(t *testing.T) {
	sheet := string(style())
	declared := map[string]bool{}
	for _, match := range regexp.MustCompile(`(--[a-z0-9-]+):[^;]+;`).FindAllStringSubmatch(sheet, -1) {
		declared[match[1]] = true
	}
	used := regexp.MustCompile(`var\((--[a-z0-9-]+)`).FindAllStringSubmatch(sheet, -1)
	if len(used) < 10 {
		t.Fatalf("only %d tokens are used", len(used))
	}
	for _, match := range used {
		if !declared[match[1]] {
			t.Errorf("var(%s) has no value", match[1])
		}
	}
	for _, foreign := range []string{"url(", "@import", "</style", "expression(", "/*", "http:", "https:"} {
		if strings.Contains(strings.ToLower(sheet), foreign) {
			t.Errorf("the style sheet holds %q", foreign)
		}
	}
	for _, needed := range []string{"prefers-color-scheme: dark", ":focus-visible"} {
		if !strings.Contains(sheet, needed) {
			t.Errorf("the style sheet lacks %s", needed)
		}
	}
}

func TestUsedTokens(t *testing.T) {
	tokens := ":root {\n  --a: 1px;\n  --b: var(--c);\n  --c: #fff;\n  --unused: red;\n}\n"
	if got := usedTokens("p { margin: var(--a); color: var(--b); top: var(--own) }", tokens); got != "--a:1px;--b:var(--c);--c:#fff;" {
		t.Errorf("got %q", got)
	}
}

// Every kind of error has words in both languages: a page without a heading would be none.
func TestEveryKindHasAStatusAndATitle(t *testing.T) {
	if len(statuses) != len(titles) || len(statuses) != 13 {
		t.Errorf("%d statuses, %d titles", len(statuses), len(titles))
	}
	for kind := range statuses {
		if title := kind.Title(); title.JA == "" || title.EN == "" {
			t.Errorf("%s has no title", kind)
		}
	}
}
