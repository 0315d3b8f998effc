package subscription

import (
	"errors"
	"testing"
	"time"
)

// TestOptedOutBeforeTheChange: who says, while an address waits as somebody's new one, that nothing shall come there, has said something
// newer than the mail that asks: its link does nothing any more. What was said before the change was asked for, and a bounce, do not hinder it.
func TestOptedOutBeforeTheChange(t *testing.T) {
	const email, other = "hanako@example.jp", "new@example.jp"
	for _, test := range []struct {
		name         string
		before, then func(w *world) error
		want         error
	}{
		{"by telephone", nil, func(w *world) error { return w.list.OptOutUnknown(t.Context(), w.person(other), ChannelTelephone) }, ErrGone},
		{"a complaint", nil, func(w *world) error { _, err := w.list.Complain(t.Context(), w.person(other), w.now()); return err }, ErrGone},
		{"a bounce", nil, func(w *world) error { _, err := w.list.Bounce(t.Context(), w.person(other), w.now()); return err }, nil},
		{"before it was asked", func(w *world) error { return w.list.OptOutUnknown(t.Context(), w.person(other), ChannelTelephone) }, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			step := func(do func(*world) error) {
				t.Helper()
				if do == nil {
					return
				}
				if err := do(w); err != nil {
					t.Fatal(err)
				}
				w.after(time.Hour)
			}
			welcome := w.subscribed(t, hanako())
			step(test.before)
			step(func(w *world) error { return w.change(welcome.Data["preferences"], hanako("email", other)) })
			asked := w.last(t, other, "address_confirm")
			step(test.then)
			if err := w.confirm(asked.Data["link"]); !errors.Is(err, test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			if was, now := w.state(t, email), w.state(t, other); test.want == nil && (was != "" || now != Confirmed) || test.want != nil && (was != Confirmed || now != "") {
				t.Errorf("the old address is %q, the new one %q", was, now)
			}
			if w.suppressed(t, other) != (test.want != nil) {
				t.Error("suppressed:", w.suppressed(t, other))
			}
		})
	}
}
