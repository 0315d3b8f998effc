package policy

import (
	"strings"
	"testing"
	"time"
)

// retentionIsDecided holds every default to the decisions of requirements.md. Two rows are ours, because the decisions
// name no period and a record with personal data must have one: a press sign-up that waits for approval, and a
// publication request that nobody finished.
func retentionIsDecided(t *testing.T) {
	type rule struct {
		From      Moment
		Default   time.Duration
		Parameter string
	}
	const d = 24 * time.Hour
	list := map[string]rule{
		"unconfirmed":  {"submission", 7 * d, "UNCONFIRMED_HOURS"},
		"confirmed":    {"confirmation", 3 * 365 * d, "SUBSCRIBER_DAYS"},
		"unsubscribed": {"unsubscribed", 7 * d, "UNSUBSCRIBED_DAYS"},
		"bounced":      {"bounce", 90 * d, "BOUNCED_DAYS"},
		"consent":      {"end", 365 * d, "CONSENT_EVIDENCE_DAYS"},
	}
	want := map[Code]map[string]rule{
		Access:     {"recorded": {"submission", 90 * d, "ACCESS_DAYS"}},
		Newsletter: list,
		Press:      {"pending_approval": {"approval_wait", 30 * d, "PENDING_APPROVAL_DAYS"}},
		Events: {
			"registered": {"event_end", 365 * d, "REGISTRATION_DAYS"},
			"cancelled":  {"event_end", 30 * d, "REGISTRATION_CANCELLED_DAYS"},
			"waiting":    {"event_end", 30 * d, "REGISTRATION_CANCELLED_DAYS"},
		},
		Questionnaire: {"answered": {"event_end", 365 * d, "REGISTRATION_DAYS"}},
		Photos:        {"registered": {"last_use", 730 * d, "PHOTO_USER_DAYS"}},
		Inquiry: {
			"closed": {"closing", 365 * d, "INQUIRY_CLOSED_DAYS"},
			"open":   {"submission", 730 * d, "INQUIRY_DAYS"},
		},
		Publications: {
			"final": {"final_state", 90 * d, "PUBLICATION_REQUEST_DAYS"},
			"open":  {"submission", 365 * d, "PUBLICATION_OPEN_DAYS"},
		},
	}
	for state, r := range list {
		want[Press][state] = r
	}
	got := map[Code]map[string]rule{}
	for _, s := range Services() {
		got[s.Code] = map[string]rule{}
		for _, r := range s.Retention {
			got[s.Code][r.State] = rule{r.From, r.Default, r.Parameter}
			if r.Min <= 0 || r.Default < r.Min || r.Default > r.Max {
				t.Errorf("%s %s: default %v is not within %v and %v", s.Code, r.State, r.Default, r.Min, r.Max)
			}
		}
	}
	same(t, want, got)
}

// Hard case 25: a retention of 0, below the minimum, above the maximum or unreadable refuses to start, by name.
func TestLoadPeriodsHardCase25(t *testing.T) {
	good := map[string]string{"UNCONFIRMED_HOURS": "168", "SUBSCRIBER_DAYS": "1095", "UNSUBSCRIBED_DAYS": "7", "BOUNCED_DAYS": "90",
		"CONSENT_EVIDENCE_DAYS": "365"}
	for _, c := range []struct {
		name string
		set  map[string]string // "-" removes the setting
		want []string          // parts of the error, none for success
	}{
		{"the defaults", nil, nil},
		{"the least", map[string]string{"UNCONFIRMED_HOURS": "1", "SUBSCRIBER_DAYS": "30"}, nil},
		{"the most", map[string]string{"UNCONFIRMED_HOURS": "720", "SUBSCRIBER_DAYS": "1825"}, nil},
		{"zero", map[string]string{"UNSUBSCRIBED_DAYS": "0"}, []string{"UNSUBSCRIBED_DAYS is 0, below the minimum of 1 days"}},
		{"negative", map[string]string{"BOUNCED_DAYS": "-90"}, []string{"BOUNCED_DAYS is -90, below the minimum of 7 days"}},
		{"below the minimum", map[string]string{"SUBSCRIBER_DAYS": "29"}, []string{"SUBSCRIBER_DAYS is 29, below the minimum of 30 days"}},
		{"above the maximum", map[string]string{"UNCONFIRMED_HOURS": "721"}, []string{"UNCONFIRMED_HOURS is 721, above the maximum of 720 hours"}},
		{"beyond a 64-bit number", map[string]string{"BOUNCED_DAYS": "99999999999999999999"}, []string{"BOUNCED_DAYS is 99999999999999999999, above"}},
		{"beyond it, negative", map[string]string{"BOUNCED_DAYS": "-99999999999999999999"}, []string{"BOUNCED_DAYS is -99999999999999999999, below"}},
		{"a number that overflows as a duration", map[string]string{"BOUNCED_DAYS": "213504"}, []string{"BOUNCED_DAYS is 213504, above the maximum of 365 days"}},
		{"a fraction", map[string]string{"BOUNCED_DAYS": "7.5"}, []string{`BOUNCED_DAYS is "7.5", not a whole number of days`}},
		{"a unit", map[string]string{"BOUNCED_DAYS": "90d"}, []string{`BOUNCED_DAYS is "90d", not a whole number of days`}},
		{"full-width digits", map[string]string{"BOUNCED_DAYS": "９０"}, []string{`BOUNCED_DAYS is "９０", not a whole number of days`}},
		{"missing and empty, all at once", map[string]string{"SUBSCRIBER_DAYS": "-", "BOUNCED_DAYS": "", "UNCONFIRMED_HOURS": "0"},
			[]string{"retention of newsletter", "SUBSCRIBER_DAYS is not set", "BOUNCED_DAYS is not set", "UNCONFIRMED_HOURS is 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := LoadPeriods(Get(Newsletter), func(name string) (string, bool) {
				if v, ok := c.set[name]; ok {
					return v, v != "-"
				}
				v, ok := good[name]
				return v, ok
			})
			if len(c.want) == 0 {
				if err != nil {
					t.Fatal(err)
				}
				if c.set == nil {
					for _, r := range Get(Newsletter).Retention {
						if p.Of(r.State) != r.Default {
							t.Errorf("%s = %v, want %v", r.State, p.Of(r.State), r.Default)
						}
					}
				}
				return
			}
			if err == nil {
				t.Fatalf("started with %v", c.set)
			}
			for _, part := range c.want {
				if strings.Count(err.Error(), part) != 1 {
					t.Errorf("the error does not say once %q: %v", part, err)
				}
			}
		})
	}
}

