package address_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/address"
	"madoguchi/shared/text"
)

// forms are the four faces of an accepted address.
type forms struct{ Display, ASCII, Normal, Domain string }

func formsOf(a address.Address) forms {
	return forms{a.Display(), a.ASCII(), a.Normal(), a.Domain()}
}

// label63 is the longest label that a domain may have.
var label63 = strings.Repeat("d", 63)

// longest is an address of exactly 254 octets: 64 before the @, and a domain of 189.
var longest = strings.Repeat("l", 64) + "@" + label63 + "." + label63 + "." + strings.Repeat("e", 58) + ".jp"

func TestParseAccepts(t *testing.T) {
	tests := []struct {
		name, typed string
		want        forms
	}{
		{"ordinary", "taro@example.jp",
			forms{"taro@example.jp", "taro@example.jp", "taro@example.jp", "example.jp"}},
		{"capitals are shown and folded for the key", "Taro.Yamada@Example.JP",
			forms{"Taro.Yamada@Example.JP", "Taro.Yamada@example.jp", "taro.yamada@example.jp", "example.jp"}},
		{"every character of a local part", "!#$%&'*+-/=?^_`{|}~@example.jp",
			forms{"!#$%&'*+-/=?^_`{|}~@example.jp", "!#$%&'*+-/=?^_`{|}~@example.jp", "!#$%&'*+-/=?^_`{|}~@example.jp", "example.jp"}},
		{"white space around", "\t　 taro@example.jp 　",
			forms{"taro@example.jp", "taro@example.jp", "taro@example.jp", "example.jp"}},
		{"hard case 8: full-width ＠", "taro＠example.jp",
			forms{"taro@example.jp", "taro@example.jp", "taro@example.jp", "example.jp"}},
		{"hard case 8: all full width, with 。", "ｔａｒｏ．ｙ＠ｅｘａｍｐｌｅ。ｊｐ",
			forms{"taro.y@example.jp", "taro.y@example.jp", "taro.y@example.jp", "example.jp"}},
		{"hard case 8: two dots", "a..b@docomo.ne.jp",
			forms{"a..b@docomo.ne.jp", `"a..b"@docomo.ne.jp`, "a..b@docomo.ne.jp", "docomo.ne.jp"}},
		{"hard case 8: dot at the end", "a.@ezweb.ne.jp",
			forms{"a.@ezweb.ne.jp", `"a."@ezweb.ne.jp`, "a.@ezweb.ne.jp", "ezweb.ne.jp"}},
		{"dot at the start", ".a@softbank.ne.jp",
			forms{".a@softbank.ne.jp", `".a"@softbank.ne.jp`, ".a@softbank.ne.jp", "softbank.ne.jp"}},
		{"typed with quotes that the wire needs", `"a..b"@docomo.ne.jp`,
			forms{"a..b@docomo.ne.jp", `"a..b"@docomo.ne.jp`, "a..b@docomo.ne.jp", "docomo.ne.jp"}},
		{"typed with needless quotes", `"taro"@example.jp`,
			forms{"taro@example.jp", "taro@example.jp", "taro@example.jp", "example.jp"}},
		{"needless backslashes", `"\t\a\r\o"@example.jp`,
			forms{"taro@example.jp", "taro@example.jp", "taro@example.jp", "example.jp"}},
		{"an @ in quotes", `"a@b"@example.jp`,
			forms{`"a@b"@example.jp`, `"a@b"@example.jp`, "a@b@example.jp", "example.jp"}},
		{"quotes and backslashes in quotes", `"a\"\\b"@example.jp`,
			forms{`"a\"\\b"@example.jp`, `"a\"\\b"@example.jp`, `a"\b@example.jp`, "example.jp"}},
		{"hard case 8: Japanese domain", "x@例え.jp",
			forms{"x@例え.jp", "x@xn--r8jz45g.jp", "x@xn--r8jz45g.jp", "xn--r8jz45g.jp"}},
		{"Japanese domain with Japanese dots and full width", "x@例え。ＪＰ",
			forms{"x@例え.jp", "x@xn--r8jz45g.jp", "x@xn--r8jz45g.jp", "xn--r8jz45g.jp"}},
		{"half-width ideographic dot", "x@例え｡jp",
			forms{"x@例え.jp", "x@xn--r8jz45g.jp", "x@xn--r8jz45g.jp", "xn--r8jz45g.jp"}},
		{"domain typed in Punycode", "x@XN--R8JZ45G.jp",
			forms{"x@例え.jp", "x@xn--r8jz45g.jp", "x@xn--r8jz45g.jp", "xn--r8jz45g.jp"}},
		{"top level in Japanese", "x@例え.みんな",
			forms{"x@例え.みんな", "x@xn--r8jz45g.xn--q9jyb4c", "x@xn--r8jz45g.xn--q9jyb4c", "xn--r8jz45g.xn--q9jyb4c"}},
		{"domain of digits below a named top level", "x@163.com",
			forms{"x@163.com", "x@163.com", "x@163.com", "163.com"}},
		{"hard case 8: 254 octets", longest, forms{longest, longest, longest, longest[65:]}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := address.Parse(tt.typed)
			if err != nil {
				t.Fatalf("Parse(%q): %v", tt.typed, err)
			}
			if diff := cmp.Diff(tt.want, formsOf(a)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.typed, diff)
			}
			for _, form := range []string{a.Display(), a.ASCII()} {
				again, err := address.Parse(form)
				if err != nil {
					t.Fatalf("Parse(%q) of an accepted address: %v", form, err)
				}
				if diff := cmp.Diff(a.Normal(), again.Normal()); diff != "" {
					t.Errorf("Parse(%q) is another address (-want +got):\n%s", form, diff)
				}
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, typed string
		want        text.Problem
	}{
		{"nothing", "", text.Empty},
		{"hard case 2: only U+3000", "　　", text.Empty},
		{"hard case 2: U+200B inside", "ta\u200bro@example.jp", text.InvisibleCharacter},
		{"hard case 2: U+200B at the end", "taro@example.jp\u200b", text.InvisibleCharacter},
		{"hard case 2: U+202E", "taro\u202e@example.jp", text.InvisibleCharacter},
		{"joiner in the domain", "taro@exa\u200dmple.jp", text.InvisibleCharacter},
		{"variation selector in the local part", "taro\ufe0f@example.jp", text.InvisibleCharacter},
		{"soft hyphen, which IDNA would drop", "taro@exam\u00adple.jp", text.InvisibleCharacter},
		{"hard case 3: Shift_JIS", "\x93\xfa\x96{@example.jp", text.NotUTF8},
		{"hard case 3: U+FFFD", "taro@ex\ufffdmple.jp", text.ReplacementCharacter},
		{"hard case 4: header injection", "taro@example.jp\r\nBcc: x@example.com", text.ControlCharacter},
		{"hard case 4: line feed at the end", "taro@example.jp\n", text.ControlCharacter},
		{"hard case 4: NUL", "taro\x00@example.jp", text.ControlCharacter},
		{"hard case 4: U+2028", "taro@example.jp\u2028x", text.ControlCharacter},
		{"hard case 8: display name", "Bob <a@x.jp>", address.DisplayName},
		{"display name in quotes", `"Bob" <a@x.jp>`, address.DisplayName},
		{"angle brackets in full width", "＜a@x.jp＞", address.DisplayName},
		{"comment", "a@x.jp (Bob)", address.Comment},
		{"two addresses", "a@x.jp,b@x.jp", address.Several},
		{"two addresses with 、", "a@x.jp、b@x.jp", address.Several},
		{"two addresses with a space", "a@x.jp b@x.jp", address.Space},
		{"no @", "taro.example.jp", address.NoAt},
		{"two @", "a@b@example.jp", address.SeveralAt},
		{"two @ after a quoted local part", `"a"@b@example.jp`, address.SeveralAt},
		{"nothing before the @", "@example.jp", address.LocalEmpty},
		{"only dots before the @", "...@example.jp", address.LocalEmpty},
		{"empty quotes", `""@example.jp`, address.LocalEmpty},
		{"hard case 8: Japanese local part", "日本@example.jp", address.LocalNotASCII},
		{"Japanese local part in quotes", `"日本"@example.jp`, address.LocalNotASCII},
		{"accent in the local part", "andré@example.jp", address.LocalNotASCII},
		{"space in quotes", `"a b"@example.jp`, address.Space},
		{"a link", "mailto:taro@example.jp", address.LocalBad},
		{"quote inside", `ta"ro@example.jp`, address.LocalBad},
		{"quote without end", `"taro@example.jp`, address.LocalBad},
		{"backslash at the end", `"taro\`, address.LocalBad},
		{"text after the quotes", `"ta"ro@example.jp`, address.LocalBad},
		{"65 characters before the @", strings.Repeat("l", 65) + "@example.jp", address.LocalTooLong},
		{"64 with the quotes that the wire adds", strings.Repeat("l", 62) + ".@example.jp", address.LocalTooLong},
		{"hard case 8: 255 octets", longest[:len(longest)-3] + "e.jp", text.LengthExceeded},
		{"255 octets only in Punycode", strings.Repeat("l", 64) + "@" + label63 + "." + label63 + "." + "国際機関日本アセアンセンター貿易投資観光.国際機関.jp",
			text.LengthExceeded},
		{"no domain", "taro@", address.DomainNoDot},
		{"domain without a dot", "taro@localhost", address.DomainNoDot},
		{"IP literal", "taro@[192.0.2.1]", address.DomainIP},
		{"IP address", "taro@192.0.2.1", address.DomainIP},
		{"two dots in the domain", "taro@example..jp", address.DomainBad},
		{"dot at the start of the domain", "taro@.example.jp", address.DomainBad},
		{"dot at the end of the domain", "taro@example.jp.", address.DomainBad},
		{"hyphen at the start of a label", "taro@-example.jp", address.DomainBad},
		{"hyphen at the end of a label", "taro@example-.jp", address.DomainBad},
		{"underscore in the domain", "taro@ex_ample.jp", address.DomainBad},
		{"label of 64", "taro@" + label63 + "d.jp", address.DomainBad},
		{"top level of one letter", "taro@example.j", address.DomainBad},
		{"false Punycode", "taro@xn--a.jp", address.DomainBad},
		{"symbol in a Japanese domain", "taro@例_え.jp", address.DomainBad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := address.Parse(tt.typed)
			var got text.Problem
			if !errors.As(err, &got) {
				t.Fatalf("Parse(%q) = %q, %v; want %s", tt.typed, a.Display(), err, tt.want)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.typed, diff)
			}
		})
	}
}

func TestKey(t *testing.T) {
	secret := []byte("a secret of the test")
	parse := func(typed string) address.Address {
		t.Helper()
		a, err := address.Parse(typed)
		if err != nil {
			t.Fatalf("Parse(%q): %v", typed, err)
		}
		return a
	}
	want := parse("x@例え.jp").Key(secret)
	// A golden value: another algorithm would orphan every stored suppression (the key is never rotated).
	if diff := cmp.Diff("c886ebf24a6d7f991a89ca49d93d2ecf", want); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	for _, same := range []string{"X@例え.jp", "x@xn--r8jz45g.jp", `"x"@例え。ＪＰ`} {
		if diff := cmp.Diff(want, parse(same).Key(secret)); diff != "" {
			t.Errorf("key of %q (-want +got):\n%s", same, diff)
		}
	}
	if parse("y@例え.jp").Key(secret) == want {
		t.Error("another address has the same key")
	}
	if parse("x@例え.jp").Key([]byte("another secret")) == want {
		t.Error("another secret gives the same key")
	}
}

func TestKeyPanics(t *testing.T) {
	a, err := address.Parse("taro@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]func(){
		"without a secret": func() { a.Key(nil) },
		"of no address":    func() { address.Address{}.Key([]byte("secret")) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("a key was made")
				}
			}()
			key()
		})
	}
}

// TestPrintedByMistake holds that no part of an address reaches a log through fmt (hard case 33).
func TestPrintedByMistake(t *testing.T) {
	a, err := address.Parse("taro@example.jp")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%v %+v %#v %s %v", a, a, a, a, []address.Address{a})
	if diff := cmp.Diff("[address] [address] [address] [address] [[address]]", got); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

func TestZero(t *testing.T) {
	var a address.Address
	if diff := cmp.Diff(forms{}, formsOf(a)); diff != "" || !a.IsZero() {
		t.Errorf("zero address, IsZero %v (-want +got):\n%s", a.IsZero(), diff)
	}
}

// TestAnyLocalPart draws local parts of dots and atext: each is accepted, and its wire form is the same address.
func TestAnyLocalPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching("[a-z0-9.!#$%&'*+/=?^_`{|}~-]{0,30}[a-z0-9][.a-z]{0,30}").Draw(t, "local")
		a, err := address.Parse(local + "@docomo.ne.jp")
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		again, err := address.Parse(a.ASCII())
		if err != nil {
			t.Fatalf("wire form refused: %v", err)
		}
		if again.Normal() != local+"@docomo.ne.jp" {
			t.Fatalf("wire form is another address: %q", again.Normal())
		}
		dotAtom := !strings.HasPrefix(local, ".") && !strings.HasSuffix(local, ".") && !strings.Contains(local, "..")
		if quoted := strings.HasPrefix(a.ASCII(), `"`); quoted == dotAtom {
			t.Fatalf("quoted: %v, dot-atom: %v", quoted, dotAtom)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"taro@example.jp", "a..b@docomo.ne.jp", `"a\"b@c"@x.jp`, "x@例え。jp", "x@XN--R8JZ45G.JP",
		"Bob <a@x.jp>", "日本@example.jp", "a\u200b@x.jp", "a@[::1]", "x@مثال.إختبار", "x@faß.de", longest, "@", `"`, "a\r\n@x.jp"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		a, err := address.Parse(typed)
		if err != nil {
			var problem text.Problem
			if !errors.As(err, &problem) {
				t.Fatalf("error without a code: %v", err)
			}
			return
		}
		wire := a.ASCII()
		if len(wire) > 254 || strings.ContainsFunc(wire, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Fatalf("not fit for the wire: %q", wire)
		}
		for _, form := range []string{wire, a.Display()} {
			again, err := address.Parse(form)
			if err != nil {
				t.Fatalf("Parse(%q) of the accepted %q: %v", form, typed, err)
			}
			if diff := cmp.Diff(formsOf(a).Normal, formsOf(again).Normal); diff != "" {
				t.Fatalf("Parse(%q) of the accepted %q (-want +got):\n%s", form, typed, diff)
			}
		}
		if suggestion := address.Suggest(a); suggestion != "" {
			if _, err := address.Parse(suggestion); err != nil {
				t.Fatalf("suggested %q: %v", suggestion, err)
			}
		}
	})
}
