package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/config"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/inquiriestest"
	outboxtest "madoguchi/shared/mail/mailtest"
	"madoguchi/shared/policy"
	"madoguchi/shared/text"
)

// R38, R39: what a mail carries is recorded and nothing is guessed; staff are told without a word of it.
func TestRecord(t *testing.T) {
	w := newWorld(t)
	id := w.arrive(t, letter("From: 山田 花子 <Hanako@Example.jp>", "Reply-To: <office@example.com>", "Subject: 資料の件", "Message-ID: <1@example.jp>",
		"Content-Type: text/plain; charset=utf-8", "番号は123456789018です。\r\n花子"))
	head, m := w.only(t, inquiries.New)
	want := inquiries.Message{Reference: head.Reference, SK: m.SK, Channel: policy.ChannelMail, Person: head.Person, Created: head.Created,
		ExpiresAt: w.clock.Add(730 * 24 * time.Hour).Unix(), From: "Hanako@Example.jp", ReplyTo: "office@example.com", Subject: "資料の件",
		Text: "番号は123456789018です。\n花子", MessageID: "<1@example.jp>", Source: "mail/" + id, Size: m.Size, MarkPK: m.MarkPK, Mark: m.Mark,
		Verdict: &inquiries.Verdict{Spam: "PASS", Virus: "PASS", SPF: "pass", DKIM: "pass", DMARC: "pass"}}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
	if head.Channel != policy.ChannelMail || head.Language != policy.Japanese || head.Policy != policy.Version || head.Identities != 1 || head.Person == "" {
		t.Errorf("head %+v", head)
	}
	if v := m.View(); v.Text != "番号は************です。\n花子" || len(v.Identities) != 1 || v.Identities[0] != text.MyNumber {
		t.Errorf("view (R10): %+v", v)
	}
	notices := w.Mails(t, policy.InquiryStaffNotice)
	if len(notices) != 1 {
		t.Fatalf("%d notices", len(notices))
	}
	if diff := cmp.Diff(map[string]string{"reference": head.Reference, "channel": "inbound_mail", "numbers": "1", "limit": "100"}, notices[0].Data); diff != "" {
		t.Errorf("notice: %s", diff)
	}
	for _, item := range w.All(t) {
		for _, key := range []string{"pk", "sk", "person"} {
			if s, _ := item[key].(string); strings.ContainsAny(s, "@<>") {
				t.Errorf("a key holds %q", s)
			}
		}
	}
}

// Hard case 35: the same mail is one record with one acknowledgement, however often it or its event comes.
func TestOnce(t *testing.T) {
	const withID = "Message-ID: <1@example.jp>"
	for _, test := range []struct {
		name  string
		mails []string
		want  int
	}{
		{"the same Message-ID twice", []string{letter(withID, "one"), letter(withID, "one")}, 1},
		{"the same Message-ID with another text", []string{letter(withID, "one"), letter(withID, "two")}, 1},
		{"no Message-ID, the same mail", []string{letter("one"), letter("one")}, 1},
		{"no Message-ID, two mails", []string{letter("one"), letter("two")}, 2},
		{"another sender cannot take a Message-ID away", []string{letter(withID, "From: thief@example.com"), letter(withID)}, 2},
		{"twice with a file", []string{letter(withID, pdf), letter(withID, pdf)}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			for _, source := range test.mails {
				id := w.arrive(t, source)
				w.event(t, id) // EventBridge delivers at least once
			}
			if got := len(w.cases(t, inquiries.New)); got != test.want {
				t.Errorf("%d cases, want %d", got, test.want)
			}
			senders := map[string]bool{}
			for _, row := range w.acknowledgements(t) {
				if senders[row.To] {
					t.Errorf("two acknowledgements to one sender")
				}
				senders[row.To] = true
			}
		})
	}
}

// pdf is the end of a mail with a file.
const pdf = "Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n\r\nText\r\n--B\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.7\r\n--B--\r\n"

