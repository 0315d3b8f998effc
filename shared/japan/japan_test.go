package japan_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/japan"
	"madoguchi/shared/text"
)

// problemOf returns the code of err, "" for none, and fails where an error has no code.
func problemOf(t interface {
	Helper()
	Fatalf(string, ...any)
}, err error,
) text.Problem {
	t.Helper()
	var problem text.Problem
	if err != nil && !errors.As(err, &problem) {
		t.Fatalf("error without a code: %v", err)
	}
	return problem
}

func TestPrefectures(t *testing.T) {
	all := japan.Prefectures()
	if len(all) != 48 {
		t.Fatalf("R17: %d places, want 47 prefectures and overseas", len(all))
	}
	seen := map[string]bool{}
	for i, p := range all[:47] {
		if want := fmt.Sprintf("%02d", i+1); p.Code != want {
			t.Errorf("R17: place %d has code %q, want %q", i, p.Code, want)
		}
		if last := []rune(p.JA)[len([]rune(p.JA))-1]; !strings.ContainsRune("都道府県", last) {
			t.Errorf("%s %q is no prefecture", p.Code, p.JA)
		}
		if p.EN == "" || seen[p.JA] || seen[p.EN] {
			t.Errorf("%s: name missing or given twice: %q, %q", p.Code, p.JA, p.EN)
		}
		seen[p.JA], seen[p.EN] = true, true
	}
	if diff := cmp.Diff(japan.Place{Code: "99", JA: "海外", EN: "Overseas"}, all[47]); diff != "" {
		t.Errorf("R17: overseas (-want +got):\n%s", diff)
	}
	all[12].JA = "changed"
	if p, _ := japan.Prefecture("13"); p.JA != "東京都" {
		t.Error("a caller's change reached the list")
	}
}

func TestPrefecture(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"first", "01", "北海道"}, {"Tokyo", "13", "東京都"}, {"Osaka", "27", "大阪府"}, {"last", "47", "沖縄県"},
		{"overseas", "99", "海外"},
		{"hard case 7: beyond the last", "48", ""},
		{"hard case 7: one digit", "1", ""},
		{"none", "00", ""}, {"empty", "", ""}, {"full width", "１３", ""}, {"space", "13 ", ""}, {"name", "東京都", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, ok := japan.Prefecture(tt.code)
			if diff := cmp.Diff(tt.want, p.JA); diff != "" || ok != (tt.want != "") {
				t.Errorf("Prefecture(%q) ok=%v (-want +got):\n%s", tt.code, ok, diff)
			}
		})
	}
}

func TestPostalCode(t *testing.T) {
	tests := []struct {
		name, typed, want string
		problem           text.Problem
	}{
		{"plain", "105-0004", "105-0004", ""},
		{"digits alone", "1050004", "105-0004", ""},
		{"hard case 7: full width", "１０５－０００４", "105-0004", ""},
		{"hard case 7: U+2010", "105‐0004", "105-0004", ""},
		{"hard case 7: 〒 and ー", "〒105ー0004", "105-0004", ""},
		{"minus", "105−0004", "105-0004", ""},
		{"〒 and a space", "　〒　１０５　０００４ ", "105-0004", ""},
		{"spaces around the hyphen", "105 - 0004", "105-0004", ""},
		{"zeros at the start", "0010010", "001-0010", ""},
		{"six digits", "105-004", "", japan.PostalCodeLength},
		{"eight digits", "10500045", "", japan.PostalCodeLength},
		{"five digits of old", "105", "", japan.PostalCodeLength},
		{"hyphen elsewhere", "1050-004", "", japan.PostalCodeLength},
		{"two hyphens", "105--0004", "", japan.PostalCodeCharacter},
		{"letters", "SW1A 2AA", "", japan.PostalCodeCharacter},
		{"kanji digits", "一〇五-〇〇〇四", "", japan.PostalCodeCharacter},
		{"Arabic digits", "١٠٥-٠٠٠٤", "", japan.PostalCodeCharacter},
		{"nothing", " ", "", text.Empty},
		{"only 〒", "〒", "", text.Empty},
		{"hard case 4: line feed", "105-0004\n", "", text.ControlCharacter},
		{"hard case 2: U+200B", "105\u200b0004", "", text.InvisibleCharacter},
		{"hard case 3: not UTF-8", "105\x810004", "", text.NotUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := japan.PostalCode(tt.typed)
			if diff := cmp.Diff(tt.problem, problemOf(t, err)); diff != "" {
				t.Fatalf("problem of %q (-want +got):\n%s", tt.typed, diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("PostalCode(%q) (-want +got):\n%s", tt.typed, diff)
			}
		})
	}
}

