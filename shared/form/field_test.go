package form

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"madoguchi/shared/address"
	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
	"madoguchi/shared/web"
)

func field(name string, t policy.FieldType, required bool, maxLength int) Field {
	return Field{Field: policy.Field{Name: name, Label: policy.Text{JA: "項目", EN: "Item"}, Type: t, Required: required, MaxLength: maxLength}}
}

// What is stored for what was typed, or what is said about it (hard cases 1, 2, 4, 7 and 8).
func TestClean(t *testing.T) {
	email, phone, postal := field("f", policy.TypeEmail, true, 254), field("f", policy.TypePhone, true, 0), field("f", policy.TypePostalCode, true, 0)
	line, lines, optional := field("f", policy.TypeText, true, 5), field("f", policy.TypeTextArea, true, 10), field("f", policy.TypePhone, false, 0)
	prefecture := field("f", policy.TypePrefecture, true, 0)
	prefecture.Options = Prefectures()
	for name, c := range map[string]struct {
		field             Field
		typed, want, code string
	}{
		"spaces at the ends":     {line, " 　山 田\t", "山 田", ""},
		"five letters":           {line, "葛󠄀𠮷🧑‍🤝‍🧑髙﨑", "葛󠄀𠮷🧑‍🤝‍🧑髙﨑", ""},
		"six letters":            {line, "葛󠄀𠮷🧑‍🤝‍🧑髙﨑神", "", "too_long"},
		"never normalised":       {line, "神＝１", "神＝１", ""},
		"spaces only":            {line, "　　", "", "required"},
		"line feed at the end":   {line, "山\n", "", "control_character"},
		"lines":                  {lines, "a\r\n\r\n　b\r", "a\n\n　b", ""},
		"lines, vertical tab":    {lines, "a\vb", "", "control_character"},
		"lines, nothing":         {lines, "\r\n　\r\n", "", "required"},
		"full-width at":          {email, "hanako＠example.jp", "hanako@example.jp", ""},
		"two dots":               {email, "a..b@docomo.ne.jp", "a..b@docomo.ne.jp", ""},
		"a dot before the at":    {email, "a.@ezweb.ne.jp", "a.@ezweb.ne.jp", ""},
		"Japanese domain":        {email, "x@例え.jp", "x@例え.jp", ""},
		"Japanese local part":    {email, "日本@example.jp", "", string(address.LocalNotASCII)},
		"no address":             {email, "", "", "required"},
		"300 characters":         {email, strings.Repeat("a", 288) + "@example.jp", "", string(address.LocalTooLong)},
		"full-width postal":      {postal, "〒１０５ー０００４", "105-0004", ""},
		"postal, letters":        {postal, "105-000x", "", string(japan.PostalCodeCharacter)},
		"postal, six digits":     {postal, "105-000", "", string(japan.PostalCodeLength)},
		"telephone":              {phone, "０３ー１２３４ー５６７８", "03-1234-5678", ""},
		"telephone, extension":   {phone, "03-1234-5678 内線12", "03-1234-5678 内線12", ""},
		"telephone, too short":   {phone, "03-123", "", string(japan.PhoneLength)},
		"nothing, and optional":  {optional, "", "", ""},
		"blank, and optional":    {optional, "　", "", ""},
		"wrong, though optional": {optional, "abc", "", string(japan.PhoneCharacter)},
		"a choice":               {prefecture, "13", "13", ""},
		"overseas":               {prefecture, "99", "99", ""},
		"no such prefecture":     {prefecture, "48", "", "not_in_list"},
		"one digit":              {prefecture, "1", "", "not_in_list"},
		"full-width digits":      {prefecture, "１３", "", "not_in_list"},
		"nothing chosen":         {prefecture, "", "", "required"},
	} {
		t.Run(name, func(t *testing.T) {
			value, code := c.field.clean(c.typed)
			if value != c.want || code != c.code {
				t.Errorf("got %q, %q; want %q, %q", value, code, c.want, c.code)
			}
		})
	}
}

