package bulletin_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
)

var (
	colour   = regexp.MustCompile(`#[0-9a-f]{6}\b`)
	headings = regexp.MustCompile(`<(h\d)[^>]*>([^<]*)<`)
)

// structure returns the text of a page, and its tags with the names and number of their attributes.
func structure(t interface{ Helper() }, page string) (text string, tags []string) {
	t.Helper()
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return b.String(), tags
		case html.TextToken:
			b.WriteString(z.Token().Data)
		default:
			token := z.Token()
			tag := kind.String() + " " + token.Data
			for _, a := range token.Attr {
				tag += " " + a.Key
			}
			tags = append(tags, tag)
		}
	}
}

// everywhere has a merge field in every place that takes one.
func everywhere() (bulletin.Content, bulletin.Frame) {
	return bulletin.Content{
		Subject: "{{name}}：{{organization|ご所属}}", Preheader: "{{name}}さまへ",
		BodyMarkdown: "# {{name}}\n\n{{name}}様 **{{name}}** *{{organization}}* `{{name}}` {{{ {{# {{name\n\n" +
			"[{{name}}さまのページ](https://www.asean.or.jp/)\n\n**[{{name}}](https://www.asean.or.jp/{x}?a=%7B)**\n\n" +
			"![{{name}}](https://www.asean.or.jp/a.png)\n\n- {{name}}\n\n> {{name}}\n\n" +
			"| {{name}} | b |\n|---|---|\n| {{name|皆}} | {{organization}} |\n\n```\n{{name}} }}\n```\n\n\\{{{name}}\\\n",
	}, frame(policy.NewsletterIssue, policy.Japanese)
}

var hostile = []string{"<script>alert(1)</script>", "{{x}}", "{{{", "{{{x}}}", "{{#if x}}", "}}", "\\", "\\{{", `"><img src=x onerror=alert(1)>`, "' onclick='x", "&amp; <b>",
	"🧑‍🤝‍🧑", "𠮷野家", "髙﨑", "神\ufa19", "葛\U000E0100", "-->", "]]>", "<![endif]-->", "</style>", "</title>", "</td></tr></table>", "**a**", "[a](https://evil.example/)",
	"\U00100000\U00100001", "=?utf-8?B?44GC?=", "\u200eمرحبا", "%0d%0aBcc: x@example.jp", "{name}", "$&", "林"}

// Hard case 1, and the person's name as an attack: what was typed is what is shown, in every place, and nothing else changes.
func TestHostileValues(t *testing.T) {
	c, f := everywhere()
	b, err := bulletin.Compile(c, f)
	if err != nil {
		t.Fatal(err)
	}
	plain, page, _, err := b.Render(hanako())
	if err != nil {
		t.Fatal(err)
	}
	ordinary, want := structure(t, page)
	times := strings.Count(ordinary, "山田 花子")
	if times < 10 {
		t.Fatalf("the sample shows the name only %d times", times)
	}
	for _, value := range hostile {
		r := hanako()
		r.Values["name"] = value
		subject, page, text, err := b.Render(r)
		if err != nil {
			t.Fatalf("%q: %v", value, err)
		}
		shown, got := structure(t, page)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q changed the structure: %s", value, diff)
		}
		if diff := cmp.Diff(strings.ReplaceAll(ordinary, "山田 花子", value), shown); diff != "" {
			t.Errorf("%q is not shown as it is: %s", value, diff)
		}
		if want := strings.ReplaceAll(plain, "山田 花子", value); subject != want {
			t.Errorf("subject %q, want %q", subject, want)
		}
		if !strings.Contains(text, "\n"+value+"様") {
			t.Errorf("the text part does not show %q", value)
		}
	}
}

