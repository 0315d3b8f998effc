package text_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/text"
)

// names are the texts of hard case 1: each is stored and shown exactly as it was typed.
var names = []string{"𠮷野家", "髙﨑", "神\uFA19", "葛\U000E0100城", "🧑‍🤝‍🧑", "あ", "A", "🏴\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F",
	strings.Repeat("ก", 100), strings.Repeat("ي", 100), "می\u200cخواهم", "abc \u200fשלום\u200e 1", "e\u0301", "ﾔﾏﾀﾞ ﾀﾛｳ", "＝１＋１",
	"\U0001D11E", "ភាសា\u200bខ្មែរ", "外\uE000字", "O'Brien & Söhne <GmbH>"}

func TestLineKeepsWhatWasTyped(t *testing.T) {
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for what, clean := range map[string]func(string) (string, error){"Line": text.Line, "Lines": text.Lines} {
				got, err := clean(name)
				if err != nil {
					t.Fatalf("%s(%+q): %v", what, name, err)
				}
				if diff := cmp.Diff(name, got); diff != "" {
					t.Errorf("hard case 1: %s changed the text (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// cleaned is one row: what a text becomes, or its problem.
type cleaned struct {
	name, typed, want string
	problem           text.Problem
}

func testCleaning(t *testing.T, clean func(string) (string, error), tests []cleaned) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := clean(tt.typed)
			var problem text.Problem
			if err != nil && !errors.As(err, &problem) {
				t.Fatalf("error without a code: %v", err)
			}
			if diff := cmp.Diff(tt.problem, problem); diff != "" {
				t.Fatalf("problem of %+q (-want +got):\n%s", tt.typed, diff)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%+q became (-want +got):\n%s", tt.typed, diff)
			}
		})
	}
}

// everywhere are the rules that one line and several lines share.
var everywhere = []cleaned{
	{name: "nothing"},
	{name: "hard case 2: only U+3000", typed: "　　　"},
	{name: "only spaces of many kinds", typed: " \t\u00a0\u2003\u202f　"},
	{name: "hard case 2: only U+200B", typed: "\u200b\u200b"},
	{name: "only joiners and selectors", typed: "\u200d\ufe0f\U000E0100\u034f\u3164"},
	{name: "only a bidi override", typed: "\u202e"},
	{name: "white space at the end", typed: "山田　太郎 　\t", want: "山田　太郎"},
	{name: "hard case 2: U+202E in an organisation", typed: "ACME\u202e.oc", problem: text.InvisibleCharacter},
	{name: "bidi isolate", typed: "a\u2066b\u2069", problem: text.InvisibleCharacter},
	{name: "hard case 2: U+200B in a word", typed: "ta\u200bro", problem: text.InvisibleCharacter},
	{name: "U+200B at the end", typed: "taro\u200b", problem: text.InvisibleCharacter},
	{name: "U+200B between Khmer and Latin", typed: "ខ\u200ba", problem: text.InvisibleCharacter},
	{name: "byte order mark", typed: "\ufeff山田", problem: text.InvisibleCharacter},
	{name: "word joiner", typed: "a\u2060b", problem: text.InvisibleCharacter},
	{name: "tag characters without a flag", typed: "a\U000E0061\U000E0062", problem: text.InvisibleCharacter},
	{name: "hard case 3: Shift_JIS", typed: "\x8eR\x93c", problem: text.NotUTF8},
	{name: "hard case 3: overlong NUL", typed: "a\xc0\x80", problem: text.NotUTF8},
	{name: "hard case 3: surrogate", typed: "a\xed\xa0\x80", problem: text.NotUTF8},
	{name: "hard case 3: U+FFFD", typed: "山\ufffd", problem: text.ReplacementCharacter},
	{name: "hard case 4: NUL", typed: "a\x00b", problem: text.ControlCharacter},
	{name: "hard case 4: NUL alone", typed: "\x00", problem: text.ControlCharacter},
	{name: "hard case 4: U+2028", typed: "a\u2028b", problem: text.ControlCharacter},
	{name: "hard case 4: U+2029 at the end", typed: "a\u2029", problem: text.ControlCharacter},
	{name: "escape", typed: "\x1b[31ma", problem: text.ControlCharacter},
	{name: "delete", typed: "a\x7f", problem: text.ControlCharacter},
	{name: "C1 control, next line", typed: "a\u0085b", problem: text.ControlCharacter},
	{name: "vertical tab", typed: "a\vb", problem: text.ControlCharacter},
	{name: "noncharacter of the first plane", typed: "a\ufffe", problem: text.Noncharacter},
	{name: "noncharacter of the Arabic block", typed: "a\ufdd0", problem: text.Noncharacter},
	{name: "noncharacter of the last plane", typed: "a\U0010ffff", problem: text.Noncharacter},
}

