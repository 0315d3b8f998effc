package ses

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
	gomail "github.com/wneessen/go-mail"
	"pgregory.net/rapid"
)

const rawMail = "From: =?UTF-8?B?56qT5Y+j?= <office@example.or.jp>\r\n" +
	"To: taro@example.jp,\r\n \"Sato, Hanako\" <hanako@example.jp>\r\n" +
	"Bcc: secret@example.jp\r\n" +
	"Subject: =?ISO-2022-JP?B?GyRCJDRFUE8/GyhC?=\r\n =?ISO-2022-JP?B?GyRCJE4zTkcnGyhC?=\r\n" +
	"Message-ID: <own@example.or.jp>\r\n" +
	"X-SES-CONFIGURATION-SET: transactional\r\n" +
	"X-SES-MESSAGE-TAGS: ref=r1, kind=confirm\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n" +
	"\r\n" +
	"--b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n44GC44GE\r\n" +
	"--b\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=E3=81=82</p>\r\n" +
	"--b--\r\n"

func raw(source string) func(*sesv2.SendEmailInput) {
	return func(in *sesv2.SendEmailInput) {
		*in = sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(source)}}}
	}
}

func TestSendEmailRaw(t *testing.T) {
	w := newWorld(t, Options{})
	id := w.mustSend("", raw(rawMail))
	got := w.mails()
	if len(got) != 1 {
		t.Fatalf("%d mails, want 1", len(got))
	}
	m := got[0]
	want := []any{id, "窓口 <office@example.or.jp>", []string{"taro@example.jp", "hanako@example.jp", "secret@example.jp"}, "ご登録の確認", "あい", "<p>あ</p>",
		map[string]string{"ref": "r1", "kind": "confirm"}, "<" + id + "@ap-northeast-1.amazonses.com>", ""}
	if d := cmp.Diff(want, []any{m.ID, m.From, m.To, m.Subject, m.Text, m.HTML, m.Tags, m.Headers["Message-ID"], m.Headers["Bcc"]}); d != "" {
		t.Errorf("mail (-want +got):\n%s", d)
	}
	source := string(m.Source())
	for _, gone := range []string{"Bcc", "secret@", "own@example", "X-SES-"} {
		if strings.Contains(source, gone) {
			t.Errorf("source holds %q:\n%s", gone, source)
		}
	}
	if !strings.Contains(source, "=?ISO-2022-JP?B?GyRCJDRFUE8/GyhC?=\r\n =?ISO") {
		t.Errorf("source lost its folding:\n%s", source)
	}
	if d := cmp.Diff([]string{"Email Sent", "Email Delivered", "Email Delivered", "Email Delivered"}, w.eventTypes()); d != "" {
		t.Errorf("events by the header's configuration set (-want +got):\n%s", d)
	}
}

// Recipients of the call come before those of the header.
func TestRawWithDestination(t *testing.T) {
	w := newWorld(t, Options{})
	w.mustSend("", raw(rawMail), func(in *sesv2.SendEmailInput) {
		in.Destination = &types.Destination{ToAddresses: []string{"other@example.jp"}}
	})
	if d := cmp.Diff([]string{"other@example.jp"}, w.mails()[0].To); d != "" {
		t.Errorf("recipients (-want +got):\n%s", d)
	}
}

// What go-mail writes passes: the message that the mailer builds is held to the same checks.
func TestRawOfGoMail(t *testing.T) {
	msg := gomail.NewMsg()
	if err := msg.From("office@example.or.jp"); err != nil {
		t.Fatal(err)
	}
	if err := msg.To("taro@example.jp"); err != nil {
		t.Fatal(err)
	}
	msg.Subject("ご登録の確認")
	msg.SetBodyString(gomail.TypeTextPlain, "確認\nしてください")
	msg.AddAlternativeString(gomail.TypeTextHTML, "<p>確認</p>")
	var b bytes.Buffer
	if _, err := msg.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{})
	w.mustSend("", raw(b.String()))
	m := w.mails()[0]
	if d := cmp.Diff([]string{"ご登録の確認", "確認\nしてください", "<p>確認</p>"}, []string{m.Subject, strings.TrimSpace(m.Text), strings.TrimSpace(m.HTML)}); d != "" {
		t.Errorf("mail (-want +got):\n%s", d)
	}
}

