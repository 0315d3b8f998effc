package form

import (
	"regexp"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/policy"
)

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
