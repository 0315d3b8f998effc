package main

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
)

// Japanese mail comes in ISO-2022-JP, Shift_JIS with the letters of Windows, EUC-JP and UTF-8, with the right label, a wrong one
// or none. enmime takes mails apart; the charsets are ours, because its detector is a guess by statistics that overrules right labels
// and knows less than the few rules below.

// otherNames are names in use that the WHATWG's list of encodings lacks.
var otherNames = map[string]encoding.Encoding{
	"cp932": japanese.ShiftJIS, "ms932": japanese.ShiftJIS, "windows-932": japanese.ShiftJIS, "shift_jis-2004": japanese.ShiftJIS,
	"x-ms-cp932": japanese.ShiftJIS, "sjis-win": japanese.ShiftJIS,
	"cp50220": japanese.ISO2022JP, "cp50221": japanese.ISO2022JP, "cp50222": japanese.ISO2022JP, "iso-2022-jp-ms": japanese.ISO2022JP,
	"iso-2022-jp-1": japanese.ISO2022JP, "iso-2022-jp-2": japanese.ISO2022JP, "iso-2022-jp-2004": japanese.ISO2022JP, "jis": japanese.ISO2022JP,
	"cp51932": japanese.EUCJP, "eucjp-ms": japanese.EUCJP, "eucjp-win": japanese.EUCJP, "eucjp": japanese.EUCJP, "ujis": japanese.EUCJP,
}

// encodingOf returns the encoding of a label; nil where it says nothing (ASCII, UTF-8, not known).
func encodingOf(label string) encoding.Encoding {
	label = strings.ToLower(strings.Trim(label, " \t\"'"))
	label, _, _ = strings.Cut(label, "*") // RFC 2231: charset*language
	switch label {
	case "", "us-ascii", "ascii", "utf-8", "utf8", "unknown-8bit", "x-unknown", "binary":
		return nil
	}
	if e := otherNames[label]; e != nil {
		return e
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil
	}
	return e
}

// toText decodes bytes. The label is believed unless what comes out of it has holes and something else has fewer. The result is valid
// UTF-8.
func toText(content []byte, label string) string {
	declared := encodingOf(label)
	if declared == nil {
		return guess(content)
	}
	text, holes := decode(content, declared)
	if holes == 0 {
		return text
	}
	if other := guess(content); strings.Count(other, "\uFFFD") < holes {
		return other
	}
	return text
}

// guess decodes bytes without a label: by the escapes of ISO-2022-JP, as UTF-8, or as the one of the Japanese encodings that leaves
// fewer holes and half-width katakana; EUC-JP read as Shift_JIS is full of these.
func guess(content []byte) string {
	if bytes.Contains(content, []byte("\x1b$")) || bytes.Contains(content, []byte("\x1b(I")) {
		if text, holes := decode(content, japanese.ISO2022JP); holes == 0 || !utf8.Valid(content) {
			return text
		}
	}
	if utf8.Valid(content) {
		return string(content)
	}
	best, least, missing := "", -1, 0
	for _, e := range []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP} {
		text, holes := decode(content, e)
		score := 20 * holes
		for _, r := range text {
			if r >= '｡' && r <= 'ﾟ' || unicode.Is(unicode.Co, r) {
				score += 2
			}
		}
		if least < 0 || score < least {
			best, least, missing = text, score, holes
		}
	}
	// Letters of Western Europe among ASCII leave holes in both; in Japanese a hole is a letter that was cut.
	letters := 0
	for _, r := range best {
		if isJapanese(r) {
			letters++
		}
	}
	if 4*missing > letters {
		best, _ = decode(content, charmap.Windows1252)
	}
	return best
}

func decode(content []byte, e encoding.Encoding) (text string, holes int) {
	decoded, err := e.NewDecoder().Bytes(content)
	if err != nil {
		return strings.ToValidUTF8(string(content), "\uFFFD"), len(content)
	}
	text = strings.ToValidUTF8(string(decoded), "\uFFFD")
	return text, strings.Count(text, "\uFFFD")
}

// hasJapanese tells a text with kana or Chinese characters.
func hasJapanese(s string) bool {
	return strings.ContainsFunc(s, isJapanese)
}

func isJapanese(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han) }

var encodedWord = lazily(`=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=`)

// words decodes the encoded words of a header field (RFC 2047). Neighbours of one charset are decoded together: mailers cut in the
// middle of a letter, which the standard forbids and the standard library punishes. What is no encoded word may be raw bytes.
func words(value string) string {
	var out strings.Builder
	var pending []byte // bytes of neighbouring words
	label := ""
	flush := func() {
		if pending != nil {
			out.WriteString(toText(pending, label))
		}
		pending, label = nil, ""
	}
	for value != "" {
		at := encodedWord().FindStringSubmatchIndex(value)
		if at == nil {
			break
		}
		before, charset := value[:at[0]], value[at[2]:at[3]]
		if pending != nil && strings.TrimSpace(before) == "" {
			before = "" // the space between two encoded words belongs to neither
		} else {
			flush()
		}
		if before != "" {
			out.WriteString(guess([]byte(before)))
		}
		if !strings.EqualFold(charset, label) {
			flush()
		}
		label = charset
		pending = append(pending, payload(value[at[4]:at[5]], value[at[6]:at[7]])...)
		if pending == nil {
			pending = []byte{}
		}
		value = value[at[1]:]
	}
	flush()
	if value != "" {
		out.WriteString(guess([]byte(value)))
	}
	return out.String()
}

// payload undoes B or Q of an encoded word; what is no proper code is taken as far as it goes.
func payload(method, text string) []byte {
	if strings.EqualFold(method, "B") {
		text = strings.TrimRight(strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' {
				return -1
			}
			return r
		}, text), "=")
		decoded, _ := base64.RawStdEncoding.DecodeString(text) // returns what came before an error
		return decoded
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(text):
			hi, lo := strings.IndexByte(hexDigits, text[i+1]), strings.IndexByte(hexDigits, text[i+2])
			if hi >= 0 && lo >= 0 {
				c = byte(hi%16<<4 | lo%16) //nolint:gosec // two hexadecimal digits
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

const hexDigits = "0123456789abcdef0123456789ABCDEF"
