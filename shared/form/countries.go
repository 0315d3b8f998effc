package form

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"madoguchi/shared/policy"
)

//go:generate go run madoguchi/infra/countries countries.txt

//go:embed countries.txt
var countriesSource string

// countries are read with the first form that asks for one.
var countries = sync.OnceValue(func() []Option {
	var all []Option
	for line := range strings.Lines(countriesSource) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		all = append(all, Option{parts[0], policy.Text{JA: parts[1], EN: parts[2]}})
	}
	// The members of ASEAN and Japan first: whom this office deals with need not look through 249 names.
	near := []string{"JP", "BN", "KH", "ID", "LA", "MY", "MM", "PH", "SG", "TH", "TL", "VN"}
	slices.SortStableFunc(all, func(a, b Option) int { return place(near, a.Value) - place(near, b.Value) })
	return all
})

func place(list []string, code string) int {
	if i := slices.Index(list, code); i >= 0 {
		return i
	}
	return len(list)
}

// Countries are the choices of a country field: ISO 3166-1 alpha-2 codes, Japan and the members of ASEAN first, the rest by
// their English names.
func Countries() []Option { return slices.Clone(countries()) }

// Country returns the name of a country; false for a code that is none.
func Country(code string) (policy.Text, bool) {
	for _, o := range countries() {
		if o.Value == code {
			return o.Label, true
		}
	}
	return policy.Text{}, false
}