// Two states that share a parameter are read from it alike, and a fault in it is told once.
func TestLoadPeriodsSharedParameter(t *testing.T) {
	settings := map[string]string{"REGISTRATION_DAYS": "365", "REGISTRATION_CANCELLED_DAYS": "10"}
	lookup := func(name string) (string, bool) { v, ok := settings[name]; return v, ok }
	p, err := LoadPeriods(Get(Events), lookup)
	if err != nil {
		t.Fatal(err)
	}
	same(t, []time.Duration{365 * day, 10 * day, 10 * day}, []time.Duration{p.Of("registered"), p.Of("cancelled"), p.Of("waiting")})
	delete(settings, "REGISTRATION_CANCELLED_DAYS")
	if _, err := LoadPeriods(Get(Events), lookup); err == nil || strings.Count(err.Error(), "REGISTRATION_CANCELLED_DAYS") != 1 {
		t.Errorf("want the missing parameter named once, got %v", err)
	}
}

// A state or a code that nobody declared is a defect of the program: it stops, it does not keep data for 0 days.
func TestUndeclaredPanics(t *testing.T) {
	s := Get(Newsletter)
	for name, f := range map[string]func(){
		"period":    func() { DefaultPeriods(s).Of("parked") },
		"zero":      func() { Periods{}.Of("confirmed") },
		"retention": func() { s.RetentionOf("parked") },
		"service":   func() { Get("shop") },
		"unit":      func() { unitOf("BOUNCED_WEEKS") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("went on")
				}
			}()
			f()
		})
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		d      time.Duration
		ja, en string
	}{
		{7 * day, "7日間", "7 days"}, {1095 * day, "3年間", "3 years"}, {365 * day, "1年間", "1 year"}, {366 * day, "366日間", "366 days"},
		{day, "1日間", "1 day"}, {36 * time.Hour, "36時間", "36 hours"}, {48 * time.Hour, "2日間", "2 days"}, {90 * time.Minute, "90分間", "90 minutes"},
		{45 * time.Second, "45秒間", "45 seconds"}, {time.Second, "1秒間", "1 second"},
	} {
		same(t, c.ja, Words(c.d, Japanese))
		same(t, c.en, Words(c.d, English))
	}
}

// The day on which something is deleted is the day in Japan, wherever the function runs.
func TestDateIsTheDayInJapan(t *testing.T) {
	before, after := time.Date(2026, 11, 30, 14, 59, 59, 0, time.UTC), time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	same(t, "2026年11月30日", Date(before, Japanese))
	same(t, "30 November 2026", Date(before, English))
	same(t, "2026年12月1日", Date(after, Japanese))
	same(t, "1 December 2026", Date(after, English))
}

func TestExpiry(t *testing.T) {
	from := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	same(t, from.Add(7*24*time.Hour), DefaultPeriods(Get(Newsletter)).Expiry("unconfirmed", from))
}
