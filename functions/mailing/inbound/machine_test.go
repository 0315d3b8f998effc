package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/inquiriestest"
	"madoguchi/shared/policy"
)

// bounce is a delivery status notification (RFC 3464) about a mail of ours.
const bounce = "From: Mail Delivery System <MAILER-DAEMON@mx.example.jp>\r\nTo: inquiry@forms.example.jp\r\nSubject: Undelivered Mail Returned to Sender\r\n" +
	"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"B\"\r\n\r\n" +
	"--B\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n--B\r\nContent-Type: message/delivery-status\r\n\r\n" +
	"Reporting-MTA: dns; mx.example.jp\r\n\r\nFinal-Recipient: rfc822; gone@example.jp\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
	"--B\r\nContent-Type: message/rfc822\r\n\r\nFrom: info@forms.example.jp\r\nSubject: x\r\n\r\nx\r\n--B--\r\n"

// Hard case 35: what machines send is one record each in the bin of machines, kept as a closed one, and causes no mail at all. What a
// person writes about machines does not go there.
func TestMachines(t *testing.T) {
	hanako, nobody := top("hanako@example.jp", inquiriestest.Inbound), top("", inquiriestest.Inbound)
	for _, test := range []struct{ name, source, reason string }{
		{"auto-reply (RFC 3834)", hanako + letter("Auto-Submitted: auto-replied"), "auto_submitted"},
		{"auto-generated with a parameter", hanako + letter("Auto-Submitted: auto-generated; owner-email=x"), "auto_submitted"},
		{"empty Return-Path", nobody + letter("Subject: Re: your inquiry"), "empty_envelope_sender"},
		{"empty Return-Path, although the sender wrote one", nobody + "Return-Path: <hanako@example.jp>\r\n" + letter(), "empty_envelope_sender"},
		{"mailing list", hanako + letter("List-Id: <news.example.jp>"), "list"},
		{"newsletter", hanako + letter("List-Unsubscribe: <https://example.jp/u>"), "list"},
		{"bulk", hanako + letter("Precedence: bulk"), "precedence"},
		{"Precedence of an old responder", hanako + letter("Precedence: Auto_Reply"), "precedence"},
		{"bounce", nobody + bounce, "empty_envelope_sender"},
		{"bounce with an envelope sender", hanako + bounce, "report"},
		{"read receipt", hanako + letter("Content-Type: multipart/report; report-type=disposition-notification; boundary=B", "--B--"), "report"},
		{"no-reply box", hanako + letter("From: No Reply <no-reply@example.jp>"), "robot_address"},
		{"noreply with a label", hanako + letter("From: noreply+x1@example.jp"), "robot_address"},
		{"mailer daemon", hanako + letter("From: MAILER-DAEMON@example.jp"), "robot_address"},
		{"out of office in a header of its own", hanako + letter("X-Autoreply: yes"), "auto_reply"},
		{"out of office by Outlook's subject alone", hanako + letter("Subject: Automatic reply: Your inquiry"), "absence_subject"},
		{"自動返信", hanako + letter("Subject: =?ISO-2022-JP?B?GyRCIVo8K0YwSlY/LiFbJCpMZCQkOWckbyQ7GyhC?="), "absence_subject"},
		{"不在通知", hanako + letter("Subject: 不在通知：11月24日まで"), "absence_subject"},
		{"our own mail that comes back", hanako + letter("X-Madoguchi-Ref: K7QW2MZ4H6N3TPA5RXJBVCYDEL"), "own_mail"},
		{"from our own sender", hanako + letter("From: Office <INFO@forms.example.jp>"), "own_mail"},
		{"from the inbound address", hanako + letter("From: inquiry+x@forms.example.jp"), "own_mail"},
		{"person", hanako + letter(), ""},
		{"person, who says so", hanako + letter("Auto-Submitted: no"), ""},
		{"person about automatic replies", hanako + letter("Subject: 自動返信メールが届きません"), ""},
		{"person about an absence", hanako + letter("Subject: Out of office hours, can I call you?"), ""},
		{"person with the name of a robot", hanako + letter("From: bouncer@example.jp"), ""},
		{"ordinary precedence", hanako + letter("Precedence: first-class"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.deliver(t, test.source)
			notices := len(w.Mails(t, policy.InquiryStaffNotice))
			if test.reason == "" {
				if _, m := w.only(t, inquiries.New); m.Reason != "" || len(w.acknowledgements(t)) != 1 || notices != 1 {
					t.Errorf("reason %q, %d acknowledgements, %d notices", m.Reason, len(w.acknowledgements(t)), notices)
				}
				return
			}
			head, m := w.only(t, inquiries.Machine)
			if m.Reason != test.reason || len(w.acknowledgements(t)) != 0 || notices != 0 {
				t.Errorf("reason %q, %d acknowledgements, %d notices", m.Reason, len(w.acknowledgements(t)), notices)
			}
			if want := w.clock.Add(365 * 24 * time.Hour).Unix(); head.ExpiresAt != want || m.ExpiresAt != want {
				t.Errorf("expires at %d and %d, want %d", head.ExpiresAt, m.ExpiresAt, want)
			}
		})
	}
}