func TestLine(t *testing.T) {
	testCleaning(t, text.Line, everywhere)
	testCleaning(t, text.Line, []cleaned{
		{name: "white space at the start", typed: "\t　 山田", want: "山田"},
		{name: "hard case 6: a tab before a formula", typed: "\t=1", want: "=1"},
		{name: "hard case 4: LF", typed: "a\nBcc: b", problem: text.ControlCharacter},
		{name: "hard case 4: CR", typed: "a\rb", problem: text.ControlCharacter},
		{name: "hard case 4: CR LF at the end", typed: "a\r\n", problem: text.ControlCharacter},
		{name: "hard case 4: LF at the start", typed: "\n=1", problem: text.ControlCharacter},
		{name: "only LF", typed: " \n ", problem: text.ControlCharacter},
		{name: "tab inside", typed: "a\tb", problem: text.ControlCharacter},
	})
}

func TestLines(t *testing.T) {
	testCleaning(t, text.Lines, everywhere)
	testCleaning(t, text.Lines, []cleaned{
		{name: "line ends of Windows and old Macs", typed: "a\r\nb\rc\nd\r\r\ne", want: "a\nb\nc\nd\n\ne"},
		{name: "empty lines at both ends", typed: "\r\n \r\n拝啓\r\n\r\n敬具\r\n \r\n", want: "拝啓\n\n敬具"},
		{name: "indented first line", typed: "\n　お世話になっております。\n　山田です。", want: "　お世話になっております。\n　山田です。"},
		{name: "tabs inside", typed: "a\tb\n\tc", want: "a\tb\n\tc"},
		{name: "white space within", typed: "a  \n  b", want: "a  \n  b"},
		{name: "only line ends", typed: "\r\n\t\r\n　"},
		{name: "U+200B on a line of its own", typed: "a\n\u200b\nb", problem: text.InvisibleCharacter},
	})
}

func TestGraphemes(t *testing.T) {
	tests := []struct {
		name, s string
		want    int
	}{
		{"nothing", "", 0},
		{"hard case 1: outside the first plane", "𠮷野家", 3},
		{"hard case 1: IVS", "葛\U000E0100", 1},
		{"hard case 1: emoji with joiners", "🧑‍🤝‍🧑", 1},
		{"hard case 1: 100 letters of Thai", strings.Repeat("กำ", 50), 50},
		{"flag", "🇯🇵", 1},
		{"combining accent", "e\u0301", 1},
		{"half-width voiced kana", "ﾀﾞ", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, text.Graphemes(tt.s)); diff != "" {
				t.Errorf("Graphemes(%+q) (-want +got):\n%s", tt.s, diff)
			}
		})
	}
}

func TestTooLong(t *testing.T) {
	tests := []struct {
		name             string
		s                string
		graphemes, bytes int
		want             bool
	}{
		{"as many letters as allowed", strings.Repeat("葛\U000E0100", 5), 5, 0, false},
		{"one letter more", strings.Repeat("葛\U000E0100", 6), 5, 0, true},
		{"as many bytes as allowed", "山田", 0, 6, false},
		{"one byte more", "山田a", 0, 6, true},
		{"one letter of a thousand marks", "e" + strings.Repeat("\u0301", 1000), 1, 100, true},
		{"no limit", strings.Repeat("a", 1000), 0, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := text.TooLong(tt.s, tt.graphemes, tt.bytes); got != tt.want {
				t.Errorf("TooLong = %v, want %v", got, tt.want)
			}
		})
	}
}

// TestCleanProperties draws texts of the characters that the rules speak of.
func TestCleanProperties(t *testing.T) {
	typed := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune(" \t\n\r　\u200b\u200d\u202e\ufeff山aកខ🏴\U000E0067\U000E007F\u2028\u0085")), rapid.Rune()))
	rapid.Check(t, func(t *rapid.T) {
		s := typed.Draw(t, "typed")
		for what, clean := range map[string]func(string) (string, error){"Line": text.Line, "Lines": text.Lines} {
			got, err := clean(s)
			if err != nil {
				continue
			}
			if strings.ContainsAny(got, "\r\u2028\u2029\u202e\ufeff\x00") || what == "Line" && strings.ContainsAny(got, "\n\t") {
				t.Fatalf("%s let through %+q", what, got)
			}
			if !strings.Contains(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s), got) {
				t.Fatalf("%s: %+q is no part of what was typed", what, got)
			}
			again, err := clean(got)
			if err != nil || again != got {
				t.Fatalf("%s: cleaned once %+q, twice %+q, %v", what, got, again, err)
			}
		}
	})
}

func FuzzLines(f *testing.F) {
	for _, name := range names {
		f.Add(name)
	}
	for _, row := range everywhere {
		f.Add(row.typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		line, err := text.Line(typed)
		if err == nil && (!utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x00\ufffd")) {
			t.Fatalf("one line: %+q", line)
		}
		lines, err := text.Lines(typed)
		if err == nil && (!utf8.ValidString(lines) || strings.ContainsAny(lines, "\r\x00\ufffd")) {
			t.Fatalf("several lines: %+q", lines)
		}
		if masked := text.Mask(lines); len(text.FindIdentities(masked)) > 0 {
			t.Fatalf("masked %+q still shows a number: %+q", lines, masked)
		}
	})
}