// Hard cases 2 and 4: what could end a line or mislead the eye is refused again here, and the error does not repeat it.
func TestRefusedValues(t *testing.T) {
	c, f := everywhere()
	b, err := bulletin.Compile(c, f)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*bulletin.Recipient){
		"line feed":               func(r *bulletin.Recipient) { r.Values["name"] = "secret\nBcc: x@example.jp" },
		"carriage return":         func(r *bulletin.Recipient) { r.Values["name"] = "secret\rx" },
		"line separator":          func(r *bulletin.Recipient) { r.Values["name"] = "secret\u2028x" },
		"NUL":                     func(r *bulletin.Recipient) { r.Values["name"] = "secret\x00" },
		"right-to-left override":  func(r *bulletin.Recipient) { r.Values["organization"] = "secret\u202egnp" },
		"not UTF-8":               func(r *bulletin.Recipient) { r.Values["name"] = "secret\xff" },
		"no link to unsubscribe":  func(r *bulletin.Recipient) { r.Unsubscribe = "" },
		"a link to a script":      func(r *bulletin.Recipient) { r.Preferences = "javascript:secret" },
		"a path":                  func(r *bulletin.Recipient) { r.Unsubscribe = "/secret" },
		"a link with a quote":     func(r *bulletin.Recipient) { r.Unsubscribe = `https://forms.example.jp/"secret` },
		"a link with a line feed": func(r *bulletin.Recipient) { r.Unsubscribe = "https://forms.example.jp/\nsecret" },
		"a link without an end": func(r *bulletin.Recipient) {
			r.Unsubscribe = "https://forms.example.jp/?t=secret" + strings.Repeat("x", 1000)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := hanako()
			change(&r)
			_, err := b.Data(r)
			if !errors.Is(err, edition.ErrRecipient) {
				t.Fatalf("Data: %v, want ErrRecipient", err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds the value: %v", err)
			}
			if _, _, _, err := b.Render(r); !errors.Is(err, edition.ErrRecipient) {
				t.Errorf("Render: %v, want ErrRecipient", err)
			}
		})
	}
}

// Missing and blank values take the fallback; Data gives every variable all the same, because SES sends no mail with a hole in it.
func TestFallbacks(t *testing.T) {
	c := bulletin.Content{Subject: "{{name|皆}}様", BodyMarkdown: "{{name}}／{{ name | お客 & お客 }}／{{name|}}。"}
	b, err := bulletin.Compile(c, frame(policy.PressRelease, policy.Japanese))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ value, subject, text string }{
		"a name":       {"花子", "花子様", "花子／花子／花子。"},
		"empty":        {"", "皆様", "／お客 & お客／。"},
		"only a space": {"\u3000", "皆様", "／お客 & お客／。"},
		"spaces":       {" 花子 ", "花子様", "花子／花子／花子。"},
	} {
		t.Run(name, func(t *testing.T) {
			r := hanako()
			r.Values = map[string]string{"name": test.value}
			if test.value == "" {
				r.Values = nil
			}
			subject, _, text, err := b.Render(r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.subject, test.text}, []string{subject, strings.SplitN(text, "\n", 2)[0]}); diff != "" {
				t.Error(diff)
			}
			data, err := b.Data(r)
			if err != nil {
				t.Fatal(err)
			}
			var given map[string]string
			if err := json.Unmarshal([]byte(data), &given); err != nil {
				t.Fatal(err)
			}
			wanted := map[string]string{}
			for _, m := range regexp.MustCompile(`\{\{(\w+)\}\}`).FindAllStringSubmatch(b.Subject+b.HTML+b.Text, -1) {
				wanted[m[1]] = given[m[1]]
			}
			if diff := cmp.Diff(wanted, given); diff != "" {
				t.Errorf("variables of the template and of the data: %s", diff)
			}
		})
	}
}

// No value changes the structure of the page, whatever it is, or brings braces that SES would read: it reads the template alone.
func TestValuesAreOnlyText(t *testing.T) {
	c, f := everywhere()
	b, err := bulletin.Compile(c, f)
	if err != nil {
		t.Fatal(err)
	}
	_, page, _, err := b.Render(hanako())
	if err != nil {
		t.Fatal(err)
	}
	_, want := structure(t, page)
	nasty := rapid.StringOfN(rapid.SampledFrom([]rune("<>\"'&;{}\\#/=!-[]()*`|~ abxscript\u3000あ𠮷\U00100003")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		r := hanako()
		r.Values["name"] = rapid.OneOf(nasty, rapid.String()).Draw(t, "name")
		r.Values["organization"] = rapid.OneOf(nasty, rapid.String()).Draw(t, "organization")
		_, page, _, err := b.Render(r)
		if errors.Is(err, edition.ErrRecipient) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, got := structure(t, page); !cmp.Equal(want, got) {
			t.Fatalf("the structure changed: %s", cmp.Diff(want, got))
		}
	})
}
