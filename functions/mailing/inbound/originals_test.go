package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/shared/inquiries"
	"madoguchi/shared/inquiries/originals"
	"madoguchi/shared/objects"
)

const day = 24 * time.Hour

// clears runs the clock of functions/upkeep/retention, and returns of how many mails the originals have gone.
func (w *world) clears(t *testing.T, bucket originals.Bucket) (int, error) {
	t.Helper()
	s := originals.Store{Client: w.Client, Table: w.Table, Bucket: bucket, Now: func() time.Time { return w.clock }}
	n, more, err := s.Clear(t.Context(), 100)
	if more {
		t.Error("more are left")
	}
	return n, err
}

// lies tells whether an object is in the bucket.
func (w *world) lies(t *testing.T, key string) bool {
	t.Helper()
	_, err := w.bucket.Get(t.Context(), key, 1<<20)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

// withFile is a mail of a person with a file in it.
func withFile() string {
	return letter("MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b", "Message-ID: <file@example.jp>",
		"--b\r\nContent-Type: text/plain\r\n\r\nPlease see the file.\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n")
}

// A mail as it came, and the files in it, go when its record does: a machine's after a year, a person's after two or a year after the
// case was closed. A case that is taken up again keeps them (requirements: "Retention of an inquiry or inbound mail").
func TestOriginalsGoWithTheirRecord(t *testing.T) {
	for name, test := range map[string]struct {
		move []inquiries.State // what the desk does on the tenth day, one day each
		ends time.Duration     // after receipt
	}{
		"open":            {nil, 730 * day},
		"closed":          {[]inquiries.State{inquiries.Closed}, (10 + 365) * day},
		"taken up again":  {[]inquiries.State{inquiries.Closed, inquiries.Open}, 730 * day},
		"closed for good": {[]inquiries.State{inquiries.Closed, inquiries.Open, inquiries.Closed}, (12 + 365) * day},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			received := w.clock
			id := w.arrive(t, withFile())
			head, message := w.only(t, inquiries.New)
			if len(message.Attachments) != 1 || message.Attachments[0].Key == "" {
				t.Fatalf("attachments: %+v", message.Attachments)
			}
			keys, state := []string{"mail/" + id, message.Attachments[0].Key}, inquiries.New
			for i, to := range test.move {
				w.clock = received.Add(time.Duration(10+i) * day)
				if err := w.store.Move(t.Context(), head.Reference, state, to, w.clock); err != nil {
					t.Fatal(err)
				}
				state = to
			}
			for _, at := range []time.Duration{365 * day, 376 * day, test.ends - 2*time.Second} {
				if at >= test.ends {
					continue
				}
				w.clock = received.Add(at)
				if n, err := w.clears(t, w.bucket); n != 0 || err != nil {
					t.Errorf("%d gone %s after receipt: %v", n, at, err)
				}
				for _, key := range keys {
					if !w.lies(t, key) {
						t.Errorf("an object has gone %s after receipt, while its record lives", at)
					}
				}
			}
			w.clock = received.Add(test.ends)
			if _, err := w.clears(t, w.bucket); err != nil {
				t.Fatal(err)
			}
			for _, key := range keys {
				if w.lies(t, key) {
					t.Error("an object outlives its record")
				}
			}
			w.clock = w.clock.Add(800 * day)
			if _, err := w.clears(t, w.bucket); err != nil {
				t.Fatal(err)
			}
			for _, item := range w.All(t) {
				if item["pk"] == "originals" {
					t.Errorf("a note is left: %v", item)
				}
			}
		})
	}
}

// A machine's mail counts as closed at receipt: its original goes with the record after a year (hard case 35).
func TestOriginalOfAMachine(t *testing.T) {
	w := newWorld(t)
	key := "mail/" + w.arrive(t, letter("Auto-Submitted: auto-replied", "Message-ID: <away@example.jp>", "I am away."))
	kept := "mail/" + w.arrive(t, letter("Message-ID: <person@example.jp>", "A question."))
	w.only(t, inquiries.Machine)
	w.clock = w.clock.Add(365 * day)
	if n, err := w.clears(t, w.bucket); n != 1 || err != nil {
		t.Errorf("%d gone: %v", n, err)
	}
	if w.lies(t, key) || !w.lies(t, kept) {
		t.Errorf("the machine's lies there: %t, the person's: %t", w.lies(t, key), w.lies(t, kept))
	}
}

// failing is a bucket that cannot be reached after some calls.
type failing struct {
	originals.Bucket
	left int
}

func (f *failing) Delete(ctx context.Context, key string) error {
	if f.left--; f.left < 0 {
		return objects.ErrUnavailable
	}
	return f.Bucket.Delete(ctx, key)
}

// A run that ends on the way is done again; two at once do no harm.
func TestClearingIsResumed(t *testing.T) {
	w := newWorld(t)
	var keys []string
	for i := range 6 {
		keys = append(keys, "mail/"+w.arrive(t, letter("Auto-Submitted: auto-replied", fmt.Sprintf("Message-ID: <m%d@example.jp>", i), "I am away.")))
	}
	w.clock = w.clock.Add(365 * day)
	if n, err := w.clears(t, &failing{w.bucket, 2}); n != 2 || !errors.Is(err, objects.ErrUnavailable) || strings.Contains(err.Error(), "mail/") {
		t.Errorf("%d gone: %v", n, err)
	}
	sum := make(chan int, 3)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			n, err := w.clears(t, w.bucket)
			if err != nil {
				t.Error(err)
			}
			sum <- n
		})
	}
	group.Wait()
	close(sum)
	all := 0
	for n := range sum {
		all += n
	}
	for _, key := range keys {
		if w.lies(t, key) {
			t.Error("an original is left")
		}
	}
	if all != 4 {
		t.Errorf("%d were counted, 4 were left", all)
	}
}
