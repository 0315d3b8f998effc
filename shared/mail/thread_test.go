package mail_test

import (
	"context"
	"testing"
	"time"

	"madoguchi/shared/mail"
	"madoguchi/shared/mail/mailtest"
)

// An answer finds its record by the message id, whoever brings that: the mailer or an event; a mail without a record to answer
// stands in no index, and nothing is found before, or after the row's end.
func TestFindThread(t *testing.T) {
	for _, test := range []struct {
		name string
		hear func(ctx context.Context, s *mail.Store, id string) (bool, error)
	}{
		{"SES's answer", func(ctx context.Context, s *mail.Store, id string) (bool, error) {
			return s.Accepted(ctx, id, "0106-a", time.Now())
		}},
		{"a late delivery", func(ctx context.Context, s *mail.Store, id string) (bool, error) {
			return s.Delivered(ctx, id, "0106-a", time.Now())
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := mailtest.New(t)
			now := time.Now()
			find := func(at time.Time) string {
				t.Helper()
				reference, _, err := mail.FindThread(t.Context(), o.Client, o.Table, "0106-a", at)
				if err != nil {
					t.Fatal(err)
				}
				return reference
			}
			m := mailtest.Confirmation("hanako@example.jp", now)
			other := o.Enqueue(t, m, now)
			m.Thread = "I261124-ABCDEFGHI"
			id := o.Enqueue(t, m, now)
			if got := find(now); got != "" {
				t.Errorf("found before SES named it: %q", got)
			}
			s := mail.NewStore(o.Client, o.Table, mail.Times{}, func() time.Time { return now })
			for _, row := range []string{other, id} {
				if ok, err := test.hear(t.Context(), s, row); err != nil || !ok {
					t.Fatal(ok, err)
				}
			}
			if got := find(now); got != m.Thread {
				t.Errorf("found %q, want %q", got, m.Thread)
			}
			if got := find(now.Add(mail.SettledFor)); got != "" {
				t.Errorf("found after its end: %q", got)
			}
		})
	}
}

func TestSESMessage(t *testing.T) {
	const name = "0106019318a2b3c4-5d6e7f80-9a0b-4c1d-8e2f-30415263748a-000000"
	for _, test := range []struct{ name, id, region, want string }{
		{"of the region", "<" + name + "@ap-northeast-1.amazonses.com>", "ap-northeast-1", name},
		{"of another region", "<" + name + "@eu-west-1.amazonses.com>", "ap-northeast-1", ""},
		{"of us-east-1", "<" + name + "@email.amazonses.com>", "us-east-1", name},
		{"of us-east-1, elsewhere", "<" + name + "@email.amazonses.com>", "ap-northeast-1", ""},
		{"a domain that ends alike", "<" + name + "@x.ap-northeast-1.amazonses.com>", "ap-northeast-1", ""},
		{"no name of SES", "<hanako@ap-northeast-1.amazonses.com>", "ap-northeast-1", ""},
		{"two addresses", "<" + name + "@x@ap-northeast-1.amazonses.com>", "ap-northeast-1", ""},
		{"no domain", "<" + name + ">", "ap-northeast-1", ""},
		{"no region", "<" + name + "@.amazonses.com>", "", ""},
	} {
		if got, ok := mail.SESMessage(test.id, test.region); got != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, %v", test.name, got, ok)
		}
	}
}
