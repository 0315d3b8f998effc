// Command countries writes shared/form/countries.txt: the countries and territories of ISO 3166-1 with their Japanese and
// English names, one on each line (code, tab, Japanese, tab, English). The names are those of Unicode's CLDR as
// golang.org/x/text/language/display holds them; no function imports that package, which is larger than all of a form.
//
//	go generate ./shared/form
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: countries FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], []byte(list()), 0o644); err != nil { //nolint:gosec // a source file is readable
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// list returns the lines in the order of the English names.
func list() string {
	ja, en := display.Regions(language.Japanese), display.Regions(language.English)
	type country struct{ code, ja, en string }
	var all []country
	for first := 'A'; first <= 'Z'; first++ {
		for second := 'A'; second <= 'Z'; second++ {
			code := string(first) + string(second)
			region, err := language.ParseRegion(code)
			// Only what is assigned: no groups (EU), no reserved codes, no second code of one country.
			if err != nil || !region.IsCountry() || region.String() != code || region.Canonicalize() != region || region.M49() == 0 || reserved[code] {
				continue
			}
			if c := (country{code, ja.Name(region), en.Name(region)}); c.en != "" { // CLDR names no country of the past
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b country) int { return strings.Compare(a.en, b.en) })
	var out strings.Builder
	for _, c := range all {
		fmt.Fprintf(&out, "%s\t%s\t%s\n", c.code, c.ja, c.en)
	}
	return out.String()
}

// reserved are codes that CLDR names and ISO 3166-1 has only reserved.
var reserved = map[string]bool{"AC": true, "CP": true, "CQ": true, "DG": true, "EA": true, "IC": true, "TA": true, "XK": true}
