package text_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/text"
)

func TestFindIdentities(t *testing.T) {
	// 123456789018 has the right check digit; it is the example of the ministry's own material and nobody's number.
	tests := []struct {
		name, s string
		kinds   []text.Identity
		masked  string
	}{
		{"R10: My Number", "番号は123456789018です", []text.Identity{text.MyNumber}, "番号は************です"},
		{"R10: in fours with hyphens", "1234-5678-9018", []text.Identity{text.MyNumber}, "****-****-****"},
		{"R10: full width with U+3000", "１２３４　５６７８　９０１８", []text.Identity{text.MyNumber}, "****　****　****"},
		{"R10: with long vowel marks", "1234ー5678ー9018", []text.Identity{text.MyNumber}, "****ー****ー****"},
		{"R10: one digit at a time", "1 2 3 4 5 6 7 8 9 0 1 8", []text.Identity{text.MyNumber}, "* * * * * * * * * * * *"},
		{"R10: after a telephone number", "03-1234-5678 1234-5678-9018", []text.Identity{text.MyNumber},
			"03-1234-5678 ****-****-****"},
		{"R10: passport", "旅券 TK1234567。", []text.Identity{text.Passport}, "旅券 *********。"},
		{"R10: passport in full width and small letters", "ｔｋ１２３４５６７", []text.Identity{text.Passport}, "*********"},
		{"R10: residence card", "AB12345678CD", []text.Identity{text.ResidenceCard}, "************"},
		{"several", "123456789018/TK1234567", []text.Identity{text.MyNumber, text.Passport}, "************/*********"},
		{"two in fours", "1234-5678-9018 1234 5678 9018", []text.Identity{text.MyNumber, text.MyNumber},
			"****-****-**** **** **** ****"},
		{"wrong check digit", "123456789017", nil, "123456789017"},
		{"11 digits", "12345678901", nil, "12345678901"},
		{"13 digits", "1234567890181", nil, "1234567890181"},
		{"payment card", "1234-5678-9018-0000", nil, "1234-5678-9018-0000"},
		{"payment card, at its end", "0000-1234-5678-9018", nil, "0000-1234-5678-9018"},
		{"mixed separators", "1234-5678 9018", nil, "1234-5678 9018"},
		{"lines are not separators", "1234\n5678\n9018", nil, "1234\n5678\n9018"},
		{"telephone numbers", "03-1234-5678、090-1234-5678", nil, "03-1234-5678、090-1234-5678"},
		{"part of a word", "XTK1234567", nil, "XTK1234567"},
		{"six digits", "TK123456", nil, "TK123456"},
		{"nothing", "", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var kinds []text.Identity
			for _, span := range text.FindIdentities(tt.s) {
				kinds = append(kinds, span.Kind)
			}
			if diff := cmp.Diff(tt.kinds, kinds); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.masked, text.Mask(tt.s)); diff != "" {
				t.Errorf("masked (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCheckDigit holds the check digit where the remainder is 0 or 1, both of which give 0.
func TestCheckDigit(t *testing.T) {
	tests := []struct {
		name, number string
		want         bool
	}{
		{"remainder 0", "000000000000", true},
		{"remainder 1, of 3 x 4", "000000000400", true},
		{"remainder 1, of 2 x 6", "000000000060", true},
		{"remainder 2", "000000000019", true},
		{"one digit off", "000000000018", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := len(text.FindIdentities(tt.number)) == 1; got != tt.want {
				t.Errorf("%s taken for a My Number: %v, want %v", tt.number, got, tt.want)
			}
		})
	}
}
