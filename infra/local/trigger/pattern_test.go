package trigger

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	const event = `{"source":"aws.ses","detail-type":"Email Sent","n":5,"empty":"",
		"detail":{"mail":{"tags":{"kind":["confirm","welcome"]},"messageId":"ABC-1"},"flag":true,"nothing":null},
		"dynamodb":{"NewImage":{"kind":{"S":"mail"}}}}`
	for _, c := range []struct {
		name, pattern string
		want          bool
	}{
		{"equal", `{"source":["aws.ses"]}`, true},
		{"one of several", `{"detail-type":["Email Bounced","Email Sent"]}`, true},
		{"other", `{"source":["aws.s3"]}`, false},
		{"all members must fit", `{"source":["aws.ses"],"detail-type":["Email Bounced"]}`, false},
		{"nested", `{"dynamodb":{"NewImage":{"kind":{"S":["mail"]}}}}`, true},
		{"nested, missing", `{"dynamodb":{"OldImage":{"kind":{"S":["mail"]}}}}`, false},
		{"element of a list", `{"detail":{"mail":{"tags":{"kind":["welcome"]}}}}`, true},
		{"truth value", `{"detail":{"flag":[true]}}`, true},
		{"null", `{"detail":{"nothing":[null]}}`, true},
		{"number", `{"n":[5]}`, true},
		{"exists", `{"detail":{"flag":[{"exists":true}]}}`, true},
		{"exists, missing", `{"detail":{"other":[{"exists":true}]}}`, false},
		{"must not exist", `{"detail":{"other":[{"exists":false}]}}`, true},
		{"must not exist, but does", `{"detail":{"flag":[{"exists":false}]}}`, false},
		{"prefix", `{"detail":{"mail":{"messageId":[{"prefix":"ABC"}]}}}`, true},
		{"suffix", `{"detail":{"mail":{"messageId":[{"suffix":"-2"}]}}}`, false},
		{"case", `{"source":[{"equals-ignore-case":"AWS.SES"}]}`, true},
		{"anything but", `{"source":[{"anything-but":["aws.s3"]}]}`, true},
		{"anything but it", `{"source":[{"anything-but":"aws.ses"}]}`, false},
		{"anything but a prefix", `{"source":[{"anything-but":{"prefix":"aws."}}]}`, false},
		{"numeric range", `{"n":[{"numeric":[">",0,"<=",5]}]}`, true},
		{"outside", `{"n":[{"numeric":["<",5]}]}`, false},
		{"numeric of a text", `{"source":[{"numeric":["=",5]}]}`, false},
		{"or", `{"$or":[{"source":["aws.s3"]},{"n":[5]}]}`, true},
		{"or, neither", `{"$or":[{"source":["aws.s3"]},{"n":[6]}]}`, false},
		{"everything", `{}`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parsePattern(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.matches([]byte(event)); got != c.want {
				t.Errorf("%s: %t", c.pattern, got)
			}
		})
	}
}

func TestPatternsThatAreNotKnown(t *testing.T) {
	for pattern, want := range map[string]string{
		`{"a":[{"wildcard":"x*"}]}`: `operator "wildcard"`, `{"a":"x"}`: "must be a list", `[]`: "pattern", `{"a":{"b":[{"cidr":"x"}]}}`: `.a.b`,
	} {
		if _, err := parsePattern(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", pattern, err, want)
		}
	}
}
