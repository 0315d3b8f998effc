package form

import (
	"crypto/rand"
	"regexp"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/policy"
)

// newReference makes the number that a person can quote: N261123-4F7K2M9QX. It starts with the service's letter and the
// day in Japan, and holds 45 random bits in letters that are not mistaken for one another.
func newReference(prefix string, now time.Time) string {
	// rand.Text is base32 (A-Z, 2-7); O and I never stand beside 0 and 1 because those digits do not occur.
	return prefix + now.In(policy.JapanTime).Format("060102") + "-" + rand.Text()[:9]
}

var referencePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z]\d{6}-[A-Z2-7]{9}$`) })

// referenceDay returns the end of the day on which a reference was given; false for a text that is no reference of the
// service.
func referenceDay(prefix, reference string) (time.Time, bool) {
	if !strings.HasPrefix(reference, prefix) || !referencePattern().MatchString(reference) {
		return time.Time{}, false
	}
	day, err := time.ParseInLocation("060102", reference[1:7], policy.JapanTime)
	if err != nil {
		return time.Time{}, false
	}
	return day.Add(24*time.Hour - time.Second), true
}
