package bulletin_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/policy"
)

// textOf is the text part of a body, without the footer, as one recipient reads it.
func textOf(t *testing.T, markdown string, l policy.Language) string {
	t.Helper()
	text, err := bulletin.TextPart(bulletin.Content{Subject: "x", BodyMarkdown: markdown}, frame(policy.EventInformation, l))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTextPart(t *testing.T) {
	for _, test := range []struct{ name, markdown, want string }{
		{"line breaks stay", "東京都港区\n新橋6-17-19", "東京都港区\n新橋6-17-19"},
		{"fields stay as they are written", "{{name|皆}}様 {{ title }}", "{{name|皆}}様 {{title}}"},
		{"no fields", `\{{name}} {{{name}}}`, `\{{name}} {{{name}}}`},
		{"a link", "[案内](https://a.example/x?a=1&b=2)", "案内 <https://a.example/x?a=1&b=2>"},
		{"a link that is its own text", "<https://a.example/>と[https://a.example/](https://a.example/)", "https://a.example/ とhttps://a.example/"},
		{"an address in brackets", "（https://a.example/x）", "（https://a.example/x ）"},
		{"mail", "[広報](mailto:pr@example.jp) <pr@example.jp>", "広報 <pr@example.jp> pr@example.jp"},
		{"the own link", "[確認]({{link}})と{{link}}です", "確認 <{{link}}>と{{link}} です"},
		{"a button", "**[申し込む](https://a.example/)**", "▼ 申し込む\nhttps://a.example/"},
		{"headings", "# 一\n## 二\n### 三\n#### 四", strings.Repeat("━", 35) + "\n一\n" + strings.Repeat("━", 35) + "\n\n■ 二\n" + strings.Repeat("─", 35) + "\n\n◆ 三\n\n◇ 四"},
		{"a row of hyphens is no heading", "文\n---\n次", "文\n\n" + strings.Repeat("─", 35) + "\n\n次"},
		{"lists", "- a\n- b\n  - c\n\n7. d\n8. e\n\n   f", "・a\n・b\n  ・c\n\n7. d\n8. e\n   f"},
		{"a quotation", "> 一\n> 二\n>\n> 三", "> 一\n> 二\n>\n> 三"},
		{"code", "```\na  b\n  {{name}}\n```", "a  b\n  {{name}}"},
		{"indented lines are text", "一\n\n    二", "一\n\n二"},
		{"a narrow table", "| a | 項目 |\n|---|---|\n| 1 | x |\n| 22 | y |", "a   項目\n────\n1   x\n22  y"},
		{"a wide table", "| 日時 | 場所 |\n|---|---|\n| 25日 | " + strings.Repeat("東", 40) + " |\n| 26日 | 大阪 |",
			"・日時：25日\n  場所：" + strings.Repeat("東", 31) + "\n  " + strings.Repeat("東", 9) + "\n・日時：26日\n  場所：大阪"},
		{"a bar in a table", "| a |\n|---|\n| {{name|皆}} |", "a\n─────\n{{name|皆}}"},
		{"a picture", "![会場の写真](https://www.asean.or.jp/a.png)", "[画像：会場の写真]"},
		{"no signs at the ends of lines (JIS X 4051)", strings.Repeat("あ", 34) + "「い」。", strings.Repeat("あ", 34) + "\n「い」。"},
		{"a full stop hangs on its letter", strings.Repeat("あ", 35) + "。", strings.Repeat("あ", 34) + "\nあ。"},
		{"words are not broken", strings.Repeat("word ", 13) + "internationalisation", strings.TrimSpace(strings.Repeat("word ", 13)) + "\ninternationalisation"},
		{"addresses are not broken", "案内はhttps://a.example/" + strings.Repeat("x", 90) + "です", "案内は\nhttps://a.example/" + strings.Repeat("x", 90) + "\nです"},
		{"hard case 1: letters stay whole", strings.Repeat("葛\U000E0100", 36), strings.Repeat("葛\U000E0100", 35) + "\n葛\U000E0100"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, textOf(t, test.markdown, policy.Japanese)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Emphasis beside brackets works in Japanese, and underlines in addresses make none.
func TestEmphasis(t *testing.T) {
	for markdown, want := range map[string]string{
		"**「重要」**です":      "<strong>「重要」</strong>です",
		"これは**重要（必読）**です": "これは<strong>重要（必読）</strong>です",
		"*注意！*次":          "<em>注意！</em>次",
		"a **b** c":       "a <strong>b</strong> c",
		"***両方***です":      "<em><strong>両方</strong></em>です",
		"2 * 3 * 4":       "2 * 3 * 4",
		"file_name_x":     "file_name_x",
		"**{{name}}**様":   "<strong>山田 花子</strong>様",
		"~~取り消し~~":        "~~取り消し~~",
		"`**a**`":         `**a**</code>`,
	} {
		b, err := bulletin.Compile(bulletin.Content{Subject: "x", BodyMarkdown: markdown}, frame(policy.PressRelease, policy.Japanese))
		if err != nil {
			t.Fatalf("%s: %v", markdown, err)
		}
		_, page, _, err := b.Render(hanako())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, want) {
			t.Errorf("%s is not %s", markdown, want)
		}
	}
}

// A mail has one heading of the first level: the body's own where it begins with one, otherwise the subject.
func TestHeading(t *testing.T) {
	for markdown, want := range map[string]string{
		"文":             "h1 件名",
		"# 題\n\n文":      "h1 題",
		"# 題\n\n## 節":   "h1 題|h2 節",
		"# 題\n\n# 節":    "h1 題|h2 節",
		"文\n\n# 一\n# 二": "h1 件名|h2 一|h2 二",
		"## 一\n### 二":   "h1 件名|h2 一|h3 二",
		"# {{name}}様へ":  "h1 山田 花子様へ",
	} {
		b, err := bulletin.Compile(bulletin.Content{Subject: "件名", BodyMarkdown: markdown}, frame(policy.PressRelease, policy.Japanese))
		if err != nil {
			t.Fatalf("%s: %v", markdown, err)
		}
		_, page, _, err := b.Render(hanako())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range headings.FindAllStringSubmatch(page, -1) {
			got = append(got, m[1]+" "+m[2])
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("%q: %s", markdown, diff)
		}
	}
}

// The generated text part, given back as one that was edited, is the same mail; a text edited by hand is sent as it is.
func TestTextPartGivenBack(t *testing.T) {
	for _, s := range samples() {
		s.content.Text = ""
		check(t, s.name, s.content, s.frame)
	}
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"{", "{{", "}}", "\\", "x", "{{name}}", "{{title|a}}", " ", "\n", "- ", "あ", "|"}), 1, 12)
	rapid.Check(t, func(rt *rapid.T) {
		c := bulletin.Content{Subject: "x", BodyMarkdown: "x" + strings.Join(pieces.Draw(rt, "pieces"), "") + "x"}
		if _, err := bulletin.Compile(c, frame(policy.EventInformation, policy.Japanese)); err == nil {
			check(rt, "any", c, frame(policy.EventInformation, policy.Japanese))
		}
	})
}

