package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Identity is a kind of number that identifies a person by law (個人識別符号, APPI art. 2(2)). No form asks for one (R10).
type Identity string

// The numbers that are recognised.
const (
	MyNumber      Identity = "my_number"      // 個人番号: 12 digits with a check digit
	Passport      Identity = "passport"       // 旅券番号: two letters and seven digits
	ResidenceCard Identity = "residence_card" // 在留カード番号: two letters, eight digits, two letters
)

// Span is a place in a text, in bytes: text[Start:End].
type Span struct {
	Start, End int
	Kind       Identity
}

// FindIdentities returns the places in s that look like the number of an identity document, in order, without overlap
// (R10). Digits and letters may be full width. A My Number must have the right check digit, so that of other numbers of
// 12 digits one in eleven is taken for one; its digits may be in groups of one length with a space or a hyphen
// between (1234-5678-9018). s is valid UTF-8.
func FindIdentities(s string) []Span {
	words := splitWords(s)
	var found []Span
	for i := 0; i < len(words); {
		if n := myNumberAt(words, i); n > 0 {
			found = append(found, Span{words[i].start, words[i+n-1].end, MyNumber})
			if i += n; i < len(words) {
				words[i].before = 0 // a number that is found belongs to no longer one after it
			}
			continue
		}
		if kind := documentNumber(words[i].letters); kind != "" {
			found = append(found, Span{words[i].start, words[i].end, kind})
		}
		i++
	}
	return found
}

// Mask replaces each letter and digit of the places that FindIdentities returns by "*", for staff (R10). What the person
// typed stays in the record.
func Mask(s string) string {
	var b strings.Builder
	at := 0
	for _, span := range FindIdentities(s) {
		b.WriteString(s[at:span.Start])
		for _, r := range s[span.Start:span.End] {
			if wordLetter(r) != 0 {
				r = '*'
			}
			b.WriteRune(r)
		}
		at = span.End
	}
	return b.String() + s[at:]
}

// word is a run of ASCII letters and digits, folded from full width, that no other letter or digit touches.
type word struct {
	letters    string
	start, end int
	before     rune // the one character between this word and the one before, folded; 0 where there are more
}

// splitWords returns the words of s. Japanese letters beside a word do not matter: 番号は123456789018です holds one.
func splitWords(s string) []word {
	var words []word
	var letters []byte
	start := 0
	end := func(at int) {
		if len(letters) == 0 {
			return
		}
		w := word{letters: string(letters), start: start, end: at}
		if n := len(words); n > 0 {
			w.before = separator(s[words[n-1].end:start])
		}
		words = append(words, w)
		letters = letters[:0]
	}
	for i, r := range s {
		c := wordLetter(r)
		if c == 0 {
			end(i)
			continue
		}
		if len(letters) == 0 {
			start = i
		}
		letters = append(letters, c)
	}
	end(len(s))
	return words
}

// wordLetter returns r as an upper-case ASCII letter or digit, 0 where it is none.
func wordLetter(r rune) byte {
	if r >= '！' && r <= '～' {
		r = r - '！' + '!'
	}
	switch {
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
		return byte(r) //nolint:gosec // between A and Z, or a digit
	case r >= 'a' && r <= 'z':
		return byte(r) - 'a' + 'A'
	}
	return 0
}

// separator returns '-' or ' ' where gap is one hyphen or one space of any kind, otherwise 0.
func separator(gap string) rune {
	if utf8.RuneCountInString(gap) != 1 {
		return 0
	}
	r, _ := utf8.DecodeRuneInString(FoldHyphens(gap))
	switch {
	case r == '-':
		return '-'
	case unicode.Is(unicode.Zs, r):
		return ' '
	}
	return 0
}

// myNumberAt returns how many words from word i on form a My Number, 0 for none. They are groups of digits of one length
// with one kind of separator between. Where one more such group stands before or after them with the same separator,
// they are a part of a longer number, as of a payment card.
func myNumberAt(words []word, i int) int {
	size := len(words[i].letters)
	if size > 12 || 12%size != 0 || len(words) < i+12/size {
		return 0
	}
	n := 12 / size
	var digits strings.Builder
	for _, w := range words[i : i+n] {
		digits.WriteString(w.letters)
	}
	if n > 1 {
		between := words[i+1].before
		for k := i + 1; k < i+n; k++ {
			if !continues(words, k, between) {
				return 0
			}
		}
		if continues(words, i, between) || continues(words, i+n, between) {
			return 0
		}
	}
	if !hasMyNumberCheckDigit(digits.String()) {
		return 0
	}
	return n
}

// continues tells whether word i exists and follows a word of the same length after the separator.
func continues(words []word, i int, separator rune) bool {
	return separator != 0 && i > 0 && i < len(words) && words[i].before == separator &&
		len(words[i-1].letters) == len(words[i].letters)
}

// hasMyNumberCheckDigit tells whether s is 12 digits of which the last is the check digit of the others (ordinance of
// the Ministry of Internal Affairs 2014 no. 85, art. 5).
func hasMyNumberCheckDigit(s string) bool {
	sum := 0
	for i := range 12 {
		if s[i] > '9' {
			return false
		}
		n := 11 - i // the place of the digit, 1 for the one before the check digit
		weight := n + 1
		if n > 6 {
			weight = n - 5
		}
		if i < 11 {
			sum += int(s[i]-'0') * weight
		}
	}
	check := 11 - sum%11
	if check > 9 {
		check = 0
	}
	return int(s[11]-'0') == check
}

// documentNumber returns the kind of document that has numbers of the shape of s, or "".
func documentNumber(s string) Identity {
	shape := strings.Map(func(r rune) rune {
		if r <= '9' {
			return '0'
		}
		return 'A'
	}, s)
	switch shape {
	case "AA0000000":
		return Passport
	case "AA00000000AA":
		return ResidenceCard
	}
	return ""
}
