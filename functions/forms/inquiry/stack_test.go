package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/journey"
	"madoguchi/infra/local/stack"
	"madoguchi/infra/tools"
)

const staff = "inquiries@office.example.jp"

// product is the whole product on one machine: the real binaries, tables, bucket, streams and mail.
type product struct {
	*stack.Stack
	folder, table string
}

func begin(t *testing.T) *product {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	p := &product{folder: t.TempDir()}
	p.Stack, err = stack.Start(t.Context(), stack.Options{Root: root, DataDir: p.folder, Env: map[string]string{"FORM_MINIMUM_SECONDS": "0",
		"RATE_LIMIT_PER_HOUR": "0", "INQUIRY_STAFF_ADDRESS": staff}})
	if err != nil {
		t.Fatalf("start the stack: %v", err)
	}
	t.Cleanup(p.Close)
	for _, f := range p.Template().Functions {
		if f.Name == "InboundFunction" {
			p.table = f.Environment["INQUIRIES_TABLE"]
		}
	}
	return p
}

func (p *product) target() journey.Target {
	return journey.Target{URL: p.URL(), Inbox: journey.InboxAt(p.URL())}
}

// items are the items of the table that a test of them chooses; it waits until there are n.
func (p *product) items(t *testing.T, n int, choose func(map[string]any) bool) (chosen []map[string]any) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := p.DynamoDB().Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(p.table), ConsistentRead: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		var all []map[string]any
		if err := attributevalue.UnmarshalListOfMaps(out.Items, &all); err != nil {
			t.Fatal(err)
		}
		chosen = nil
		for _, item := range all {
			if choose(item) {
				chosen = append(chosen, item)
			}
		}
		if len(chosen) == n {
			return chosen
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d items, want %d", len(chosen), n)
		}
	}
}

// arrives posts a mail as /_local/inbound takes it.
func (p *product) arrives(t *testing.T, query, source string) {
	t.Helper()
	answer, err := http.Post(p.URL()+"/_local/inbound"+query, "message/rfc822", strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", answer.StatusCode, body)
	}
}

func isCase(item map[string]any) bool { return item["sk"] == "case" }