// A mail finds its case by the signed address that it was sent to, or by the mails that it answers; a case that has ended takes
// nothing more; a machine's answer says what it is about and is no part of it.
func TestThreads(t *testing.T) {
	w := newWorld(t)
	w.arrive(t, letter("Message-ID: <1@example.jp>", "one"))
	first, _ := w.only(t, inquiries.New)
	thread := inquiries.Thread(w.store.Keys, inquiriestest.Inbound, first.Reference)

	w.arrive(t, letter("Message-ID: <2@example.jp>", "To: "+strings.ToUpper(thread), "two"))
	w.deliver(t, top("other@example.com", thread)+letter("Message-ID: <3@example.com>", "From: other@example.com", "To: undisclosed-recipients:;", "three"))
	w.arrive(t, letter("Message-ID: <4@example.jp>", "References: <0@elsewhere.example> <1@example.jp> <9@elsewhere.example>", "four"))
	w.arrive(t, letter("Message-ID: <5@example.jp>", "In-Reply-To: <4@example.jp>", "five"))
	head, messages, _, err := w.store.Get(t.Context(), first.Reference, w.clock)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, m := range messages {
		texts = append(texts, m.Text)
	}
	if len(w.cases(t, inquiries.New)) != 1 || head.Messages != 5 || len(texts) != 5 {
		t.Errorf("%d cases, %d messages, texts %v", len(w.cases(t, inquiries.New)), head.Messages, texts)
	}
	if n := len(w.acknowledgements(t)); n != 2 {
		t.Errorf("%d acknowledgements to two senders", n)
	}

	w.arrive(t, letter("Message-ID: <6@example.jp>", "To: "+strings.Replace(thread, "-", "-a", 1), "forged"))
	if n := len(w.cases(t, inquiries.New)); n != 2 {
		t.Errorf("%d cases: a forged address reaches one", n)
	}
	w.arrive(t, letter("Message-ID: <7@example.jp>", "To: "+thread, "Auto-Submitted: auto-replied", "I am away"))
	if machine, _ := w.only(t, inquiries.Machine); machine.About != first.Reference {
		t.Errorf("an automatic answer is about %q, want %q", machine.About, first.Reference)
	}
	w.clock = w.clock.Add(731 * 24 * time.Hour)
	w.arrive(t, letter("Message-ID: <8@example.jp>", "To: "+thread, "References: <1@example.jp>", "late"))
	if late, m := w.only(t, inquiries.New); late.Reference == first.Reference || m.Text != "late" {
		t.Errorf("a mail to a case that has ended: %+v", late)
	}
}