func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, name string, c bulletin.Content, f bulletin.Frame) {
	t.Helper()
	texts := make([]string, 2)
	for i := range texts {
		b, err := bulletin.Compile(c, f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, _, texts[i], err = b.Render(hanako()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Text, err = bulletin.TextPart(c, f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
		t.Fatalf("%s: given back as %q it is another text: %s", name, c.Text, diff)
	}
}

// Nothing that staff write vanishes, however it is indented, nested or marked.
func TestNothingVanishes(t *testing.T) {
	before := rapid.SampledFrom([]string{"", " ", "    ", "\t", "        ", "- ", "1. ", "  - ", "    - ", "> ", ">     ", "# ", "#### ", "####### ", "```\n", "| ", "|---|\n", "\n", "\n\n", "***\n",
		"* ", "+ ", "\u3000", "<!-- ", "<div>\n", "<", "[", "![", "**", "`", "\\", "{{", "=\n", "---\n", "~~~ ", "[^1]: ", ": "})
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		n := rapid.IntRange(1, 8).Draw(t, "lines")
		for i := range n {
			for range rapid.IntRange(0, 3).Draw(t, "marks") {
				b.WriteString(before.Draw(t, "mark"))
			}
			b.WriteString("word" + string(rune('A'+i)) + rapid.SampledFrom([]string{"\n", "\n\n", "|\n", " |\n", "`\n", "**\n", "]\n", "> \n"}).Draw(t, "end"))
		}
		bulletinOf, err := bulletin.Compile(bulletin.Content{Subject: "x", BodyMarkdown: b.String()}, frame(policy.PressRelease, policy.Japanese))
		if err != nil {
			return
		}
		_, page, text, err := bulletinOf.Render(hanako())
		if err != nil {
			t.Fatal(err)
		}
		shown, _ := structure(t, page)
		for i := range n {
			word := "word" + string(rune('A'+i))
			if !strings.Contains(shown, word) || !strings.Contains(text, word) {
				t.Fatalf("%s has vanished from %q: in HTML %t, in the text %t", word, b.String(), strings.Contains(shown, word), strings.Contains(text, word))
			}
		}
	})
}