// The check page posts what was cleaned: cleaning it again changes nothing, or what is stored would not be what the person
// confirmed, and the same token with the same values would be told that they differ.
func TestCleanTwiceProperty(t *testing.T) {
	types := []policy.FieldType{policy.TypeText, policy.TypeTextArea, policy.TypeEmail, policy.TypePhone, policy.TypePostalCode}
	typed := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ 　\r\n\ta〒０-９0-9-]{0,20}`), rapid.StringMatching(`[a-zA-Z.＠@例]{1,10}[@＠][a-zA-Z例え.]{1,10}`),
		rapid.StringMatching(`(0|\+81|００)[0-9ー‐()-]{6,14}( ?内線[0-9]{1,3})?`), rapid.StringMatching(`〒?[0-9０-９]{3}[-ー]?[0-9０-９]{4}`))
	rapid.Check(t, func(t *rapid.T) {
		f := field("f", rapid.SampledFrom(types).Draw(t, "type"), true, 40)
		once, code := f.clean(typed.Draw(t, "typed"))
		if code != "" {
			if once != "" {
				t.Fatalf("wrong (%s), and still %q", code, once)
			}
			return
		}
		// A browser sends line breaks as CR LF.
		if twice, code := f.clean(strings.ReplaceAll(once, "\n", "\r\n")); twice != once || code != "" {
			t.Fatalf("%s: cleaned %q, again %q, %q", f.Type, once, twice, code)
		}
	})
}

// Every code that a field can have is a sentence in both languages that names the field.
func TestEveryCodeHasASentence(t *testing.T) {
	f := field("f", policy.TypeText, true, 100)
	for _, code := range []string{codeRequired, codeNoText, codeRepeated, codeOption, string(text.NotUTF8), string(text.ControlCharacter),
		string(text.InvisibleCharacter), string(text.ReplacementCharacter), string(text.Noncharacter), string(text.LengthExceeded),
		string(japan.PostalCodeCharacter), string(japan.PostalCodeLength), string(japan.PhoneCharacter), string(japan.PhonePrefix), string(japan.PhoneLength),
		string(japan.PhoneExtension), string(address.NoAt), string(address.SeveralAt), string(address.DisplayName), string(address.Comment), string(address.Several),
		string(address.Space), string(address.LocalEmpty), string(address.LocalNotASCII), string(address.LocalBad), string(address.LocalTooLong),
		string(address.DomainNoDot), string(address.DomainIP), string(address.DomainBad)} {
		ja, en := f.message(code, policy.Japanese), f.message(code, policy.English)
		if !strings.Contains(ja, "「項目」") || !strings.Contains(en, "Item") || strings.Contains(ja+en, "%!") {
			t.Errorf("%s: %q, %q", code, ja, en)
		}
		if ja == f.message("no such code", policy.Japanese) {
			t.Errorf("%s has no sentence of its own", code)
		}
	}
	chosen := f
	chosen.Options = []Option{{Value: "a"}}
	if chosen.message(codeRequired, policy.Japanese) != "「項目」を選択してください" {
		t.Errorf("got %q", chosen.message(codeRequired, policy.Japanese))
	}
	if got := f.message(string(text.LengthExceeded), policy.Japanese); got != "「項目」は100文字以内で入力してください" {
		t.Errorf("got %q", got)
	}
}

// The fields of a page that is not the engine's (preferences) are the same ones, with values and errors, escaped.
func TestInputs(t *testing.T) {
	fields := []Field{field("name", policy.TypeText, true, 100), field("phone", policy.TypePhone, false, 0), field("postal", policy.TypePostalCode, false, 0),
		field("message", policy.TypeTextArea, false, 100), field("prefecture", policy.TypePrefecture, true, 0)}
	fields[4].Options = Prefectures()
	page := string(Inputs(fields, map[string]string{"name": `"><script>x</script>`, "message": "\n<b>", "prefecture": "27"},
		[]web.FieldError{{Field: "phone", Code: "required", Message: "<i>電話"}}, policy.Japanese))
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for n := range root.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
		}
		switch {
		case n.Data == "script", n.Data == "b", n.Data == "i":
			t.Errorf("<%s> is not escaped", n.Data)
		case n.Data == "input":
			got[attributes["name"]] = attributes["value"] + "|" + attributes["inputmode"] + "|" + attributes["aria-describedby"] + "|" + attributes["aria-invalid"]
		case n.Data == "textarea":
			got[attributes["name"]] = n.FirstChild.Data
		case n.Data == "option":
			if _, selected := attributes["selected"]; selected {
				got["prefecture"] = attributes["value"]
			}
		}
	}
	want := map[string]string{"name": `"><script>x</script>|||`, "phone": "|tel|phone-error|true", "postal": "|numeric||", "message": "\n<b>", "prefecture": "27"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
