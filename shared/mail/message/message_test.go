package message

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
)

func example() Message {
	return Message{
		FromName: "日本アセアンセンター", From: "info@forms.example.jp", To: "hanako@example.jp", ReplyTo: "toiawase_ga@asean.or.jp",
		Subject: "【日本アセアンセンター】メールマガジン登録の確認をお願いします",
		Date:    time.Date(2026, 11, 23, 18, 30, 0, 0, time.FixedZone("JST", 9*3600)),
		Headers: []Header{{"Auto-Submitted", "auto-generated"}, {"X-Madoguchi-Ref", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
			{"List-Unsubscribe", "<https://forms.example.jp/newsletter/unsubscribe?t=" + strings.Repeat("x", 300) + ">"},
			{"List-Unsubscribe-Post", "List-Unsubscribe=One-Click"}},
		Text: "こんにちは。\n\n" + strings.Repeat("長い行。", 400) + "\n.\nFrom here\n", HTML: "<p lang=\"ja\">こんにちは。</p>\n",
	}
}

// read parses a source with a parser that is not ours, and holds what must be true of every source.
func read(t *testing.T, source []byte) *enmime.Envelope {
	t.Helper()
	if i := bytes.IndexFunc(bytes.ReplaceAll(source, []byte("\r\n"), nil), func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }); i >= 0 {
		t.Errorf("a byte that is not printable ASCII, or a bare CR or LF, at %d", i)
	}
	for line := range strings.SplitSeq(string(source), "\r\n") {
		if len(line) > hardLimit {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(source))
	if err != nil {
		t.Fatalf("cannot be read: %v", err)
	}
	for _, e := range envelope.Errors {
		t.Errorf("the parser complains: %v", e)
	}
	return envelope
}

func TestSource(t *testing.T) {
	m := example()
	source, err := m.Source()
	if err != nil {
		t.Fatal(err)
	}
	got := read(t, source)
	for name, want := range map[string]string{
		"From": "日本アセアンセンター <info@forms.example.jp>", "To": "hanako@example.jp", "Reply-To": "toiawase_ga@asean.or.jp",
		"Subject": m.Subject, "Date": "Mon, 23 Nov 2026 18:30:00 +0900", "Auto-Submitted": "auto-generated", "MIME-Version": "1.0",
		"List-Unsubscribe": m.Headers[2].Value, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Message-Id": "",
	} {
		if diff := cmp.Diff(want, strings.ReplaceAll(got.GetHeader(name), `"`, "")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff(m.Text, strings.ReplaceAll(got.Text, "\r\n", "\n")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(m.HTML, strings.ReplaceAll(got.HTML, "\r\n", "\n")); diff != "" {
		t.Error(diff)
	}
	if got.Root.ContentType != "multipart/alternative" || got.Root.FirstChild.ContentType != "text/plain" {
		t.Errorf("parts: %s, %s first", got.Root.ContentType, got.Root.FirstChild.ContentType)
	}
}

// Hard case 1: what was typed is what the reader sees; RFC 2047 and folding for long subjects.
func TestSubjectsAndNames(t *testing.T) {
	for name, value := range map[string]string{
		"ASCII":                     "Your registration",
		"long ASCII":                strings.Repeat("A seminar on trade and investment, ", 8) + "end",
		"an unbroken word":          strings.Repeat("x", 200),
		"outer and double spaces":   "  a  b ",
		"what looks encoded":        "=?utf-8?B?44GC?=",
		"long Japanese":             strings.Repeat("メールマガジンのご登録の確認をお願いいたします。", 10),
		"CJK extension B":           "𠮷野家 髙﨑 神\ufa19",
		"ideographic variation":     "葛\U000E0100",
		"joined emoji":              strings.Repeat("🧑‍🤝‍🧑", 20),
		"Thai":                      strings.Repeat("สวัสดี", 20),
		"Arabic":                    strings.Repeat("مرحبا", 20),
		"Latin with quotes":         `The "Centre", \ Tokyo; <x>`,
		"one letter":                "林",
		"mixed with ASCII and tags": "[ASEAN] 令和8年 & <b>投資</b>",
	} {
		t.Run(name, func(t *testing.T) {
			m := example()
			m.Subject, m.FromName = value, value
			source, err := m.Source()
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, source)
			message, err := mail.ReadMessage(bytes.NewReader(source))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
			// Spaces at the ends of a header are lost on readers where they are not encoded.
			if diff := cmp.Diff(value, subject); diff != "" || err != nil {
				t.Errorf("subject, %v: %s", err, diff)
			}
			from, err := mail.ParseAddress(message.Header.Get("From"))
			if err != nil {
				t.Fatalf("From cannot be read: %v", err)
			}
			if diff := cmp.Diff(&mail.Address{Name: value, Address: m.From}, from); diff != "" {
				t.Errorf("From: %s", diff)
			}
			if got.GetHeader("Subject") == "" {
				t.Error("the second parser sees no subject")
			}
			head, _, _ := strings.Cut(string(source), "\r\n\r\n")
			for line := range strings.SplitSeq(head, "\r\n") {
				if len(line) > lineLimit && !strings.Contains(line, "List-Unsubscribe:") {
					t.Errorf("a header line of %d bytes: %s", len(line), line)
				}
				for word := range strings.FieldsSeq(line) {
					if strings.HasPrefix(word, "=?") && len(word) > wordLimit {
						t.Errorf("an encoded word of %d bytes", len(word))
					}
				}
			}
		})
	}
}

// Hard case 8: addresses that net/mail does not write by itself.
func TestAddresses(t *testing.T) {
	long := strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + ".example.jp"
	for _, addr := range []string{`"a..b"@docomo.ne.jp`, `"a."@ezweb.ne.jp`, `".a"@ezweb.ne.jp`, `"a,b\"c"@example.jp`, "x@xn--r8jz45g.jp", "a+b@example.jp",
		"o'hara@example.jp", long} {
		m := example()
		m.To = addr
		source, err := m.Source()
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		read(t, source)
		if !strings.Contains(string(source), "\r\nTo: "+addr+"\r\n") {
			t.Errorf("%s does not stand in the source as it is", addr)
		}
	}
}

// Hard case 4: refused again here, though refused at the edge.
func TestRefused(t *testing.T) {
	for _, bad := range []string{"a\r\nBcc: x@example.jp", "a\nb", "a\rb", "a\x00b", "a\u2028b", "a\u2029b", "a\u0085b", "a\tb", "a\x7fb", "a\xffb"} {
		for place, change := range map[string]func(*Message){
			"Subject":   func(m *Message) { m.Subject = bad },
			"From":      func(m *Message) { m.FromName = bad },
			"header":    func(m *Message) { m.Headers[1].Value = bad },
			"header X":  func(m *Message) { m.Headers = append(m.Headers, Header{bad, "x"}) },
			"To":        func(m *Message) { m.To = bad + "@example.jp" },
			"Reply-To":  func(m *Message) { m.ReplyTo = "a@example.jp" + bad },
			"text part": func(m *Message) { m.Text = strings.NewReplacer("\n", "\r", "\t", "\r").Replace(bad) },
		} {
			if place == "text part" && strings.ContainsAny(bad, "\u2028\u2029") {
				continue // shows as a line break and ends nothing
			}
			m := example()
			change(&m)
			if _, err := m.Source(); err == nil {
				t.Errorf("%s took %q", place, bad)
			}
		}
	}
	for name, addr := range map[string]string{"none": "", "two": "a@example.jp,b@example.jp", "a name": "Bob <a@example.jp>", "brackets": "<a@example.jp>",
		"a comment": "a@example.jp (x)", "unquoted dots": "a..b@docomo.ne.jp", "Unicode domain": "a@例え.jp", "no domain": "a"} {
		m := example()
		m.To = addr
		if _, err := m.Source(); err == nil {
			t.Errorf("To took %s", name)
		}
	}
	m := example()
	m.Headers[2].Value = "<https://forms.example.jp/" + strings.Repeat("x", 1000) + ">"
	if _, err := m.Source(); err == nil {
		t.Error("a line over 998 bytes was written")
	}
}

func TestErrorsHoldNoValue(t *testing.T) {
	m := example()
	m.Subject = "花子\n様"
	if _, err := m.Source(); err == nil || strings.Contains(err.Error(), "花子") {
		t.Errorf("error %v", err)
	}
}

func TestBoundariesDiffer(t *testing.T) {
	first, err := example().Source()
	if err != nil {
		t.Fatal(err)
	}
	second, err := example().Source()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first, second) {
		t.Error("two mails have the same boundary")
	}
}

// FuzzSubject: whatever the subject, it is refused or read back unchanged, and nothing follows from it.
func FuzzSubject(f *testing.F) {
	for _, seed := range []string{"x", "メール", "a\r\nBcc: x", "=?utf-8?B?44GC?=", strings.Repeat("あ ", 50), " ", "\u2028", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		m := example()
		m.Subject = subject
		source, err := m.Source()
		if err != nil {
			return
		}
		message, err := mail.ReadMessage(bytes.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		got, err := new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
		if err != nil || got != subject {
			t.Errorf("subject %q was read as %q, %v", subject, got, err)
		}
		if len(message.Header) != 11 {
			t.Errorf("%d headers: %v", len(message.Header), message.Header)
		}
	})
}

func TestMailbox(t *testing.T) {
	for name, c := range map[string]struct{ display, address, want string }{
		"no name":       {"", "a@example.jp", "a@example.jp"},
		"plain":         {"ASEAN-Japan Centre", "a@example.jp", `"ASEAN-Japan Centre" <a@example.jp>`},
		"two long ones": {"日本アセアンセンター", "a@example.jp", "=?utf-8?B?5pel5pys44Ki44K744Ki44Oz44K744Oz44K/44O8?= <a@example.jp>"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Mailbox(c.display, c.address); err != nil || got != c.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	for _, wrong := range []string{"", "a b@example.jp", "Bob <a@example.jp>", "a@example.jp\r\nBcc: b@example.jp"} {
		if got, err := Mailbox("x", wrong); err == nil {
			t.Errorf("%q gives %q", wrong, got)
		}
	}
	if _, err := Mailbox("x\r\nBcc: b@example.jp", "a@example.jp"); err == nil { // hard case 4
		t.Error("a line end in the name is taken")
	}
}
