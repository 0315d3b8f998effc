package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"madoguchi/shared/policy"
)

// WantsJSON reports whether the caller prefers JSON to a page: it accepts JSON and not HTML before it, or sends JSON
// without saying what it accepts.
func WantsJSON(r *http.Request) bool {
	accepted := weighted(r.Header.Get("Accept"))
	for _, media := range accepted {
		switch media {
		case "application/json", "application/problem+json":
			return true
		case "text/html", "application/xhtml+xml":
			return false
		}
	}
	return IsJSON(r)
}

// IsJSON reports whether the request's body is JSON.
func IsJSON(r *http.Request) bool {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// WantsEnglish reports whether the visitor asked for English: by ?lang=en, else by the language chosen on /cookies, else by
// Accept-Language.
func WantsEnglish(r *http.Request) bool {
	switch r.URL.Query().Get("lang") {
	case "en":
		return true
	case "ja":
		return false
	}
	if chosen := PreferenceOf(r).Language; chosen != "" {
		return chosen == policy.English
	}
	for _, tag := range weighted(r.Header.Get("Accept-Language")) {
		primary, _, _ := strings.Cut(tag, "-")
		switch primary {
		case "ja":
			return false
		case "en":
			return true
		}
	}
	return false
}

// LanguageOf chooses among the languages in which a page exists; the first is the default.
func LanguageOf(r *http.Request, available ...policy.Language) policy.Language {
	if WantsEnglish(r) && slices.Contains(available, policy.English) {
		return policy.English
	}
	if slices.Contains(available, policy.Japanese) {
		return policy.Japanese
	}
	return available[0]
}

// weighted reads a header of the form "a;q=0.5, b" and returns the lower-cased names by falling weight, without those of
// weight 0 (RFC 9110, section 12.4.2).
func weighted(header string) []string {
	type choice struct {
		name   string
		weight float64
	}
	var choices []choice
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		c := choice{strings.ToLower(strings.TrimSpace(name)), 1}
		for parameter := range strings.SplitSeq(parameters, ";") {
			if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
				if weight, err := strconv.ParseFloat(q, 64); err == nil {
					c.weight = weight
				}
			}
		}
		if c.name != "" && c.weight > 0 {
			choices = append(choices, c)
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.name
	}
	return names
}

// ReturnTo returns where another website wants the visitor back, with the reference added, if that site is listed; else
// "".
func (s *Site) ReturnTo(wanted, reference string) string {
	target, err := url.Parse(wanted)
	if err != nil || wanted == "" || target.User != nil || !slices.Contains(s.Origins, target.Scheme+"://"+target.Host) {
		return ""
	}
	query := target.Query()
	query.Set("ref", reference)
	target.RawQuery = query.Encode()
	return target.String()
}
