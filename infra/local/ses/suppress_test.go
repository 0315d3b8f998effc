package ses

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/google/go-cmp/cmp"
)

func (w *world) suppress(address, reason string) error {
	_, err := w.client.PutSuppressedDestination(w.Context(), &sesv2.PutSuppressedDestinationInput{
		EmailAddress: aws.String(address), Reason: types.SuppressionListReason(reason)})
	return err
}

func TestSuppressedDestinations(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct{ address, reason, kind string }{
		{"b+1@example.jp", "BOUNCE", ""},
		{"C/d@example.jp", "COMPLAINT", ""},
		{`"a..b"@docomo.ne.jp`, "BOUNCE", ""},
		{"b+1@example.jp", "COMPLAINT", ""}, // again, for another reason
		{"日本@example.jp", "BOUNCE", "BadRequest"},
		{"x@example.jp", "TIRED", "BadRequest"},
	} {
		if got := kind(w.suppress(c.address, c.reason)); got != c.kind {
			t.Errorf("put %s for %s: error %q, want %q", c.address, c.reason, got, c.kind)
		}
	}
	get := func(address string) string {
		out, err := w.client.GetSuppressedDestination(t.Context(), &sesv2.GetSuppressedDestinationInput{EmailAddress: aws.String(address)})
		if err != nil {
			return kind(err)
		}
		d := out.SuppressedDestination
		return fmt.Sprint(*d.EmailAddress, " ", d.Reason, " ", d.LastUpdateTime.Equal(w.now))
	}
	remove := func(address string) string {
		_, err := w.client.DeleteSuppressedDestination(t.Context(), &sesv2.DeleteSuppressedDestinationInput{EmailAddress: aws.String(address)})
		return kind(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"replaced reason", get("B+1@example.jp"), "b+1@example.jp COMPLAINT true"},
		{"slash in the path", get("c/d@example.jp"), "C/d@example.jp COMPLAINT true"},
		{"quoted", get(`"a..b"@docomo.ne.jp`), "a..b@docomo.ne.jp BOUNCE true"},
		{"unknown", get("nobody@example.jp"), "NotFound"},
		{"delete", remove("c/d@example.jp"), ""},
		{"deleted", get("c/d@example.jp"), "NotFound"},
		{"delete again", remove("c/d@example.jp"), "NotFound"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}

func TestListSuppressedDestinations(t *testing.T) {
	w := newWorld(t, Options{})
	for i := range 25 {
		reason := "BOUNCE"
		if i%5 == 0 {
			reason = "COMPLAINT"
		}
		if err := w.suppress(fmt.Sprintf("u%02d@example.jp", i), reason); err != nil {
			t.Fatal(err)
		}
		w.advance(time.Hour)
	}
	list := func(in *sesv2.ListSuppressedDestinationsInput) (found []string, pages int) {
		all := sesv2.NewListSuppressedDestinationsPaginator(w.client, in)
		for all.HasMorePages() {
			page, err := all.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, s := range page.SuppressedDestinationSummaries {
				found = append(found, *s.EmailAddress)
			}
		}
		return found, pages
	}
	var everybody []string
	for i := range 25 {
		everybody = append(everybody, fmt.Sprintf("u%02d@example.jp", i))
	}
	start := w.now.Add(-25 * time.Hour)
	for _, c := range []struct {
		name  string
		in    sesv2.ListSuppressedDestinationsInput
		want  []string
		pages int
	}{
		{"one page", sesv2.ListSuppressedDestinationsInput{}, everybody, 1},
		{"pages of ten", sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(10)}, everybody, 3},
		{"page that fits exactly", sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(25)}, everybody, 1},
		{"complaints", sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(2), Reasons: []types.SuppressionListReason{"COMPLAINT"}},
			[]string{"u00@example.jp", "u05@example.jp", "u10@example.jp", "u15@example.jp", "u20@example.jp"}, 3},
		{"between two times", sesv2.ListSuppressedDestinationsInput{StartDate: aws.Time(start.Add(3 * time.Hour)), EndDate: aws.Time(start.Add(5 * time.Hour))},
			everybody[3:6], 1},
	} {
		found, pages := list(&c.in)
		if d := cmp.Diff(c.want, found); d != "" || pages != c.pages {
			t.Errorf("%s: %d pages, want %d (-want +got):\n%s", c.name, pages, c.pages, d)
		}
	}
}

// Mails, suppression list and templates survive a restart, also one that cut a record short.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	first := newWorld(t, Options{Dir: dir})
	first.mustSend("a@example.jp")
	if _, err := first.client.SendBulkEmail(t.Context(), bulk("b@example.jp", "bounce@simulator.amazonses.com", "c@example.jp")); err != nil {
		t.Fatal(err)
	}
	if err := first.suppress("x@example.jp", "BOUNCE"); err != nil {
		t.Fatal(err)
	}
	before := first.mails()
	if err := first.server.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, segmentPattern))
	if err != nil || len(names) != 1 {
		t.Fatalf("mail files %v, %v", names, err)
	}
	f, err := os.OpenFile(names[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"op":"email","size":4000,"mails":[{"id":"x","to":["x@example.jp"]}]}` + "\n{half"); err != nil {
		t.Fatal(err)
	}
	f.Close()

	second := newWorld(t, Options{Dir: dir})
	id := second.mustSend("d@example.jp")
	got := second.mails()
	if len(got) != 4 || got[3].ID != id {
		t.Fatalf("%d mails after the restart, want 4 with the new one last", len(got))
	}
	for i, m := range before {
		if d := cmp.Diff([]string{m.ID, m.To[0], m.Subject, m.Text, string(m.Source())}, []string{got[i].ID, got[i].To[0], got[i].Subject, got[i].Text, string(got[i].Source())}); d != "" {
			t.Errorf("mail %d (-before +after):\n%s", i, d)
		}
	}
	if _, ok := second.server.list.get("x@example.jp"); !ok {
		t.Error("the suppression list was lost")
	}
	if err := second.server.Clear(); err != nil {
		t.Fatal(err)
	}
	if err := second.server.Close(); err != nil {
		t.Fatal(err)
	}
	if got := newWorld(t, Options{Dir: dir}).mails(); len(got) != 0 {
		t.Errorf("%d mails after clearing and another restart, want none", len(got))
	}
}

// At least Keep mails stay, the newest ones, and no folder grows without end.
func TestKeep(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(t, Options{Dir: dir, Keep: 40})
	var ids []string
	for range 100 {
		ids = append(ids, w.mustSend("a@example.jp"))
	}
	got := w.mails()
	if len(got) < 40 || len(got) > 50 {
		t.Fatalf("%d mails kept, want 40 to 50", len(got))
	}
	kept := []string{}
	for _, m := range got {
		kept = append(kept, m.ID)
	}
	if d := cmp.Diff(ids[100-len(got):], kept); d != "" {
		t.Errorf("kept mails (-want +got):\n%s", d)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, segmentPattern)); len(names) > 13 {
		t.Errorf("%d mail files, want at most 13", len(names))
	}
	if _, err := w.server.Mail(ids[0]); err == nil {
		t.Error("the oldest mail is still found")
	}
}

// A temporary folder goes with its server.
func TestTemporaryFolder(t *testing.T) {
	w := newWorld(t, Options{})
	dir := w.server.opts.Dir
	if err := w.server.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", dir, err)
	}
}
