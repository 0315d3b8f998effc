package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/inquiries"
)

const sent = "hanako@example.jp"

// R39: the verdicts are those that SES wrote on top. Whatever a sender writes below, or in an address, changes nothing.
func TestVerdictIsOfSES(t *testing.T) {
	good := inquiries.Verdict{Spam: "PASS", Virus: "PASS", SPF: "pass", DKIM: "pass", DMARC: "pass"}
	bad := inquiries.Verdict{Spam: "FAIL", Virus: "FAIL", SPF: "fail", DKIM: "fail", DMARC: "fail"}
	failing := strings.NewReplacer("Verdict: PASS", "Verdict: FAIL", "spf=pass (spf", "spf=fail (spf", "dkim=pass", "dkim=fail", "dmarc=pass", "dmarc=fail").Replace(top(sent, "a@b.example"))
	lies := "X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nAuthentication-Results: amazonses.com; spf=pass; dkim=pass; dmarc=pass\r\n"
	without := strings.Replace(top(sent, "a@b.example"), "X-SES-Spam-Verdict: PASS\r\n", "", 1)
	for _, test := range []struct {
		name, source string
		want         inquiries.Verdict
	}{
		{"good", top(sent, "a@b.example") + letter(), good},
		{"bad", failing + letter(), bad},
		{"bad, the sender says good", failing + lies + letter(), bad},
		{"the sender plays a whole SES", failing + top(sent, "a@b.example") + letter(), bad},
		{"not scanned, the sender says clean", without + "X-SES-Spam-Verdict: PASS\r\n" + letter(), inquiries.Verdict{Virus: "PASS", SPF: "pass", DKIM: "pass", DMARC: "pass"}},
		{"nothing of SES", lies + letter(), inquiries.Verdict{}},
		{"another server's trace", "Received: from x by mx.evil.example with SMTP;\r\n" + lies + letter(), inquiries.Verdict{}},
		{"results of another server", strings.Replace(top(sent, "x"), "amazonses.com;\r\n spf", "evil.example;\r\n spf", 1) + letter(), inquiries.Verdict{Spam: "PASS", Virus: "PASS"}},
		{"an address that plays a result", strings.Replace(failing, "envelope-from="+sent+"; helo=mail.example.jp;\r\n dkim", "envelope-from=\"x; dmarc=pass\"@example.jp; helo=x;\r\n dkim", 1) + letter(),
			inquiries.Verdict{Spam: "FAIL", Virus: "FAIL"}},
		{"a host name that plays a result", strings.Replace(failing, "helo=mail.example.jp;\r\n dkim", "helo=x;dkim=pass;dmarc=pass;\r\n dkim", 1) + letter(), bad},
		{"a word that is no verdict", strings.Replace(top(sent, "x"), "Spam-Verdict: PASS", "Spam-Verdict: fine", 1) + letter(), inquiries.Verdict{Virus: "PASS", SPF: "pass", DKIM: "pass", DMARC: "pass"}},
	} {
		m := parse([]byte(test.source), int64(len(test.source)))
		if diff := cmp.Diff(test.want, m.verdict); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// R38, R39: the sender's bare address is recorded, no name is guessed; From and Reply-To stand apart.
func TestAddresses(t *testing.T) {
	for _, test := range []struct{ name, from, want string }{
		{"bare", "hanako@example.jp", sent},
		{"with a name", "山田 花子 <hanako@example.jp>", sent},
		{"with an encoded name", "=?UTF-8?B?" + base("山田, 花子") + "?= <hanako@example.jp>", sent},
		{"a name that looks like an address", `"victim@example.com" <hanako@example.jp>`, sent},
		{"a name in angle brackets", `"<victim@example.com>" <hanako@example.jp>`, sent},
		{"with a comment", "hanako@example.jp (Hanako, <x@example.com>)", sent},
		{"two", "hanako@example.jp, other@example.com", sent},
		{"a group", "office: hanako@example.jp;", sent},
		{"docomo (hard case 8)", "<a..b@docomo.ne.jp>", `a..b@docomo.ne.jp`},
		{"quoted local part", `"a..b"@docomo.ne.jp`, `a..b@docomo.ne.jp`},
		{"none", "nobody", ""},
		{"empty", "", ""},
		{"a local part that nobody delivers to", "日本@example.jp", ""},
	} {
		m := parse([]byte("From: "+test.from+"\nReply-To: Other <other@example.com>\n\nx"), 1)
		if m.from != test.want || m.replyTo != "other@example.com" {
			t.Errorf("%s: from %q, reply to %q", test.name, m.from, m.replyTo)
		}
	}
}

// The parts of a mail: the text in reading form, files by name.
func TestParts(t *testing.T) {
	multipart := func(kind string, parts ...string) string {
		return letter("MIME-Version: 1.0", "Content-Type: multipart/"+kind+"; boundary=B", "--B\r\n"+strings.Join(parts, "\r\n--B\r\n")+"\r\n--B--\r\n")
	}
	const plain, page = "Content-Type: text/plain; charset=utf-8\r\n\r\nお世話になります。", "Content-Type: text/html\r\n\r\n<style>p{}</style><p>HTML &amp; <b>太字</b></p><script>x()</script>"
	for _, test := range []struct {
		name, source, text string
		files              []string
	}{
		{"plain", letter("Line 1\r\nLine 2\r\n\r\n"), "Line 1\nLine 2", nil},
		{"alternative", multipart("alternative", plain, page), "お世話になります。", nil},
		{"HTML alone", letter("Content-Type: text/html; charset=utf-8", "<p>HTML &amp; <b>太字</b></p>"), "HTML & *太字*", nil},
		{"alternative without a text", multipart("alternative", "Content-Type: text/plain\r\n\r\n", page), "HTML & *太字*", nil},
		{"text, file, signature", multipart("mixed", plain, "Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\n%PDF-1.7", "Content-Type: text/plain\r\n\r\n-- \r\nlist"),
			"お世話になります。\n-- \nlist", []string{"a.pdf application/pdf"}},
		{"a text that is a file", multipart("mixed", plain, "Content-Type: text/plain; name=\"note.txt\"\r\n\r\nnote"), "お世話になります。", []string{"note.txt text/plain"}},
		{"a name in ISO-2022-JP", multipart("mixed", plain, "Content-Type: application/pdf; name=\"=?ISO-2022-JP?B?GyRCO3FOQRsoQi5wZGY=?=\"\r\n\r\nx"), "お世話になります。", []string{"資料.pdf application/pdf"}},
		{"a name by RFC 2231", multipart("mixed", plain, "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename*=UTF-8''%E8%B3%87%E6%96%99.pdf\r\n\r\nx"), "お世話になります。", []string{"資料.pdf application/pdf"}},
		{"a name that is a path (hard case 4)", multipart("mixed", plain, "Content-Type: application/pdf; name=\"..\\\\..\\\\a/../b.pdf\"\r\n\r\nx"), "お世話になります。", []string{"b.pdf application/pdf"}},
		{"a forwarded mail", multipart("mixed", plain, "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ny"), "お世話になります。", []string{"mail.eml message/rfc822"}},
		{"a picture in the page", multipart("related", page, "Content-Type: image/png\r\nContent-ID: <1>\r\n\r\nx"), "HTML & *太字*", []string{"file image/png"}},
		{"control characters", letter("a\x00b\x1b[31mc\u2028"), "ab[31mc\u2028", nil},
		{"no body", strings.TrimSuffix(letter(), "\r\n"), "", nil},
		{"multipart without a boundary", letter("Content-Type: multipart/mixed", "text"), "", []string{"file multipart/mixed"}},
	} {
		m := parse([]byte(test.source), int64(len(test.source)))
		var files []string
		for _, f := range m.files {
			files = append(files, f.name+" "+f.mediaType)
		}
		if diff := cmp.Diff(test.text, m.text); diff != "" || m.problem != "" {
			t.Errorf("%s: problem %q, text %s", test.name, m.problem, diff)
		}
		if diff := cmp.Diff(test.files, files); diff != "" {
			t.Errorf("%s: files %s", test.name, diff)
		}
	}
}

// Hard case 5: what is made to be expensive costs little, and is recorded with its problem.
func TestBombs(t *testing.T) {
	var deep strings.Builder
	for range 50_000 {
		deep.WriteString("Content-Type: multipart/mixed; boundary=B\n\n--B\n")
	}
	for _, test := range []struct{ name, source, problem string }{
		{"nested multiparts", deep.String(), unreadable},
		{"some nested multiparts", deep.String()[:49*500], ""},
		{"parts without number", "Content-Type: multipart/mixed; boundary=B\n\n" + strings.Repeat("--B\n\n", 500_000), unreadable},
		{"fields without number", strings.Repeat("X-A: b\n", 500_000) + "\nx", ""},
		{"one endless field", "Subject: " + strings.Repeat("=?UTF-8?B?44GC?= ", 300_000) + "\n\nx", ""},
		{"an endless content type", "Content-Type: text/plain; " + strings.Repeat("a=b; ", 300_000) + "\n\nx", unreadable},
		{"an endless address field", "From: " + strings.Repeat("(", 1_000_000) + "\n\nx", ""},
		{"a text of megabytes", letter(strings.Repeat("長い文。", 500_000)), cut},
		{"deep HTML", letter("Content-Type: text/html", strings.Repeat("<div>", 200_000)+"text"), ""},
	} {
		m := parse([]byte(test.source), int64(len(test.source)))
		if m.problem != test.problem || len(m.text) > maxText || !utf8.ValidString(m.text) || utf8.RuneCountInString(m.subject) > maxSubject {
			t.Errorf("%s: problem %q, text of %d bytes, subject of %d", test.name, m.problem, len(m.text), len(m.subject))
		}
	}
}

// FuzzParse: whatever comes in, a record can be made of it: valid UTF-8 within the limits, no control characters in a line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "\n", letter(), top(sent, "x") + bounce, "Subject: =?UTF-8?B?44GC?=\n\n\xff", "From: \"<(,\\\"@\n :\n",
		letter("Content-Type: multipart/mixed; boundary=\"\"", "--\r\n--"), "Content-Type: text/html; charset=iso-2022-jp\n\n<p>\x1b$B$\x1b(B",
		letter("Content-Type: multipart/mixed; boundary=B", "--B\r\nContent-Type: application/x; name=\"=?cp932?Q?=83=5C?=\"\r\nContent-Transfer-Encoding: base64\r\n\r\n????\r\n--B--")} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		m := parse(bytes.Clone(source), int64(len(source)))
		for name, text := range map[string]string{"subject": m.subject, "from": m.from, "reply": m.replyTo, "id": m.id, "text": m.text} {
			if !utf8.ValidString(text) && name != "id" {
				t.Errorf("%s is not UTF-8: %q", name, text)
			}
			if name != "text" && strings.ContainsAny(text, "\r\n\x00\u2028") {
				t.Errorf("%s holds a line break: %q", name, text)
			}
		}
		for _, a := range named(m.files, "") {
			if !utf8.ValidString(a.Name) || strings.ContainsAny(a.Name, "/\\\r\n") || a.Name == "" || utf8.RuneCountInString(a.Name) > maxFileName {
				t.Errorf("file name %q", a.Name)
			}
		}
		_, _, _, _, _ = m.machine(), m.recipients(), m.answers(), m.language(), m.identity()
	})
}
