package calendar

import (
	"bytes"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
)

var entry = Entry{Ref: "E261124-ABCDEFGHJ", Sequence: 2, Method: Request, Title: "投資セミナー；東京, 大阪\\と", Starts: time.Date(2026, 12, 1, 5, 0, 0, 0, time.UTC),
	Ends: time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC), Place: "新橋ビル " + strings.Repeat("長い名前の会場", 20), Link: "https://meet.example.jp/x?a=1,2"}

func file(e Entry) string {
	org := policy.DefaultOrganization()
	org.PublicURL = "https://forms.example.jp"
	return string(e.File(org, policy.Japanese, "info@forms.example.jp", "hanako@example.jp", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)))
}

// What calendars need to follow an entry: one UID for its whole life, a growing SEQUENCE, METHOD, times in UTC.
func TestFile(t *testing.T) {
	source := file(entry)
	for line := range strings.SplitSeq(source, "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d octets (RFC 5545: 75): %q", len(line), line)
		}
	}
	unfolded := strings.ReplaceAll(source, "\r\n ", "")
	for _, want := range []string{"METHOD:REQUEST\r\n", "UID:E261124-ABCDEFGHJ@forms.example.jp\r\n", "SEQUENCE:2\r\n", "DTSTART:20261201T050000Z\r\n",
		"DTEND:20261201T070000Z\r\n", "DTSTAMP:20261124T000000Z\r\n", "STATUS:CONFIRMED\r\n", "RSVP=FALSE", "PARTSTAT=ACCEPTED", ":mailto:hanako@example.jp\r\n",
		"SUMMARY:投資セミナー；東京\\, 大阪\\\\と\r\n", `DESCRIPTION:参加用リンク：https://meet.example.jp/x?a=1\,2`} {
		if !strings.Contains(unfolded, want) {
			t.Errorf("no %q in\n%s", want, unfolded)
		}
	}
	read, err := ics.ParseCalendar(bytes.NewReader([]byte(source)))
	if err != nil || len(read.Events()) != 1 {
		t.Fatalf("%v", err)
	}
	if got := read.Events()[0].GetProperty(ics.ComponentPropertyLocation).Value; got != entry.Place {
		t.Errorf("place %q", got)
	}
	cancelled := entry
	cancelled.Method = Cancel
	if source := file(cancelled); !strings.Contains(source, "METHOD:CANCEL\r\n") || !strings.Contains(source, "STATUS:CANCELLED\r\n") {
		t.Error("a cancelled entry does not say so")
	}
}

func TestThroughMail(t *testing.T) {
	data := map[string]string{}
	entry.Into(data)
	back, found, err := From(data)
	if diff := cmp.Diff(entry, back); err != nil || !found || diff != "" {
		t.Errorf("%v %v %s", found, err, diff)
	}
	data[keyStarts] = ""
	if _, _, err := From(data); err == nil {
		t.Error("an entry without a time is taken")
	}
	if _, found, err := From(map[string]string{"event": "x"}); found || err != nil {
		t.Error("a mail without an entry has one")
	}
}
