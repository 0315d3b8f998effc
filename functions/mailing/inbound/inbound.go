package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"madoguchi/shared/address"
	"madoguchi/shared/inquiries"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

const (
	// maxParsed is the largest mail that is read in full, in bytes as sent: 11 MB of files. SES takes 40 MB; a larger one is
	// recorded by its headers, and staff find all of it in the bucket.
	maxParsed = 15 << 20
	// maxHead is how much of a larger one is read.
	maxHead = 256 << 10
)

type inbound struct {
	store      *inquiries.Store
	bucketName string
	bucket     objects.Bucket
	sender     address.Address // of our own mail
	now        func() time.Time
	pause      func(context.Context, time.Duration)
}

// event is what of S3's event is read. In EventBridge the key is not escaped.
type event struct {
	Time   time.Time `json:"time"`
	Detail struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"`
		} `json:"object"`
	} `json:"detail"`
}

// mailKey is how SES names a mail. Its own notice that the rule was set up has another name.
var mailKey = lazily(`^mail/([a-z0-9]{8,128})$`)

// handle takes in one mail. An object that is no mail is no error: trying again would change nothing. Events come twice now and
// then; the mark of the Message-ID makes one record of them.
func (f *inbound) handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	name := mailKey().FindStringSubmatch(e.Detail.Object.Key)
	if e.Detail.Bucket.Name != f.bucketName || name == nil {
		slog.InfoContext(ctx, "object that is no mail")
		return nil, nil
	}
	source, size, err := f.read(ctx, name[0])
	if errors.Is(err, objects.ErrNotFound) {
		slog.WarnContext(ctx, "mail has gone before it was read", "object", name[1])
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read mail: %w", err)
	}
	return nil, f.take(ctx, name[1], source, size, f.received(e.Time))
}

// read returns a mail, or only its beginning where it is larger than maxParsed, and its size.
func (f *inbound) read(ctx context.Context, key string) ([]byte, int64, error) {
	object, err := f.bucket.Get(ctx, key, maxParsed)
	if errors.Is(err, objects.ErrTooLarge) {
		return f.bucket.Begin(ctx, key, maxHead)
	}
	return object.Content, int64(len(object.Content)), err
}

// received is the time at which the mail came: that of the event, unless it makes no sense.
func (f *inbound) received(at time.Time) time.Time {
	if now := f.now(); at.After(now) || now.Sub(at) > 24*time.Hour {
		return now
	}
	return at
}

// take records a mail. id is SES's name of it.
func (f *inbound) take(ctx context.Context, id string, source []byte, size int64, at time.Time) error {
	m := parse(source, size)
	a := inquiries.Arrival{At: at, Bin: inquiries.State(""), Case: inquiries.Case{Channel: policy.ChannelMail, Language: m.language()},
		Message: inquiries.Message{From: m.from, ReplyTo: m.replyTo, Subject: m.subject, Text: m.text, MessageID: m.id, Verdict: &m.verdict,
			Source: "mail/" + id, Size: size, Problem: m.problem}}
	from, err := address.Parse(m.from)
	if err == nil {
		a.Case.Person = from.Key(f.store.AddressKey)
	}
	a.Bin, a.Message.Reason = f.bin(m, from)
	if a.Bin == "" && !m.quiet() && !m.verdict.Forged() && !f.store.IsStaff(from) {
		a.Ack = from // never the Reply-To: anybody can write anybody's address there
	}
	thread, err := f.thread(ctx, m, at, a.Bin)
	if err != nil {
		return err
	}
	mark := f.store.MarkOf(m.identity(), a.Case.Person)
	a.Message.MarkPK, a.Message.Mark = mark.PK, mark.SK
	if a.Bin == "" && len(m.files) > 0 {
		if taken, err := f.store.Taken(ctx, mark, at); err != nil || taken {
			return f.done(ctx, "", m, a, err)
		}
		a.Message.Attachments, err = f.putAside(ctx, id, m.files)
		if err != nil {
			return err
		}
	} else {
		a.Message.Attachments = named(m.files, a.Bin)
	}
	for _, follows := range []bool{thread != "" && a.Bin == "", false} {
		a.Follows, a.Case.Reference, a.Case.About = follows, thread, ""
		if !follows {
			a.Case.Reference = record.Reference(inquiries.Prefix, at)
			if a.Bin == inquiries.Machine {
				a.Case.About = thread
			}
		}
		a.Once = func(tx *record.Transaction) {
			mark.Reference = a.Case.Reference
			f.store.SetMark(tx, mark, a)
		}
		if err = f.store.Receive(ctx, a); !errors.Is(err, inquiries.ErrNoCase) {
			break // a case that has ended takes nothing more: the mail begins a new one
		}
	}
	return f.done(ctx, a.Case.Reference, m, a, err)
}

