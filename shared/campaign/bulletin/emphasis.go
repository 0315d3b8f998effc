package bulletin

import (
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	gtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// emphasis reads * and ** as CommonMark does, but for Japanese: CommonMark takes **「重要」**です for plain text, because a
// bracket stands within and a letter without. Where a letter of a script without spaces stands on one side, the brackets of
// the other do not matter (the rule that Markdown for Chinese, Japanese and Korean has come to). The underline, which stands in
// addresses and names of files, makes no emphasis.
type emphasis struct{}

func (emphasis) IsDelimiter(b byte) bool { return b == '*' }

func (emphasis) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (emphasis) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }

func (emphasis) Trigger() []byte { return []byte{'*'} }

func (e emphasis) Parse(_ ast.Node, block gtext.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	n := 0
	for n < len(line) && line[n] == '*' {
		n++
	}
	after := ' '
	if n < len(line) {
		after = util.ToRune(line, n)
	}
	space, punct := util.IsSpaceRune, util.IsPunctRune
	left := !space(after) && (!punct(after) || space(before) || punct(before) || isWide(before))
	right := !space(before) && (!punct(before) || space(after) || punct(after) || isWide(after))
	node := parser.NewDelimiter(left, right, n, '*', e)
	node.Segment = segment.WithStop(segment.Start + n)
	block.Advance(n)
	pc.PushDelimiter(node)
	return node
}

// isWide tells the letters that are written without spaces between words.
func isWide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) ||
		r == 'ー' || r == '々' || isMark(r)
}
