package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FoldWidth turns full-width ASCII (！ to ～) into ASCII and U+3000 into a space, as fields that hold codes need it. Kana
// and everything else stay.
func FoldWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}

// FoldHyphens turns what people type for a hyphen between digits into "-": the dashes U+2010 to U+2015, the minus, the
// full-width and small hyphens, and the long vowel marks ー and ｰ that a Japanese keyboard has on the same key. Only for
// fields that hold digits: in words ー is a letter.
func FoldHyphens(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\u2010', '\u2011', '\u2012', '\u2013', '\u2014', '\u2015', '\u2212', '\u2500', '\u2501', '\u30FC',
			'\uFE58', '\uFE63', '\uFF0D', '\uFF70':
			return '-'
		}
		return r
	}, s)
}

// SearchKey returns the form of s under which it is searched, never stored in place of s: NFKC (half-width katakana
// becomes full width, full-width ASCII becomes ASCII, 神 U+FA19 becomes 神 U+795E), letters without case, invisible
// characters and variation selectors dropped (葛󠄀 is found as 葛), white space at the ends dropped and inside one space.
// Bytes that are not UTF-8 become U+FFFD.
func SearchKey(s string) string {
	// Folding can make a text denormal and normalising can make new capitals; Unicode's NFKC_Casefold therefore does both
	// twice. A third round settles the few texts in which dropping an invisible character brings two others together.
	key := strings.ToValidUTF8(s, "\uFFFD")
	for range 3 {
		key = foldCase(norm.NFKC.String(key))
	}
	return strings.Join(strings.Fields(norm.NFKC.String(key)), " ")
}

// foldCase folds case letter by letter and drops what is invisible. golang.org/x/text/cases would bring the language
// tables into every function for the sake of a few letters that unfold, of which ß is the one that people have in
// their names.
func foldCase(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == 'ß' || r == 'ẞ':
			b.WriteString("ss")
		case !isIgnorable(r) && !isTag(r):
			b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
		}
	}
	return b.String()
}