func TestRawRefusals(t *testing.T) {
	change := func(old, by string) string { return strings.Replace(rawMail, old, by, 1) }
	for _, c := range []struct{ name, source, says string }{
		{"nothing wrong", rawMail, ""},
		{"bare line feeds", strings.ReplaceAll(rawMail, "\r\n", "\n"), "bare CR or LF"},
		{"one bare line feed in the body", change("44GC44GE\r\n", "44GC\n44GE\r\n"), "bare CR or LF"},
		{"line of 998 bytes", change("<p>", strings.Repeat("a", 998)+"\r\n<p>"), ""},
		{"line of 999 bytes", change("<p>", strings.Repeat("a", 999)+"\r\n<p>"), "longer than 998"},
		{"no blank line", "From: a@example.jp\r\nTo: b@example.jp\r\n", "no blank line"},
		{"no sender", change("From:", "X-From:"), "'From'"},
		{"two subjects", change("MIME-Version", "Subject: x\r\nMIME-Version"), "Duplicate header 'Subject'"},
		{"no colon", change("MIME-Version: 1.0", "MIME-Version 1.0"), "malformed"},
		{"header in UTF-8", change("X-SES-MESSAGE-TAGS: ref", "X-名: ref"), "malformed"},
		{"value in UTF-8", change("ref=r1", "ref=あ"), "printable ASCII"},
		{"illegal tag", change("ref=r1", "ref=a:b"), "Invalid tag value"},
		{"parts not closed", change("--b--\r\n", ""), "unexpected EOF"},
		{"no parts", change("boundary=b", "boundary=c"), "part 1"},
		{"broken base64", change("44GC44GE", "44GC44G!"), "base64"},
		{"unknown transfer encoding", change("quoted-printable", "utf8"), "transfer encoding"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, Options{})
			_, err := w.send("", raw(c.source))
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if kind(err) != "BadRequest" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want BadRequest with %q", err, c.says)
			}
		})
	}
}

// The source of a simple mail says the same as the mail: whatever the text, reading the built MIME gives it back.
func TestSourceRoundTrip(t *testing.T) {
	line := rapid.StringOfN(rapid.RuneFrom([]rune("aZ =?_-.,<>&\"'あ髙﨑\u8036𠮷🧑‍🤝‍🧑ไทย")), 0, 300, -1)
	rapid.Check(t, func(t *rapid.T) {
		subject, text, page := line.Draw(t, "subject"), line.Draw(t, "text")+"\n."+line.Draw(t, "second")+"\n", line.Draw(t, "html")
		m := &message{id: "0106000000000000-x", region: region, call: &call{from: "office@example.or.jp", simple: &simpleMessage{}},
			entry: entry{to: []string{"taro@example.jp"}}, content: templateContent{Subject: subject, Text: text, Html: "<p>" + page + "</p>"}}
		source := m.source()
		if _, err := checkRaw(source); err != nil {
			t.Fatalf("built message is refused: %v\n%s", err, source)
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(source))
		if err != nil {
			t.Fatal(err)
		}
		got := Mail{Subject: decodeWords(parsed.Header.Get("Subject"))}
		if err := got.parseRaw(source); err != nil {
			t.Fatal(err)
		}
		want := []string{strings.TrimSpace(subject), text, "<p>" + page + "</p>"}
		if d := cmp.Diff(want, []string{strings.TrimSpace(got.Subject), got.Text, got.HTML}); d != "" {
			t.Fatalf("mail (-want +got):\n%s\n%s", d, source)
		}
	})
}

func TestStoredTemplates(t *testing.T) {
	w := newWorld(t, Options{})
	content := func(text string) *types.EmailTemplateContent {
		return &types.EmailTemplateContent{Subject: aws.String("{{name}}様"), Text: aws.String(text)}
	}
	create := func() error {
		_, err := w.client.CreateEmailTemplate(t.Context(), &sesv2.CreateEmailTemplateInput{TemplateName: aws.String("news"), TemplateContent: content("一 {{name}}")})
		return err
	}
	if err := create(); err != nil {
		t.Fatal(err)
	}
	if err := create(); kind(err) != "AlreadyExists" {
		t.Errorf("second creation: %v, want AlreadyExists", err)
	}
	in := bulk("a@example.jp")
	in.DefaultContent.Template = &types.Template{TemplateName: aws.String("news")}
	if _, err := w.client.SendBulkEmail(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.UpdateEmailTemplate(t.Context(), &sesv2.UpdateEmailTemplateInput{TemplateName: aws.String("news"), TemplateContent: content("二")}); err != nil {
		t.Fatal(err)
	}
	got, err := w.client.GetEmailTemplate(t.Context(), &sesv2.GetEmailTemplateInput{TemplateName: aws.String("news")})
	if err != nil || *got.TemplateContent.Text != "二" {
		t.Errorf("template %+v, %v", got, err)
	}
	if _, err := w.client.DeleteEmailTemplate(t.Context(), &sesv2.DeleteEmailTemplateInput{TemplateName: aws.String("news")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.SendBulkEmail(t.Context(), in); kind(err) != "NotFound" {
		t.Errorf("after deletion: %v, want NotFound", err)
	}
	if m := w.mails(); len(m) != 1 || m[0].Text != "一 0番 髙﨑" { // as the template was when the mail was sent
		t.Errorf("mails %+v", m)
	}
}
