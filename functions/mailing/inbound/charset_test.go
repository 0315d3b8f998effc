package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

func encode(t *testing.T, e encoding.Encoding, s string) string {
	t.Helper()
	out, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func base(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// Every charset in use in Japan, with its label, under another of its names, under a wrong label and without one: subject and text
// are what was written.
func TestCharsets(t *testing.T) {
	const text = "お問い合わせです。①㈱髙﨑、ﾊﾝｶｸも。"
	const plain = "お問い合わせです。資料をお送りください。"
	for _, test := range []struct {
		name, label, text string
		encoding          encoding.Encoding
	}{
		{"UTF-8", "UTF-8", text + "𠮷野家🧑‍🤝‍🧑", nil},
		{"UTF-8 without a label", "", text, nil},
		{"UTF-8 that is called ASCII", "us-ascii", text, nil},
		{"UTF-8 that is called ISO-2022-JP", "iso-2022-jp", plain, nil},
		{"ISO-2022-JP", "ISO-2022-JP", plain, japanese.ISO2022JP},
		{"ISO-2022-JP, Microsoft's", "iso-2022-jp-ms", plain, japanese.ISO2022JP},
		{"ISO-2022-JP, cp50221", "CP50221", plain, japanese.ISO2022JP},
		{"ISO-2022-JP without a label", "", plain, japanese.ISO2022JP},
		{"ISO-2022-JP that is called UTF-8", "utf-8", plain, japanese.ISO2022JP},
		{"ISO-2022-JP that is called ASCII", "us-ascii", plain, japanese.ISO2022JP},
		{"Shift_JIS", "Shift_JIS", text, japanese.ShiftJIS},
		{"Shift_JIS as CP932", "cp932", text, japanese.ShiftJIS},
		{"Shift_JIS as Windows-31J", "Windows-31J", text, japanese.ShiftJIS},
		{"Shift_JIS without a label", "", plain, japanese.ShiftJIS},
		{"Shift_JIS that is called UTF-8", "utf-8", plain, japanese.ShiftJIS},
		{"Shift_JIS that is called ISO-2022-JP", "iso-2022-jp", plain, japanese.ShiftJIS},
		{"EUC-JP", "EUC-JP", plain, japanese.EUCJP},
		{"EUC-JP, Microsoft's", "cp51932", plain, japanese.EUCJP},
		{"EUC-JP without a label", "", plain, japanese.EUCJP},
		{"unknown label", "x-nothing", plain, japanese.ShiftJIS},
		{"Latin-1", "iso-8859-1", "Grüße à tous", charmap.ISO8859_1},
		{"Latin-1 without a label", "", "Grüße à tous, señor, très bien. Voilà!", charmap.Windows1252},
		{"ASCII", "us-ascii", "Hello", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			raw := test.text
			if test.encoding != nil {
				raw = encode(t, test.encoding, test.text)
			}
			head := "Subject: " + raw
			if test.label != "" && test.label != "x-nothing" && !strings.Contains(test.name, "called") {
				head = "Subject: =?" + test.label + "?B?" + base(raw) + "?="
			}
			contentType := "Content-Type: text/plain"
			if test.label != "" {
				contentType += "; charset=\"" + test.label + "\""
			}
			for transfer, body := range map[string]string{"8bit": raw, "base64": base(raw)} {
				source := letter(head, contentType, "Content-Transfer-Encoding: "+transfer, body)
				m := parse([]byte(source), int64(len(source)))
				if diff := cmp.Diff([]string{test.text, test.text, ""}, []string{m.subject, m.text, m.problem}); diff != "" {
					t.Errorf("%s: %s", transfer, diff)
				}
			}
		})
	}
}

// Encoded words as mailers write them, right and wrong.
func TestEncodedWords(t *testing.T) {
	utf8 := "お問い合わせの件"
	jis := encode(t, japanese.ISO2022JP, utf8)
	for _, test := range []struct{ name, value, want string }{
		{"two words with the space that belongs to neither", "=?UTF-8?B?" + base("お問い") + "?= =?UTF-8?B?" + base("合わせ") + "?=", "お問い合わせ"},
		{"cut in the middle of a letter", "=?UTF-8?B?" + base(utf8[:7]) + "?=  =?utf-8?b?" + base(utf8[7:]) + "?=", utf8},
		{"cut in the middle of ISO-2022-JP", "=?ISO-2022-JP?B?" + base(jis[:9]) + "?= =?ISO-2022-JP?B?" + base(jis[9:]) + "?=", utf8},
		{"Q", "=?UTF-8?Q?caf=C3=A9_au_lait?=", "café au lait"},
		{"between plain text", "Re: =?UTF-8?B?" + base("件名") + "?= (2)", "Re: 件名 (2)"},
		{"two charsets", "=?UTF-8?B?" + base("一") + "?= =?ISO-2022-JP?B?" + base(encode(t, japanese.ISO2022JP, "二")) + "?=", "一二"},
		{"without padding", "=?UTF-8?B?" + strings.TrimRight(base("件名です"), "=") + "?=", "件名です"},
		{"no word", "=?UTF-8?X?abc?=", "=?UTF-8?X?abc?="},
		{"broken base64", "=?UTF-8?B?4pyT!!!!?=", "✓"},
		{"empty word", "=?UTF-8?B??=", ""},
		{"language in the label", "=?UTF-8*ja?B?" + base("件名") + "?=", "件名"},
		{"line breaks inside (hard case 4)", "=?UTF-8?Q?a=0D=0ABcc:_x@example.jp?=", "a Bcc: x@example.jp"},
	} {
		if diff := cmp.Diff(test.want, line(words(test.value), maxSubject)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}
