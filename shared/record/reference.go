package record

import (
	"crypto/rand"
	"time"

	"madoguchi/shared/policy"
)

// Reference makes the number that a person can quote: N261123-4F7K2M9QX. It starts with a letter of the service and the day
// in Japan, and holds 45 random bits in letters that are not mistaken for one another.
func Reference(prefix string, now time.Time) string {
	// rand.Text is base32 (A-Z, 2-7); O and I never stand beside 0 and 1 because those digits do not occur.
	return prefix + now.In(policy.JapanTime).Format("060102") + "-" + rand.Text()[:9]
}
