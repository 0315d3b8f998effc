package bulletin

import (
	"strings"
	"unicode"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"golang.org/x/text/width"
)

// markWidth is how many columns the value of a merge field is taken to have: a name of five full-width letters. The lines of a
// template are broken once for all its readers.
const markWidth = 10

// columns counts the half-width columns that a text takes in a Japanese font.
func columns(s string) int {
	n := 0
	for it := graphemes.FromString(s); it.Next(); {
		n += columnsOf(it.Value())
	}
	return n
}

// columnsOf counts those of one grapheme cluster, by the widest of its characters.
func columnsOf(cluster string) int {
	n := 0
	for _, r := range cluster {
		switch {
		case isMark(r):
			n = max(n, markWidth)
		case unicode.Is(unicode.Mn, r), unicode.Is(unicode.Cf, r):
		default:
			switch width.LookupRune(r).Kind() {
			case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
				n = max(n, 2)
			default:
				n = max(n, 1)
			}
		}
	}
	return n
}

// Signs that begin no line, and those that end none (JIS X 4051, 行頭禁則 and 行末禁則).
const (
	notFirst = "、。，．・：；？！）］｝」』】〉》〕｠’”ー々ゝゞヽヾぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ,.!?:;)]}>…‥％%℃"
	notLast  = "（［｛「『【〈《〔｟‘“([{<￥¥＄$№"
)

// wrap breaks the lines of a text to room columns, between Japanese letters and at spaces, never within a word or an address.
func wrap(s string, room int) string {
	var out []string
	for line := range strings.SplitSeq(s, "\n") {
		out = append(out, wrapLine(line, room)...)
	}
	return strings.Join(out, "\n")
}

// wrapLine breaks one line. now is the line so far; since its last place for a break, word has come.
func wrapLine(line string, room int) []string {
	var out []string
	var now, word strings.Builder
	nowWidth, wordWidth := 0, 0
	place := func() { // a break is allowed here
		if nowWidth > 0 && nowWidth+wordWidth > room && strings.TrimSpace(word.String()) != "" {
			out = append(out, strings.TrimRight(now.String(), " "))
			now.Reset()
			nowWidth = 0
			rest := strings.TrimLeft(word.String(), " ")
			wordWidth = columns(rest)
			word.Reset()
			word.WriteString(rest)
		}
		now.WriteString(word.String())
		nowWidth += wordWidth
		word.Reset()
		wordWidth = 0
	}
	before := ""
	for it := graphemes.FromString(line); it.Next(); {
		cluster := it.Value()
		if before != "" && mayBreak(before, cluster) {
			place()
		}
		word.WriteString(cluster)
		wordWidth += columnsOf(cluster)
		before = cluster
	}
	place()
	return append(out, strings.TrimRight(now.String(), " "))
}

// mayBreak tells whether a line may end between two clusters.
func mayBreak(a, b string) bool {
	switch {
	case a == " ":
		return b != " "
	case b == " ":
		return true
	case strings.Contains(notFirst, b), strings.Contains(notLast, a):
		return false
	}
	return isFree(a) || isFree(b)
}

// isFree tells the letters between which lines break, which are those of the full width.
func isFree(cluster string) bool {
	for _, r := range cluster {
		k := width.LookupRune(r).Kind()
		return isWide(r) || k == width.EastAsianWide || k == width.EastAsianFullwidth
	}
	return false
}