// Hard case 35: two programs that answer each other without any sign of it come to rest after one acknowledgement; so does the
// loop of two no-reply boxes at once.
func TestLoopsEnd(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.arrive(t, letter(fmt.Sprintf("Message-ID: <%d@example.jp>", i), "From: helpdesk@example.jp", "Subject: Re: We have received your mail", "x"))
		w.arrive(t, letter(fmt.Sprintf("Message-ID: <n%d@example.jp>", i), "From: noreply@example.jp", "x"))
	}
	if got := len(w.acknowledgements(t)); got != inquiries.AcknowledgementsPerMail {
		t.Errorf("%d acknowledgements to one sender in a day", got)
	}
	if got := len(w.cases(t, inquiries.New)); got != 20 {
		t.Errorf("%d of 20 mails are kept", got)
	}
	w.clock = w.clock.Add(24 * time.Hour)
	w.arrive(t, letter("Message-ID: <tomorrow@example.jp>", "From: helpdesk@example.jp"))
	if got := len(w.acknowledgements(t)); got != 2 {
		t.Errorf("%d acknowledgements after a day, want 2", got)
	}
}

// Who is acknowledged: the sender alone, never the Reply-To, nobody whom SES's checks speak against, nobody who asks not to be.
func TestAcknowledgement(t *testing.T) {
	failed := func(results string) string {
		return strings.NewReplacer("spf=pass (spf", "spf=fail (spf", "dkim=pass", "dkim=fail", "dmarc=pass", results).Replace(top("x@example.jp", inquiriestest.Inbound))
	}
	good := top("hanako@example.jp", inquiriestest.Inbound)
	for _, test := range []struct {
		name, source string
		to           []string
		state        inquiries.State
	}{
		{"to the sender", good + letter(), []string{"hanako@example.jp"}, inquiries.New},
		{"not to the Reply-To (R39)", good + letter("Reply-To: victim@example.com"), []string{"hanako@example.jp"}, inquiries.New},
		{"a docomo address (hard case 8)", good + letter("From: hanako..y@docomo.ne.jp"), []string{`"hanako..y"@docomo.ne.jp`}, inquiries.New},
		{"forged by DMARC", failed("dmarc=fail") + letter(), nil, inquiries.New},
		{"forged by SPF without a policy", failed("dmarc=none") + letter(), nil, inquiries.New},
		{"asks for none", good + letter("X-Auto-Response-Suppress: DR, OOF, AutoReply"), nil, inquiries.New},
		{"the staff themselves", good + letter("From: staff@office.example.jp"), nil, inquiries.New},
		{"no sender", good + letter("From: "), nil, inquiries.New},
		{"spam", strings.Replace(good, "Spam-Verdict: PASS", "Spam-Verdict: FAIL", 1) + letter(), nil, inquiries.Spam},
		{"virus", strings.Replace(good, "Virus-Verdict: PASS", "Virus-Verdict: FAIL", 1) + letter(), nil, inquiries.Spam},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.deliver(t, test.source)
			head, _ := w.only(t, test.state)
			var to []string
			for _, row := range w.acknowledgements(t) {
				to = append(to, row.To)
				if got, ok := inquiries.ReadThread(w.store.Keys, inquiriestest.Inbound, row.ReplyTo); !ok || got != head.Reference {
					t.Errorf("an answer would go to %q", row.ReplyTo)
				}
				if row.Data["reference"] != head.Reference || row.Language != policy.English || len(row.Data) != 3 {
					t.Errorf("%s %v", row.Language, row.Data)
				}
			}
			if diff := cmp.Diff(test.to, to); diff != "" {
				t.Error(diff)
			}
		})
	}
}
