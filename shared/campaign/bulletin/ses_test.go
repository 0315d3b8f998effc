package bulletin_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
	"pgregory.net/rapid"

	"madoguchi/infra/local/ses"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/campaign/edition"
	"madoguchi/shared/policy"
)

// account is the local SES behind the SDK.
type account struct {
	server *ses.Server
	client *sesv2.Client
}

func newAccount(t *testing.T) account {
	t.Helper()
	server, err := ses.New(ses.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(server.API())
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		api.Close()
	})
	rate := 1e6
	if err := server.SetFaults(ses.Faults{MaxSendRate: &rate}); err != nil {
		t.Fatal(err)
	}
	return account{server, sesv2.New(sesv2.Options{Region: "ap-northeast-1", BaseEndpoint: aws.String(api.URL), Retryer: aws.NopRetryer{},
		HTTPClient: api.Client(), Credentials: credentials.NewStaticCredentialsProvider("AKIDCAMPAIGN", "secret", "")})}
}

// send sends a bulletin to the recipients in one call and returns their mails, in order.
func (a account) send(t interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}, test *testing.T, b *edition.Edition, recipients []bulletin.Recipient) []ses.Mail {
	t.Helper()
	in := &sesv2.SendBulkEmailInput{
		FromEmailAddress: aws.String("info@forms.example.jp"), ConfigurationSetName: aws.String("list"),
		DefaultContent: &types.BulkEmailContent{Template: &types.Template{TemplateContent: &types.EmailTemplateContent{
			Subject: aws.String(b.Subject), Html: aws.String(b.HTML), Text: aws.String(b.Text)}}},
	}
	for i, r := range recipients {
		data, err := b.Data(r)
		if err != nil {
			t.Fatal(err)
		}
		headers, err := b.Headers(r)
		if err != nil {
			t.Fatal(err)
		}
		entry := types.BulkEmailEntry{Destination: &types.Destination{ToAddresses: []string{fmt.Sprintf("r%d@example.jp", i)}},
			ReplacementEmailContent: &types.ReplacementEmailContent{ReplacementTemplate: &types.ReplacementTemplate{ReplacementTemplateData: aws.String(data)}}}
		for _, h := range headers {
			entry.ReplacementHeaders = append(entry.ReplacementHeaders, types.MessageHeader{Name: aws.String(h.Name), Value: aws.String(h.Value)})
		}
		in.BulkEmailEntries = append(in.BulkEmailEntries, entry)
	}
	out, err := a.client.SendBulkEmail(test.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	var mails []ses.Mail
	for i, result := range out.BulkEmailEntryResults {
		if result.Status != types.BulkEmailStatusSuccess {
			t.Fatalf("recipient %d: %s", i, result.Status)
		}
		m, err := a.server.Mail(*result.MessageId)
		if err != nil {
			t.Fatalf("recipient %d has no mail (a rendering failure): %v", i, err)
		}
		mails = append(mails, m)
	}
	return mails
}

// What Render shows is what SES sends, byte for byte, for every kind of mail and every value; and the source of the mail holds
// to MIME, RFC 2047, RFC 5322 and RFC 8058 in the eyes of a parser that is not ours.
func TestSESRendersTheSame(t *testing.T) {
	account := newAccount(t)
	list := samples()
	c, f := everywhere()
	list = append(list, sample{"merge fields everywhere", c, f})
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			b, err := bulletin.Compile(s.content, s.frame)
			if err != nil {
				t.Fatal(err)
			}
			recipients := []bulletin.Recipient{hanako()}
			for _, value := range hostile {
				r := hanako()
				r.Values["name"], r.Values["organization"] = value, value
				recipients = append(recipients, r)
			}
			for i, m := range account.send(t, t, b, recipients) {
				subject, page, text, err := b.Render(recipients[i])
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{subject, page, text}, []string{m.Subject, m.HTML, m.Text}); diff != "" {
					t.Errorf("%q: SES sends another mail (-Render +SES):\n%s", recipients[i].Values["name"], diff)
				}
				clean(t, m.Source(), b.List, recipients[i], subject, page, text)
			}
		})
	}
}

var encodedWord = regexp.MustCompile(`=\?[^?\s]+\?[BbQq]\?[^?\s]*\?=`)