func TestTelephoneAccepts(t *testing.T) {
	number := func(display, e164 string) japan.Number { return japan.Number{Display: display, E164: e164} }
	tokyo := number("03-1234-5678", "+81312345678")
	tests := []struct {
		name, typed string
		want        japan.Number
	}{
		{"plain", "03-1234-5678", tokyo},
		{"digits alone", "0312345678", tokyo},
		{"full width", "０３－１２３４－５６７８", tokyo},
		{"long vowel marks", "03ー1234ー5678", tokyo},
		{"parentheses", "（03）1234-5678", tokyo},
		{"parentheses inside", "03(1234)5678", tokyo},
		{"spaces", "03 1234 5678", tokyo},
		{"dots", "03.1234.5678", tokyo},
		{"hard case 7: 0081", "0081-3-1234-5678", tokyo},
		{"hard case 7: +81(0)3", "+81(0)3-1234-5678", tokyo},
		{"0081 with (0)", "0081 (0)3 1234 5678", tokyo},
		{"+81 in full width", "＋８１－３－１２３４－５６７８", tokyo},
		{"+81 with the 0 kept", "+81-03-1234-5678", tokyo},
		{"+81 and digits alone", "+81312345678", tokyo},
		{"+81 in parentheses", "(+81) 3-1234-5678", tokyo},
		{"from a Japanese line abroad", "010-81-3-1234-5678", tokyo},
		{"too many groups", "03-12-34-56-78", tokyo},
		{"a group of one digit", "0-312345678", tokyo},
		{"hard case 7: extension", "03-1234-5678 内線12",
			japan.Number{Display: "03-1234-5678 内線12", E164: "+81312345678", Extension: "12"}},
		{"extension in parentheses", "０３－１２３４－５６７８（内線　１２）",
			japan.Number{Display: "03-1234-5678 内線12", E164: "+81312345678", Extension: "12"}},
		{"extension, short, with a zero", "03-1234-5678(内)012",
			japan.Number{Display: "03-1234-5678 内線012", E164: "+81312345678", Extension: "012"}},
		{"extension in English", "+81 3-1234-5678 Ext. 12",
			japan.Number{Display: "03-1234-5678 ext. 12", E164: "+81312345678", Extension: "12"}},
		{"extension with x", "0312345678x7",
			japan.Number{Display: "03-1234-5678 ext. 7", E164: "+81312345678", Extension: "7"}},
		{"extension abroad", "+1 212-555-0100 #4321",
			japan.Number{Display: "+1 212-555-0100 ext. 4321", E164: "+12125550100", Extension: "4321"}},
		{"long area code, own hyphens", "0422-12-3456", number("0422-12-3456", "+81422123456")},
		{"long area code, digits alone", "0422123456", number("0422123456", "+81422123456")},
		{"longest area code", "04992-1-2345", number("04992-1-2345", "+81499212345")},
		{"Osaka", "0612345678", number("06-1234-5678", "+81612345678")},
		{"mobile", "09012345678", number("090-1234-5678", "+819012345678")},
		{"mobile, own hyphens", "080-12345678", number("080-12345678", "+818012345678")},
		{"mobile with +81", "+81 70 1234 5678", number("070-1234-5678", "+817012345678")},
		{"060", "06012345678", number("060-1234-5678", "+816012345678")},
		{"IP telephone", "05012345678", number("050-1234-5678", "+815012345678")},
		{"freephone 0120", "0120123456", number("0120-123-456", "+81120123456")},
		{"freephone 0800", "08001234567", number("0800-123-4567", "+818001234567")},
		{"navi dial", "0570-012-345", number("0570-012-345", "+81570012345")},
		{"Thailand", "+66 2 123 4567", number("+66 2 123 4567", "+6621234567")},
		{"Thailand with 00", "0066-2-123-4567", number("+66-2-123-4567", "+6621234567")},
		{"Britain with (0)", "+44 (0)20 7946 0958", number("+44 20 7946 0958", "+442079460958")},
		{"America with parentheses", "+1 (212) 555-0100", number("+1 212 555-0100", "+12125550100")},
		{"Indonesia from a Japanese line", "010-62-21-1234-5678", number("+62-21-1234-5678", "+622112345678")},
		{"8 digits", "+67312345", number("+67312345", "+67312345")},
		{"15 digits", "+123456789012345", number("+123456789012345", "+123456789012345")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := japan.Telephone(tt.typed)
			if err != nil {
				t.Fatalf("Telephone(%q): %v", tt.typed, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Telephone(%q) (-want +got):\n%s", tt.typed, diff)
			}
		})
	}
}