// done logs what became of a mail: nothing of the mail itself.
func (f *inbound) done(ctx context.Context, reference string, m mail, a inquiries.Arrival, err error) error {
	outcome := "taken in"
	var cancelled *record.Cancelled
	known := err == nil && reference == ""
	if errors.As(err, &cancelled) {
		_, known = cancelled.Failed[inquiries.MarkAction]
	}
	switch {
	case known:
		outcome, reference = "known already", ""
	case err != nil:
		return fmt.Errorf("record mail: %w", err)
	}
	slog.InfoContext(ctx, "mail "+outcome, "inquiry", reference, "follows", a.Follows, "bin", string(a.Bin), "reason", a.Message.Reason,
		"problem", m.problem, "bytes", m.size, "files", len(m.files))
	return nil
}

// bin says into which bin a mail goes and why; none for what people write.
func (f *inbound) bin(m mail, from address.Address) (inquiries.State, string) {
	switch {
	case m.verdict.Virus == "FAIL":
		return inquiries.Spam, "virus"
	case m.verdict.Spam == "FAIL":
		return inquiries.Spam, "spam"
	case m.header.get("X-Madoguchi-Ref") != "", f.isOwn(from):
		return inquiries.Machine, "own_mail"
	}
	if reason := m.machine(); reason != "" {
		return inquiries.Machine, reason
	}
	return "", ""
}

// isOwn tells whether an address is one that we send from or receive at: mail from there is an echo.
func (f *inbound) isOwn(from address.Address) bool {
	if from.IsZero() {
		return false
	}
	local, domain, _ := strings.Cut(from.Normal(), "@")
	local, _, _ = strings.Cut(local, "+")
	ours := []string{f.sender.Normal()}
	if inbound, err := address.Parse(f.store.Inbound); err == nil {
		ours = append(ours, inbound.Normal())
	}
	for _, address := range ours {
		if address == local+"@"+domain {
			return true
		}
	}
	return false
}

// patience is how long an answer waits for the name that SES has given to the mail that it answers. The mailer stores it within
// the second; where SES's answer to the mailer was lost, SES's event brings it some seconds later. A person is not as quick as
// that, so that what is unknown after this is another's mail, or one older than the outbox remembers.
var patience = []time.Duration{time.Second, 3 * time.Second, 6 * time.Second}

// wait lets d pass, or less where ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// thread finds the case that a mail belongs to: by the signed address that it came to, else by the mails that it answers. What
// goes into a bin is not waited for: it joins no case.
func (f *inbound) thread(ctx context.Context, m mail, at time.Time, bin inquiries.State) (string, error) {
	for _, to := range m.recipients() {
		if reference, ok := inquiries.ReadThread(f.store.Keys, f.store.Inbound, to); ok {
			return reference, nil
		}
	}
	for n := 0; ; n++ {
		reference, early, err := f.store.FindThread(ctx, m.answers(), at)
		if err != nil {
			return "", fmt.Errorf("find thread: %w", err)
		}
		if !early || bin != "" || n == len(patience) {
			return reference, nil
		}
		f.pause(ctx, patience[n])
	}
}

// putAside stores the files that may be, under names that tell nothing, and says why the others were not. A mail that is taken in
// a second time after a failure writes the same objects again.
func (f *inbound) putAside(ctx context.Context, id string, files []file) ([]inquiries.Attachment, error) {
	all := named(files, "")
	for i := range all {
		if all[i].Held != "" {
			continue
		}
		all[i].Key = "attachments/" + id + "/" + strconv.Itoa(i+1)
		// Whatever the mail says it is: nothing of it is ever shown by a browser.
		object := objects.Object{Content: files[i].content, ContentType: "application/octet-stream"}
		if err := f.bucket.Put(ctx, all[i].Key, object); err != nil {
			return nil, fmt.Errorf("put attachment aside: %w", err)
		}
	}
	return all, nil
}