// clean reads a source with enmime and holds what must be true of every mail.
func clean(t *testing.T, source []byte, isList bool, r bulletin.Recipient, subject, page, text string) {
	t.Helper()
	for line := range strings.SplitSeq(string(source), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d bytes", len(line))
		}
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }) {
			t.Errorf("a line with a bare line end or a character outside ASCII: %q", line)
		}
		for _, word := range encodedWord.FindAllString(line, -1) {
			if len(word) > 75 && strings.HasPrefix(word, "=?UTF-8") {
				t.Errorf("an encoded word of %d bytes", len(word))
			}
		}
	}
	e, err := enmime.ReadEnvelope(bytes.NewReader(source))
	if err != nil {
		t.Fatalf("cannot be read: %v", err)
	}
	for _, problem := range e.Errors {
		t.Errorf("the parser complains: %v", problem)
	}
	if e.Root.ContentType != "multipart/alternative" || e.Root.FirstChild.ContentType != "text/plain" {
		t.Errorf("parts: %s with %s first", e.Root.ContentType, e.Root.FirstChild.ContentType)
	}
	unify := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
	if diff := cmp.Diff([]string{subject, page, text}, []string{e.GetHeader("Subject"), unify(e.HTML), unify(e.Text)}); diff != "" {
		t.Errorf("read by another parser (-Render +read):\n%s", diff)
	}
	want := []string{"", ""}
	if isList {
		want = []string{"<" + r.Unsubscribe + ">", "List-Unsubscribe=One-Click"}
	}
	if diff := cmp.Diff(want, []string{e.GetHeader("List-Unsubscribe"), e.GetHeader("List-Unsubscribe-Post")}); diff != "" {
		t.Errorf("RFC 8058: %s", diff)
	}
}

// Whatever staff write that looks like Handlebars comes out as it was written: SES neither refuses the template nor fails to render
// it, and what it makes of it is what Render shows.
func TestBracesOfTheContent(t *testing.T) {
	account := newAccount(t)
	for name, test := range map[string]struct{ content, shown string }{
		"two braces":           {"a {{ b", "a {{ b"},
		"three braces":         {"a {{{ b", "a {{{ b"},
		"a block":              {"{{#if name}}x{{/if}}", "{{#if name}}x{{/if}}"},
		"unescaped":            {"{{{name}}}", "{{{name}}}"},
		"a comment":            {"{{! x }}", "{{! x }}"},
		"a partial":            {"{{> x}}", "{{> x}}"},
		"a path":               {"{{../name}}", "{{../name}}"},
		"two words":            {"{{a b}}", "{{a b}}"},
		"escaped field":        {`\{{name}}`, "{{name}}"},
		"a brace and a field":  {"{ {{name}} }", "{ 山田 花子 }"},
		"braces at a field":    {"}}{{name}}{{", "}}山田 花子{{"},
		"a backslash":          {`x\y`, `x\y`},
		"a closing brace":      {"{{name}}様}", "山田 花子様}"},
		"a field in a row":     {"{{name}}{{name|x}}{{organization}}", "山田 花子山田 花子国立研究所"},
		"braces of a fallback": {"{{email|x}} {{nothing", "hanako@example.jp {{nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			c := bulletin.Content{Subject: test.content, Preheader: test.content, BodyMarkdown: test.content, Text: test.content}
			b, err := bulletin.Compile(c, frame(policy.PressRelease, policy.Japanese))
			if err != nil {
				t.Fatal(err)
			}
			m := account.send(t, t, b, []bulletin.Recipient{hanako()})[0]
			shown, _ := structure(t, m.HTML)
			if m.Subject != test.shown || !strings.HasPrefix(m.Text, test.shown+"\n") || strings.Count(shown, test.shown) < 3 {
				t.Errorf("%q is shown as\n%q\n%q\n%q", test.content, m.Subject, m.Text, shown)
			}
		})
	}
}

func TestAnyContentIsSentAsRendered(t *testing.T) {
	account := newAccount(t)
	pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"{", "{{", "}", "}}", "\\", "#", "/", "!", ">", "&", "*", "**", "_", "[", "](", ")", "|", "\n", "\n\n", " ", "- ",
		"name", "{{name}}", "{{organization|x}}", "{{name|}}", "`", "https://a.jp/", "あ", "𠮷", "<b>", "&amp;", "~", "---", "#include"}), 1, 14)
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(pieces.Draw(rt, "pieces"), "")
		line := strings.ReplaceAll(text, "\n", " ")
		b, err := bulletin.Compile(bulletin.Content{Subject: "x" + line, Preheader: line, BodyMarkdown: "x" + text, Text: text}, frame(policy.NewsletterIssue, policy.Japanese))
		if err != nil {
			return // an address with a field in it, and the like
		}
		m := account.send(rt, t, b, []bulletin.Recipient{hanako()})[0]
		subject, page, plain, err := b.Render(hanako())
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff([]string{subject, page, plain}, []string{m.Subject, m.HTML, m.Text}); diff != "" {
			rt.Fatalf("SES sends another mail (-Render +SES):\n%s", diff)
		}
	})
}