func TestTelephoneRefuses(t *testing.T) {
	tests := []struct {
		name, typed string
		want        text.Problem
	}{
		{"nothing", "　", text.Empty},
		{"without area code", "1234-5678", japan.PhonePrefix},
		{"country without +", "81-3-1234-5678", japan.PhonePrefix},
		{"country that begins with 0", "+0312345678", japan.PhonePrefix},
		{"emergency", "110", japan.PhonePrefix},
		{"9 digits", "03-1234-567", japan.PhoneLength},
		{"11 digits at a line", "03-1234-56789", japan.PhoneLength},
		{"mobile with 10 digits", "090-1234-567", japan.PhoneLength},
		{"freephone with 11 digits", "0120-1234-567", japan.PhoneLength},
		{"+81 with a digit too few", "+81 3 1234 567", japan.PhoneLength},
		{"+81 with two zeros", "+81 00 1234 5678", japan.PhoneLength},
		{"+81 alone", "+81", japan.PhoneLength},
		{"Korean mobile without its country", "010-1234-5678", japan.PhoneLength},
		{"7 digits abroad", "+6731234", japan.PhoneLength},
		{"16 digits abroad", "+1234567890123456", japan.PhoneLength},
		{"two numbers", "03-1234-5678, 090-1234-5678", japan.PhoneCharacter},
		{"words", "なし", japan.PhoneCharacter},
		{"two +", "++81312345678", japan.PhoneCharacter},
		{"Arabic digits", "٠٣-١٢٣٤-٥٦٧٨", japan.PhoneCharacter},
		{"extension without digits", "03-1234-5678 内線", japan.PhoneExtension},
		{"extension with words", "03-1234-5678 内線12 山田", japan.PhoneExtension},
		{"extension of 9 digits", "03-1234-5678 内線123456789", japan.PhoneExtension},
		{"only an extension", "内線12", japan.PhonePrefix},
		{"hard case 4: line feed", "03-1234-5678\n", text.ControlCharacter},
		{"hard case 2: bidi", "\u202a03-1234-5678\u202c", text.InvisibleCharacter},
		{"hard case 3: not UTF-8", "03\xff", text.NotUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := japan.Telephone(tt.typed)
			if diff := cmp.Diff(tt.want, problemOf(t, err)); diff != "" {
				t.Errorf("Telephone(%q) = %+v, problem (-want +got):\n%s", tt.typed, got, diff)
			}
		})
	}
}

// TestTelephoneAnyGrouping: one number in any grouping and with any prefix of Japan has one key.
func TestTelephoneAnyGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		national := rapid.StringMatching("[1-4][0-9]{8}|[5-9]0[0-9]{8}").Draw(t, "national")
		prefix := rapid.SampledFrom([]string{"0", "０", "+81", "+81(0)", "+81 0", "0081-", "010-81-", "（0"}).Draw(t, "prefix")
		typed := prefix
		for _, digit := range national {
			typed += rapid.SampledFrom([]string{"", "", "-", " ", "ー", "．", "）", " - "}).Draw(t, "between") + string(digit)
		}
		got, err := japan.Telephone(typed)
		if err != nil {
			t.Fatalf("Telephone(%q): %v", typed, err)
		}
		if got.E164 != "+81"+national {
			t.Fatalf("Telephone(%q) is %s", typed, got.E164)
		}
	})
}

func FuzzTelephone(f *testing.F) {
	for _, seed := range []string{"03-1234-5678 内線12", "+81(0)3-1234-5678", "0081-90-1234-5678", "+66 2 123 4567", "(", "+", "+81", "010",
		"0120123456x1", "Ｋ内線", "+1 (0)(0) 212.555.0100 ext 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := japan.Telephone(typed)
		if problemOf(t, err) != "" {
			return
		}
		if len(got.E164) < 9 || len(got.E164) > 16 || strings.Trim(got.E164[1:], "0123456789") != "" {
			t.Fatalf("%q is no E.164 number", got.E164)
		}
		again, err := japan.Telephone(got.Display)
		if err != nil {
			t.Fatalf("Telephone(%q) of the accepted %q: %v", got.Display, typed, err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatalf("Telephone(%q) of the accepted %q (-want +got):\n%s", got.Display, typed, diff)
		}
	})
}

func FuzzPostalCode(f *testing.F) {
	for _, seed := range []string{"〒105ー0004", "１０５０００４", "105 - 0004", "-", "〒"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := japan.PostalCode(typed)
		if problemOf(t, err) != "" {
			return
		}
		if len(got) != 8 || got[3] != '-' || strings.Trim(got[:3]+got[4:], "0123456789") != "" {
			t.Fatalf("PostalCode(%q) = %q", typed, got)
		}
	})
}