// Files are put aside under numbers, within limits of number, size and kind; the others are listed with the reason.
func TestAttachments(t *testing.T) {
	var b strings.Builder
	add := func(name, content string) {
		fmt.Fprintf(&b, "--B\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"%s\"\r\n\r\n%s\r\n", name, content)
	}
	add("passport TK1234567.pdf", "%PDF-1.7")
	add("winmail.dat", "\x78\x9f\x3e\x22\x01\x00")
	add("other.dat", "data")
	add("run.exe", "MZ\x90")
	add("picture.jpg", "MZ\x90")
	add("page.pdf", "<!DOCTYPE html><script>")
	add("macro.docm", "PK")
	add("noextension", "x")
	add("large.pdf", strings.Repeat("a", maxFileSize+1))
	for range maxFiles {
		add("many.txt", "x")
	}
	w := newWorld(t)
	id := w.arrive(t, letter("Content-Type: multipart/mixed; boundary=B", "--B\r\n\r\nSee the files.\r\n"+b.String()+"--B--\r\n"))
	_, m := w.only(t, inquiries.New)
	got := map[string]string{}
	kept := 0
	for i, a := range m.Attachments {
		got[a.Name] = a.Held
		if (a.Key == "") == (a.Held == "") {
			t.Errorf("%s: key %q, held %q", a.Name, a.Key, a.Held)
		}
		if a.Key == "" {
			continue
		}
		kept++
		if want := fmt.Sprintf("attachments/%s/%d", id, i+1); a.Key != want {
			t.Errorf("key %q, want %q: a file's name stays in the record", a.Key, want)
		}
		object, err := w.bucket.Get(t.Context(), a.Key, maxFileSize)
		if err != nil || int64(len(object.Content)) != a.Size || object.ContentType != "application/octet-stream" {
			t.Errorf("%s: %d bytes of %s, error %v", a.Name, len(object.Content), object.ContentType, err)
		}
	}
	want := map[string]string{"passport TK1234567.pdf": "", "winmail.dat": "", "other.dat": "type", "run.exe": "type", "picture.jpg": "type",
		"page.pdf": "type", "macro.docm": "type", "noextension": "type", "large.pdf": "size", "many.txt": "number"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if kept != 2+maxFiles-9 || len(m.Attachments) != 9+maxFiles || m.Text != "See the files." {
		t.Errorf("%d of %d files kept, text %q", kept, len(m.Attachments), m.Text)
	}
	if v := m.View(); v.Attachments[0].Name != "passport *********.pdf" {
		t.Errorf("file name for staff (R10): %q", v.Attachments[0].Name)
	}
}

// Hard case 35: a mail of 40 MB is one record of its header, and is not read in full; files of a virus or of a machine are not put
// aside.
func TestLargeAndUnwanted(t *testing.T) {
	w := newWorld(t)
	w.arrive(t, letter("Subject: large", "Content-Type: multipart/mixed; boundary=B",
		"--B\r\n\r\nText\r\n--B\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n"+strings.Repeat("0123456789abcdef", 40<<16)+"\r\n--B--\r\n"))
	_, m := w.only(t, inquiries.New)
	if m.Problem != tooLarge || m.Subject != "large" || m.From != sent || m.Size < 40<<20 || m.Text != "" || m.Attachments != nil || len(w.acknowledgements(t)) != 1 {
		t.Errorf("problem %q, %d bytes, %+v", m.Problem, m.Size, m.Attachments)
	}
	w.deliver(t, strings.Replace(top(sent, "x"), "Virus-Verdict: PASS", "Virus-Verdict: FAIL", 1)+letter("Message-ID: <v@example.jp>", pdf))
	if _, m = w.only(t, inquiries.Spam); len(m.Attachments) != 1 || m.Attachments[0].Key != "" || m.Attachments[0].Held != "spam" || m.Reason != "virus" {
		t.Errorf("virus: %+v", m)
	}
	w.arrive(t, letter("Message-ID: <m@example.jp>", "Precedence: bulk", pdf))
	if _, m = w.only(t, inquiries.Machine); len(m.Attachments) != 1 || m.Attachments[0].Key != "" {
		t.Errorf("machine: %+v", m)
	}
}

// What is no mail of ours is passed over: SES's notice that the rule was set up, another bucket, an object that has gone. While a
// store is away the event is tried again, and the mail is one record in the end.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"setup-notification", "another-bucket", "mail"} { // of "mail" there is no object
		payload, err := os.ReadFile("../../../events/inbound/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.handle(t.Context(), payload); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(w.All(t)); got != 0 {
		t.Errorf("%d items", got)
	}
	if _, err := w.handle(t.Context(), []byte("[]")); err == nil {
		t.Error("an event that is none is no error")
	}
	id := w.arrive(t, letter("Message-ID: <1@example.jp>", pdf))
	w.event(t, id)
	if got := len(w.cases(t, inquiries.New)); got != 1 {
		t.Errorf("%d cases", got)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	env := w.Environment()
	env["INBOUND_BUCKET"], env["SENDER_ADDRESS"] = bucketName, inquiriestest.Sender
	f, err := open(t.Context(), config.Map(env), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile("../../../events/inbound/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.handle(t.Context(), payload); err == nil {
		t.Error("S3 is away and nobody tries again")
	}
}

// With one setting missing or wrong the function does not start, and the message names it (hard case 25).
func TestSettings(t *testing.T) {
	t.Setenv("AWS_REGION", "ap-northeast-1")
	complete := func() map[string]string {
		env := (&inquiriestest.World{Table: "inquiries", GuardName: "guard", Mail: &outboxtest.Outbox{Table: "outbox"}}).Environment()
		env["INBOUND_BUCKET"], env["SENDER_ADDRESS"] = bucketName, inquiriestest.Sender
		return env
	}
	if _, err := run(t.Context(), config.Map(complete())); err != nil {
		t.Fatalf("complete settings: %v", err)
	}
	for name := range complete() {
		env := complete()
		delete(env, name)
		if _, err := run(t.Context(), config.Map(env)); (err == nil || !strings.Contains(err.Error(), name)) && name != "INBOUND_ADDRESS" {
			t.Errorf("without %s: %v", name, err)
		}
	}
	for name, value := range map[string]string{"INQUIRY_DAYS": "0", "INQUIRY_CLOSED_DAYS": "29", "INQUIRY_STAFF_ADDRESS": inquiriestest.Inbound, "SENDER_ADDRESS": "x"} {
		env := complete()
		env[name] = value
		if _, err := run(t.Context(), config.Map(env)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
