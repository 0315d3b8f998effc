package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/inquiries"
	outbox "madoguchi/shared/mail"
)

// sesName is what SES calls our acknowledgement in these tests, and acknowledgementID the Message-ID that it gives it.
const (
	sesName           = "0106019318a2b3c4-5d6e7f80-9a0b-4c1d-8e2f-30415263748a-000000"
	acknowledgementID = "<" + sesName + "@ap-northeast-1.amazonses.com>"
)

// An answer that holds nothing of the thread's address but the Message-ID of our acknowledgement joins its inquiry, for as long as
// the outbox remembers that mail; what names another's mail does not (hard case 35).
func TestAnswerByMessageID(t *testing.T) {
	for _, test := range []struct {
		name, source string
		heard        int           // 0: SES's name of the acknowledgement is stored before; n: in the nth wait; -1: never
		later        time.Duration // between the acknowledgement and the answer
		joins        bool
		waits        int
	}{
		{"In-Reply-To", letter("In-Reply-To: " + acknowledgementID), 0, 0, true, 0},
		{"References, after a mail that nobody knows", letter("In-Reply-To: <x@example.jp>", "References: <y@example.jp> "+acknowledgementID), 0, 0, true, 0},
		{"domain in capitals", letter("In-Reply-To: " + strings.Replace(acknowledgementID, "amazonses", "AmazonSES", 1)), 0, 0, true, 0},
		{"from somebody who was given the mail", letter("From: taro@example.com", "In-Reply-To: "+acknowledgementID), 0, 0, true, 0},
		{"before SES's event brings the name", letter("In-Reply-To: " + acknowledgementID), 2, 0, true, 2},
		{"of which nobody hears the name", letter("In-Reply-To: " + acknowledgementID), -1, 0, false, 3},
		{"on the last day", letter("In-Reply-To: " + acknowledgementID), 0, outbox.SettledFor - time.Minute, true, 0},
		{"after the outbox has forgotten", letter("In-Reply-To: " + acknowledgementID), 0, outbox.SettledFor + time.Minute, false, 3},
		{"guessed", letter("In-Reply-To: " + strings.Replace(acknowledgementID, "748a", "748b", 1)), 0, 0, false, 3},
		{"another region's", letter("In-Reply-To: " + strings.Replace(acknowledgementID, "ap-northeast-1", "eu-west-1", 1)), 0, 0, false, 0},
		{"the first region's domain", letter("In-Reply-To: " + strings.Replace(acknowledgementID, "ap-northeast-1", "email", 1)), 0, 0, false, 0},
		{"another domain", letter("In-Reply-To: " + strings.Replace(acknowledgementID, "amazonses.com", "amazonses.com.example.jp", 1)), 0, 0, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.arrive(t, letter("Message-ID: <1@example.jp>", "one"))
			first, _ := w.only(t, inquiries.New)
			heard := func() {
				t.Helper()
				store := outbox.NewStore(w.Client, w.Mail.Table, outbox.Times{}, func() time.Time { return w.clock })
				if ok, err := store.Accepted(t.Context(), w.acknowledgements(t)[0].ID, sesName, w.clock); err != nil || !ok {
					t.Fatal(ok, err)
				}
			}
			if test.heard == 0 {
				heard()
			}
			waits := 0
			w.function.pause = func(context.Context, time.Duration) {
				if waits++; waits == test.heard {
					heard()
				}
			}
			w.clock = w.clock.Add(test.later)
			w.arrive(t, "Message-ID: <2@example.jp>\r\n"+test.source)
			head, messages, _, err := w.store.Get(t.Context(), first.Reference, w.clock)
			if err != nil {
				t.Fatal(err)
			}
			cases := len(w.cases(t, inquiries.New))
			if joined := cases == 1 && head.Messages == 2 && len(messages) == 2; joined != test.joins || !joined && cases != 2 {
				t.Errorf("%d cases, the first has %d messages; joins: %v", cases, head.Messages, test.joins)
			}
			if waits != test.waits {
				t.Errorf("waited %d times, want %d", waits, test.waits)
			}
		})
	}
}

// A machine's answer says what it is about, without a wait; an answer to a case that has ended begins a new one; a mail that takes
// the Message-ID of ours for its own leads no answer astray.
func TestAnswersThatJoinNothing(t *testing.T) {
	w := newWorld(t)
	w.function.pause = func(context.Context, time.Duration) { t.Error("waits") }
	w.arrive(t, letter("Message-ID: <1@example.jp>", "one"))
	first, _ := w.only(t, inquiries.New)
	ack := w.acknowledgements(t)[0]
	w.arrive(t, letter("Message-ID: "+acknowledgementID, "From: thief@example.com", "two"))
	store := outbox.NewStore(w.Client, w.Mail.Table, outbox.Times{}, func() time.Time { return w.clock })
	if _, err := store.Accepted(t.Context(), ack.ID, sesName, w.clock); err != nil {
		t.Fatal(err)
	}
	w.arrive(t, letter("Message-ID: <2@example.jp>", "Auto-Submitted: auto-replied", "In-Reply-To: "+acknowledgementID))
	if machine, _ := w.only(t, inquiries.Machine); machine.About != first.Reference {
		t.Errorf("an automatic answer is about %q, want %q", machine.About, first.Reference)
	}
	w.arrive(t, letter("Message-ID: <3@example.jp>", "In-Reply-To: "+acknowledgementID, "three"))
	if head, _, _, err := w.store.Get(t.Context(), first.Reference, w.clock); err != nil || head.Messages != 2 {
		t.Errorf("%d messages, error %v", head.Messages, err)
	}
	// What the outbox keeps of the mail names the case and nobody.
	kept := w.Mail.Row(t, ack.ID, w.clock)
	if kept.Thread != first.Reference || kept.To != "" || kept.ReplyTo != "" || kept.Data != nil {
		t.Errorf("the row of a mail that was sent: %+v", kept)
	}
	if err := w.store.Move(t.Context(), first.Reference, inquiries.New, inquiries.Closed, w.clock.Add(-360*24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	w.clock = w.clock.Add(10 * 24 * time.Hour) // the case has ended, and the outbox still knows the mail
	w.arrive(t, letter("Message-ID: <4@example.jp>", "In-Reply-To: "+acknowledgementID, "late"))
	for _, c := range w.cases(t, inquiries.New) {
		if c.Reference == first.Reference {
			t.Error("a case that has ended takes one more message")
		}
	}
	if n := len(w.cases(t, inquiries.New)); n != 2 {
		t.Errorf("%d cases, want the thief's and the late one", n)
	}
}
