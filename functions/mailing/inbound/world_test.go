package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/infra/local/s3"
	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/config"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/inquiriestest"
	"madoguchi/shared/lambdahost"
	outbox "madoguchi/shared/mail"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
)

const bucketName = "madoguchi-inboundbucket"

// world is the function as it is deployed, over real tables and a bucket.
type world struct {
	*inquiriestest.World
	s3       *s3.Server
	handle   lambdahost.EventHandler
	function *inbound
	store    *inquiries.Store
	bucket   objects.Bucket
	clock    time.Time
	n        int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	used.Store(true)
	w := &world{World: inquiriestest.New(t), clock: inquiriestest.Now()}
	w.s3 = s3test.Start(t, nil, bucketName)
	env := w.Environment()
	env["INBOUND_BUCKET"], env["SENDER_ADDRESS"] = bucketName, inquiriestest.Sender
	f, err := open(t.Context(), config.Map(env), func() time.Time { return w.clock })
	if err != nil {
		t.Fatal(err)
	}
	w.handle, w.function, w.store, w.bucket = f.handle, f, f.store, f.bucket
	return w
}

// sesTop is what SES adds on top of a good mail.
const sesTop = "Return-Path: <%[1]s>\r\n" +
	"Received: from mail.example.jp (mail.example.jp [192.0.2.25])\r\n by inbound-smtp.ap-northeast-1.amazonaws.com with SMTP id abc123\r\n" +
	" for %[2]s;\r\n Tue, 24 Nov 2026 09:30:00 +0000 (UTC)\r\n" +
	"X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n" +
	"Received-SPF: pass (spfCheck: domain of example.jp) client-ip=192.0.2.25; envelope-from=%[1]s; helo=mail.example.jp;\r\n" +
	"Authentication-Results: amazonses.com;\r\n spf=pass (spfCheck: domain of example.jp) client-ip=192.0.2.25; envelope-from=%[1]s; helo=mail.example.jp;\r\n" +
	" dkim=pass header.i=@example.jp;\r\n dmarc=pass header.from=example.jp;\r\nX-SES-RECEIPT: AEFB\r\nX-SES-DKIM-SIGNATURE: a=rsa-sha256; d=amazonses.com;\r\n"

// top is sesTop for an envelope.
func top(from, to string) string { return fmt.Sprintf(sesTop, from, to) }

// letter is a mail as hanako's program sends it: header fields, an empty line, the body.
func letter(fields ...string) string {
	body := ""
	if n := len(fields); n > 0 && !strings.Contains(strings.SplitN(fields[n-1], "\n", 2)[0], ": ") {
		body, fields = fields[n-1], fields[:n-1]
	}
	all := fields
	for _, standard := range []string{"From: hanako@example.jp", "To: inquiry@forms.example.jp", "Subject: Hello"} {
		name, _, _ := strings.Cut(standard, ":")
		if !slices.ContainsFunc(fields, func(f string) bool { return strings.HasPrefix(strings.ToLower(f), strings.ToLower(name)+":") }) {
			all = append(all, standard)
		}
	}
	return strings.Join(all, "\r\n") + "\r\n\r\n" + body
}

// arrive puts a mail into the bucket as SES does, with what SES adds, and hands the function the event. It returns SES's name.
func (w *world) arrive(t *testing.T, source string) string {
	t.Helper()
	return w.deliver(t, top("hanako@example.jp", inquiriestest.Inbound)+source)
}

// deliver is arrive for a mail that holds what SES added.
func (w *world) deliver(t *testing.T, source string) string {
	t.Helper()
	w.n++
	id := fmt.Sprintf("mail%036d", w.n)
	if err := w.s3.Put(bucketName, "mail/"+id, "", []byte(source)); err != nil {
		t.Fatal(err)
	}
	w.event(t, id)
	return id
}

func (w *world) event(t *testing.T, id string) {
	t.Helper()
	payload, err := os.ReadFile("../../../events/inbound/mail.json")
	if err != nil {
		t.Fatal(err)
	}
	payload = bytes.ReplaceAll(payload, []byte("o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"), []byte(id))
	payload = bytes.ReplaceAll(payload, []byte("2026-11-24T09:30:01Z"), []byte(w.clock.Format(time.RFC3339Nano)))
	if _, err := w.handle(t.Context(), payload); err != nil {
		t.Fatalf("handle: %v", err)
	}
}

// cases are all cases in a state.
func (w *world) cases(t *testing.T, state inquiries.State) []inquiries.Case {
	t.Helper()
	found, _, err := w.store.List(t.Context(), state, 100, w.clock, nil)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// only returns the one message of the one case of a state.
func (w *world) only(t *testing.T, state inquiries.State) (inquiries.Case, inquiries.Message) {
	t.Helper()
	found := w.cases(t, state)
	if len(found) != 1 {
		t.Fatalf("%d cases are %s, want one", len(found), state)
	}
	head, messages, _, err := w.store.Get(t.Context(), found[0].Reference, w.clock)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, error %v", len(messages), err)
	}
	return head, messages[0]
}

// acknowledgements are those that the outbox has promised.
func (w *world) acknowledgements(t *testing.T) []outbox.Row {
	t.Helper()
	return w.Mails(t, policy.InquiryReceived)
}

// used tells whether a test has let the function run.
var used atomic.Bool

// logged collects what all tests of the package log.
var logged struct {
	sync.Mutex
	bytes.Buffer
}

type safe struct{}

func (safe) Write(p []byte) (int, error) {
	logged.Lock()
	defer logged.Unlock()
	return logged.Buffer.Write(p)
}

// TestMain looks through the log of all tests at the end: nothing of a mail may be in it (R45, hard case 33).
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewJSONHandler(safe{}, nil)))
	code := m.Run()
	log := logged.String()
	for _, word := range []string{"@", "hanako", "example", "花子", "Hello", "Subject", ".pdf"} {
		if strings.Contains(log, word) {
			fmt.Printf("the log holds %q\n", word)
			code = 1
		}
	}
	if code == 0 && used.Load() && log == "" {
		fmt.Println("nothing was logged: the check of the log checks nothing")
		code = 1
	}
	os.Exit(code)
}
