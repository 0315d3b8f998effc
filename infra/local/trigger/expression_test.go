package trigger

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/template"
)

func TestExpression(t *testing.T) {
	const layout = "2006-01-02T15:04:05Z07:00"
	for _, c := range []struct{ expression, zone, after, want string }{
		{"rate(1 minute)", "", "2026-01-01T00:00:30Z", "2026-01-01T00:01:00Z"},
		{"rate(5 minutes)", "", "2026-01-01T00:05:00Z", "2026-01-01T00:10:00Z"},
		{"rate(1 day)", "", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"},
		{"cron(0 10 * * ? *)", "", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"},
		{"cron(0 10 * * ? *)", "Asia/Tokyo", "2026-01-01T00:59:59Z", "2026-01-01T01:00:00Z"},
		{"cron(15 10 ? * MON-FRI *)", "", "2026-01-02T11:00:00Z", "2026-01-05T10:15:00Z"}, // Friday, after it
		{"cron(0/15 * * * ? *)", "", "2026-01-01T00:14:59Z", "2026-01-01T00:15:00Z"},
		{"cron(0 0 L * ? *)", "", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"},
		{"cron(0 8 1,15 * ? *)", "", "2026-01-02T00:00:00Z", "2026-01-15T08:00:00Z"},
		{"cron(0 8 1 JAN-MAR ? 2027)", "", "2026-01-02T00:00:00Z", "2027-01-01T08:00:00Z"},
		{"cron(0 8 ? * 1 *)", "", "2026-01-01T00:00:00Z", "2026-01-04T08:00:00Z"}, // 1 is Sunday
		{"cron(0 8 1 1 ? 2020)", "", "2026-01-01T00:00:00Z", ""},
		{"at(2026-05-01T09:00:00)", "Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-05-01T00:00:00Z"},
		{"at(2026-05-01T09:00:00)", "", "2026-06-01T00:00:00Z", ""},
	} {
		t.Run(c.expression+" "+c.zone, func(t *testing.T) {
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			next, err := parseExpression(c.expression, c.zone, start)
			if err != nil {
				t.Fatal(err)
			}
			after, err := time.Parse(layout, c.after)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := next(after)
			if ok != (c.want != "") {
				t.Fatalf("%s, %t", got, ok)
			}
			if ok && got.UTC().Format(layout) != c.want {
				t.Errorf("%s, want %s", got.UTC().Format(layout), c.want)
			}
		})
	}
}

func TestExpressionsThatAreWrong(t *testing.T) {
	for _, expression := range []string{
		"", "every minute", "rate(0 minutes)", "rate(1 week)", "cron(* * * * *)", "cron(0 8 1 * MON *)", "cron(0 8 ? * ? *)", "cron(61 * * * ? *)",
		"cron(0 8 15W * ? *)", "at(tomorrow)", "rate(1 minute", "other(1)",
	} {
		if _, err := parseExpression(expression, "", time.Now()); err == nil {
			t.Errorf("%q: no error", expression)
		}
	}
	if _, err := parseExpression("rate(1 minute)", "Mars/Base", time.Now()); err == nil {
		t.Error("unknown time zone: no error")
	}
}

func TestPayloadOfASchedule(t *testing.T) {
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	const common = `"version":"0","id":"ID","detail-type":"Scheduled Event","account":"123456789012","time":"2026-04-01T00:00:00Z","region":"ap-northeast-1"`
	for _, c := range []struct {
		name string
		from template.Schedule
		want string
	}{
		{"rule", template.Schedule{Function: "F", Event: "E"},
			`{` + common + `,"source":"aws.events","resources":["arn:aws:events:ap-northeast-1:123456789012:rule/FE"],"detail":{}}`},
		{"scheduler: its detail is a text", template.Schedule{Function: "F", Event: "E", Scheduler: true},
			`{` + common + `,"source":"aws.scheduler","resources":["arn:aws:scheduler:ap-northeast-1:123456789012:schedule/default/FE"],"detail":"{}"}`},
		{"input", template.Schedule{Input: `{"a":1}`}, `{"a":1}`},
		{"input of the scheduler", template.Schedule{Scheduler: true, Input: `{"at":"<aws.scheduler.scheduled-time>"}`}, `{"at":"2026-04-01T00:00:00Z"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got, want map[string]any
			if err := json.Unmarshal(schedule{Schedule: c.from}.payload(at), &got); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if _, there := got["id"]; there {
				got["id"] = "ID"
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
