// Package text holds the rules for text that people type: what is cleaned, what is refused, how it is counted and how it
// is searched.
//
// What is stored is what was typed: it is never normalised, because NFC already changes names (神 U+FA19) and NFKC
// makes formula characters of ＝＋－＠ (hard cases 1 and 6). Only SearchKey normalises.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Line cleans a value of one line: white space at both ends (with U+3000 and TAB) is dropped, everything else stays
// as it was typed. A value of nothing but white space and invisible characters becomes "". Every error is a Problem:
// NotUTF8, ControlCharacter (any Cc, also CR and LF at the ends, U+2028, U+2029), ReplacementCharacter,
// InvisibleCharacter or Noncharacter (hard cases 1-4).
func Line(typed string) (string, error) {
	if !utf8.ValidString(typed) {
		return "", NotUTF8
	}
	s := strings.TrimFunc(typed, isSpace)
	if isBlank(s) {
		return "", nil
	}
	if err := check(s, false); err != nil {
		return "", err
	}
	return s, nil
}

// Lines cleans a value of several lines: CR LF and CR become LF, TAB is allowed, lines without anything at the start and
// white space at the end are dropped; the rest is as in Line. White space that begins the first line stays: Japanese
// letters indent a paragraph with U+3000.
func Lines(typed string) (string, error) {
	if !utf8.ValidString(typed) {
		return "", NotUTF8
	}
	s := strings.ReplaceAll(typed, "\r\n", "\n")
	s = strings.ReplaceAll(s, "\r", "\n")
	s = strings.TrimRightFunc(s, isSpaceOrLF)
	first := len(s) - len(strings.TrimLeftFunc(s, isSpaceOrLF))
	s = s[strings.LastIndexByte(s[:first], '\n')+1:]
	if isBlank(s) {
		return "", nil
	}
	if err := check(s, true); err != nil {
		return "", err
	}
	return s, nil
}

// Graphemes counts what a person would call letters: grapheme clusters (UAX 29). 🧑‍🤝‍🧑 and 葛󠄀 count one each.
func Graphemes(s string) int {
	n := 0
	for it := graphemes.FromString(s); it.Next(); {
		n++
	}
	return n
}

// TooLong tells whether s has more than maxGraphemes grapheme clusters or more than maxBytes bytes of UTF-8. A limit of 0
// is no limit. The limit in bytes is needed beside the other: one cluster can hold any number of combining marks.
func TooLong(s string, maxGraphemes, maxBytes int) bool {
	if maxBytes > 0 && len(s) > maxBytes {
		return true
	}
	// A cluster has at least one byte, so most values need no count.
	return maxGraphemes > 0 && len(s) > maxGraphemes && Graphemes(s) > maxGraphemes
}

// HasInvisible tells whether s holds a character that shows nothing by itself, also one that ordinary text may hold
// (joiners, variation selectors, direction marks). Codes and addresses have none.
func HasInvisible(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return isIgnorable(r) || isTag(r) })
}

// check refuses the characters that no stored text may hold. s is valid UTF-8.
func check(s string, lines bool) error {
	flag := false // inside an emoji flag, where tag characters are allowed (🏴󠁧󠁢󠁳󠁣󠁴󠁿)
	previous := rune(0)
	for i, r := range s {
		switch {
		case r == '\n' || r == '\t':
			if !lines {
				return ControlCharacter
			}
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ControlCharacter
		case r == utf8.RuneError:
			return ReplacementCharacter
		case isNoncharacter(r):
			return Noncharacter
		case r == '\u200b':
			next, _ := utf8.DecodeRuneInString(s[i+len("\u200b"):])
			if !withoutSpaces(previous) || !withoutSpaces(next) {
				return InvisibleCharacter
			}
		case isTag(r):
			if !flag {
				return InvisibleCharacter
			}
		case isRefusedInvisible(r):
			return InvisibleCharacter
		}
		flag = r == '\U0001F3F4' || flag && isTag(r)
		previous = r
	}
	return nil
}

// withoutSpaces tells whether r is of a script that is written without spaces between words and where keyboards put
// U+200B there (the space bar of the Khmer keyboard does): refusing it would refuse ordinary Khmer.
func withoutSpaces(r rune) bool {
	return r >= 0x0E00 && unicode.In(r, unicode.Khmer, unicode.Lao, unicode.Myanmar, unicode.Thai)
}

// isSpace tells whether r is white space that is dropped at the ends of a line. CR, LF and U+2028 are not: in a field
// of one line they come from no keyboard, so they are refused wherever they stand (hard case 4).
func isSpace(r rune) bool { return r == '\t' || r == ' ' || r >= 0xA0 && unicode.Is(unicode.Zs, r) }

func isSpaceOrLF(r rune) bool { return r == '\n' || isSpace(r) }

// isBlank tells whether s, one line, shows nothing at all. Control characters are not blank: they are refused, not
// forgiven.
func isBlank(s string) bool {
	for _, r := range s {
		if !isSpace(r) && !isIgnorable(r) && !isTag(r) {
			return false
		}
	}
	return true
}

// isNoncharacter tells whether r is one of the 66 code points that are never characters.
func isNoncharacter(r rune) bool { return r&0xFFFE == 0xFFFE || r >= 0xFDD0 && r <= 0xFDEF }

// isTag tells whether r is a tag character. They are invisible and can carry hidden text; only emoji flags use them.
func isTag(r rune) bool { return r >= 0xE0020 && r <= 0xE007F }

// isRefusedInvisible tells whether r is an invisible character that is refused. Joiners, variation selectors and the
// direction marks U+200E, U+200F and U+061C are not: names, emoji and Arabic need them.
func isRefusedInvisible(r rune) bool {
	switch {
	case r >= 0x202A && r <= 0x202E, // bidi embeddings and overrides: they show another text than is stored
		r >= 0x2060 && r <= 0x206F, // word joiner, invisible operators, bidi isolates, deprecated formats
		r >= 0xFFF9 && r <= 0xFFFB, // interlinear annotation
		r == 0x180E, r == 0xFEFF, r == 0xE0001:
		return true
	}
	return false
}

// isIgnorable tells whether r shows nothing by itself (Unicode's default ignorable code points that are assigned, and
// the blank of Braille). A value of these alone is empty, and a search does not see them.
func isIgnorable(r rune) bool {
	switch {
	case r < 0xAD:
		return false
	case r == 0xAD, r == 0x034F, r == 0x061C, r == 0x115F, r == 0x1160, r == 0x17B4, r == 0x17B5,
		r >= 0x180B && r <= 0x180F, r >= 0x200B && r <= 0x200F, r == 0x2800, r == 0x3164, r == 0xFFA0,
		r >= 0xFE00 && r <= 0xFE0F, r >= 0xE0100 && r <= 0xE01EF:
		return true
	}
	return isRefusedInvisible(r)
}