// TestJourney: an inquiry by the form in each language, the answer to its acknowledgement as a mail, mails from outside and from
// machines - through the real functions, from SES's rule to the outbox (R37-R41, hard cases 34, 35).
func TestJourney(t *testing.T) {
	p := begin(t)
	v := journey.NewVisitor(p.target())
	for i, test := range []struct{ query, lang, subject, greeting string }{
		{"", "ja", "お問い合わせを受け付けました", "お問い合わせいただき、ありがとうございます"}, {"?lang=en", "en", "We have received your inquiry", "Thank you for writing"},
	} {
		email := fmt.Sprintf("hanako%d@example.jp", i)
		check := v.Send(t, v.Get(t, "/inquiry"+test.query), "check", map[string]string{"name": "𠮷野家 花子", "email": email, "message": "資料について\r\n123456789018"})
		if check.Status != http.StatusOK || !strings.Contains(check.Text, "資料について") {
			t.Fatalf("check page: %d %s", check.Status, check.Text)
		}
		sent := v.Send(t, check, "submit", nil)
		done := v.Get(t, sent.Header.Get("Location"))
		if sent.Status != http.StatusSeeOther || done.Status != http.StatusOK || strings.Contains(done.Text, "資料") {
			t.Fatalf("%d, done page: %d %s", sent.Status, done.Status, done.Text)
		}
		_, reference, _ := strings.Cut(sent.Header.Get("Location"), "ref=")
		reference, _, _ = strings.Cut(reference, "&")
		ack := p.target().Wait(t, email, "inquiry_received", 1)
		if !strings.Contains(ack.Subject, test.subject) || !strings.Contains(ack.Subject, reference) || !strings.Contains(ack.Text, test.greeting) ||
			strings.Contains(ack.Text+ack.HTML, "花子") || strings.Contains(ack.Text+ack.HTML, "資料に") || ack.Headers["Auto-Submitted"] != "auto-generated" {
			t.Errorf("acknowledgement %q %v:\n%s", ack.Subject, ack.Headers, ack.Text)
		}
		notice := p.target().Wait(t, staff, "inquiry_staff_notice", 3*i+1)
		all := notice.Subject + notice.Text + notice.HTML
		if !strings.Contains(notice.Subject, reference) || strings.Contains(all, "hanako") || strings.Contains(all, "花子") || notice.Headers["Auto-Submitted"] != "auto-generated" ||
			notice.Headers["Reply-To"] != staff {
			t.Errorf("notice %q %v", notice.Subject, notice.Headers)
		}
		// The person answers the acknowledgement; an answering machine does so too.
		reply := strings.Trim(ack.Headers["Reply-To"], "<>")
		p.arrives(t, "", "From: Hanako <"+email+">\r\nTo: <"+reply+">\r\nSubject: Re: "+reference+"\r\nMessage-ID: <"+email+">\r\n\r\n追加の質問です。\r\n")
		p.arrives(t, "", "Return-Path: <>\r\nFrom: "+email+"\r\nTo: "+reply+"\r\nSubject: away\r\nMessage-ID: <away"+email+">\r\n\r\nI am away.\r\n")
		// Another program answers to the address in the letter alone; what it answers is said by the Message-ID that SES gave.
		p.arrives(t, "", "From: "+email+"\r\nTo: inquiry@forms.example.jp\r\nIn-Reply-To: "+ack.Headers["Message-ID"]+"\r\nMessage-ID: <second"+email+">\r\n\r\nもう一つ。\r\n")
		p.items(t, 3, func(item map[string]any) bool { return item["pk"] == reference && item["sk"] != "case" })
		p.target().Wait(t, staff, "inquiry_staff_notice", 3*i+3)
		about := p.items(t, i+1, func(item map[string]any) bool { return item["state"] == "machine" })
		if about[0]["about"] == nil {
			t.Errorf("the machine's answer: %v", about)
		}
	}
	mails := p.SES().Count()
	p.arrives(t, "", string(large(t)))
	p.arrives(t, "?spam=FAIL", "From: x@example.com\r\nMessage-ID: <s@x>\r\n\r\nBuy\r\n")
	p.arrives(t, "?dmarc=fail&dkim=fail&spf=fail", "From: forged@example.com\r\nMessage-ID: <f@x>\r\n\r\nHello\r\n")
	p.items(t, 7, isCase)
	p.target().Wait(t, staff, "inquiry_staff_notice", 8) // two forms, two answers to each, the large one, the forged one
	p.target().Wait(t, "taro@example.jp", "inquiry_received", 1)
	if got := len(p.target().Mails(t, "forged@example.com")) + len(p.target().Mails(t, "x@example.com")); got != 0 || p.SES().Count() < mails {
		t.Errorf("%d mails to a forged sender and a spammer", got)
	}
	p.Close()
	quiet(t, p.folder)
}

// large is a mail of 20 MB, which the function records and does not take apart.
func large(t *testing.T) []byte {
	t.Helper()
	return []byte("From: taro@example.jp\r\nTo: inquiry@forms.example.jp\r\nSubject: =?UTF-8?B?5aSn44GN44GE?=\r\nMessage-ID: <l@example.jp>\r\n\r\n" + strings.Repeat("0123456789abcde\n", 20<<16))
}

// quiet: nothing of a person or of a mail is in any log line (hard case 33).
func quiet(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "logs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	if !strings.Contains(all.String(), "mail taken in") {
		t.Fatalf("the functions have not logged what they did: %.500s", all.String())
	}
	for line := range strings.Lines(all.String()) {
		for _, word := range []string{"example.jp", "hanako", "花子", "資料", "away"} {
			if strings.Contains(line, word) {
				t.Errorf("a log line holds %q: %s", word, line)
			}
		}
		if !json.Valid([]byte(line)) && strings.TrimSpace(line) != "" {
			t.Errorf("a log line is no JSON: %s", line)
		}
	}
}
