package japan

import (
	"strings"

	"madoguchi/shared/text"
)

// What can be wrong with a typed postal code, besides the problems of any text.
const (
	PostalCodeCharacter text.Problem = "postal_code_character" // something other than digits, a hyphen and 〒
	PostalCodeLength    text.Problem = "postal_code_length"    // not seven digits, or the hyphen elsewhere than after three
)

// PostalCode returns a typed postal code as "105-0004". It takes full-width digits, any kind of hyphen or a space between,
// or none, and 〒 before (hard case 7). Whether the code is in use is not checked: that would need the post's table, which
// changes every month. Every error is a text.Problem.
func PostalCode(typed string) (string, error) {
	s, err := text.Line(typed)
	if err != nil {
		return "", err
	}
	s = text.FoldHyphens(text.FoldWidth(s))
	s = strings.TrimSpace(strings.TrimLeft(s, "〒〶"))
	if s == "" {
		return "", text.Empty
	}
	// "105 - 0004" is a code with a wide hyphen; white space elsewhere separates too much.
	area, block, split := strings.Cut(s, "-")
	if !split {
		area, block, split = strings.Cut(s, " ")
	}
	if !split && len(s) == 7 {
		area, block = s[:3], s[3:]
	}
	area, block = strings.TrimRight(area, " "), strings.TrimLeft(block, " ")
	if !isDigits(area + block) {
		return "", PostalCodeCharacter
	}
	if len(area) != 3 || len(block) != 4 {
		return "", PostalCodeLength
	}
	return area + "-" + block, nil
}

// isDigits tells whether s is nothing but ASCII digits.
func isDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
