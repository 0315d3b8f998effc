package main

import (
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"madoguchi/shared/policy"
	"madoguchi/shared/web"
)

// pageView is one view, cleaned.
type pageView struct {
	path   string // of the page; without query, fragment and what may name a person
	domain string // of the website that led there, lower case; "" for none
	status int    // of the page's answer, 0 where the page does not tell
}

const (
	mostTyped = 2000 // bytes of a path or referrer as sent
	mostPath  = 200  // letters of a path as kept
)

// clean makes a view of what was sent, or says what is wrong with it. A referrer that is no web address counts as none:
// browsers and privacy tools put anything there.
func clean(page, referrer, status string) (pageView, error) {
	var v pageView
	var ok bool
	if v.path, ok = cleanPath(page); !ok {
		return v, wrongField("path", policy.Text{JA: "ページのパス（/ で始まる200字以内）をご指定ください。", EN: "Give the page's path: it begins with / and has at most 200 characters."})
	}
	v.domain = cleanDomain(referrer)
	if status != "" {
		n, err := strconv.Atoi(status)
		if err != nil || n < 100 || n > 599 {
			return v, wrongField("status", policy.Text{JA: "status は100から599までの数です。", EN: "status is a number from 100 to 599."})
		}
		v.status = n
	}
	return v, nil
}

// wrongField is a 422 about one member.
func wrongField(name string, message policy.Text) error {
	return &web.Error{Kind: web.Invalid, Message: message, Fields: []web.FieldError{{Field: name, Code: "invalid"}}}
}

// cleanPath returns the path of a page without query and fragment, which may hold tokens or addresses (R13). A part of it
// that may name a person or be a token is replaced by "*". It reports false for what is no path.
func cleanPath(s string) (string, bool) {
	if s == "" || len(s) > mostTyped || !utf8.ValidString(s) {
		return "", false
	}
	s, _, _ = strings.Cut(s, "#")
	s, _, _ = strings.Cut(s, "?")
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.User != nil || u.Host != "" && u.Scheme == "" {
		return "", false
	}
	p := u.Path
	if u.Scheme != "" {
		if u.Scheme != "https" && u.Scheme != "http" {
			return "", false
		}
		if p == "" {
			p = "/"
		}
	}
	if !strings.HasPrefix(p, "/") || !utf8.ValidString(p) || utf8.RuneCountInString(p) > mostPath || strings.ContainsFunc(p, notPrinted) {
		return "", false
	}
	p, _, _ = strings.Cut(p, "?") // a question mark that was written as %3F
	parts := strings.Split(path.Clean(p), "/")
	for i, part := range parts {
		if maySayWho(part) {
			parts[i] = "*"
		}
	}
	return strings.ReplaceAll(strings.Join(parts, "/"), " ", "%20"), true
}

func notPrinted(r rune) bool { return !unicode.IsPrint(r) }

var (
	manyDigits = regexp.MustCompile(`[0-9０-９]{9}|[0-9]{2,4}[-‐－ー][0-9]{2,4}[-‐－ー][0-9]{4}`) // telephone, My Number, ticket numbers
	tokenLike  = regexp.MustCompile(`^[A-Za-z0-9_=+~-]{32,}$`)
)

// maySayWho tells of a part of a path whether it may be a mail address, a number of a person, or a token.
func maySayWho(part string) bool {
	return strings.ContainsAny(part, "@＠=") || manyDigits.MatchString(part) || tokenLike.MatchString(part) && strings.ContainsAny(part, "0123456789")
}

var domain = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$`)

// cleanDomain returns the domain name of a web address, "" where it has none: the rest of a referrer tells what somebody
// searched for.
func cleanDomain(s string) string {
	if len(s) > mostTyped {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if len(host) > 253 || net.ParseIP(host) != nil || !domain.MatchString(host) {
		return ""
	}
	return host
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// originOf returns scheme, host and port of an address, as an Origin header has them.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// robots are words in the names of programs that fetch pages for nobody in particular. A view is sent by a script or a picture, which
// most robots leave alone: the list is for those that run a browser, look at links before people do, or say plainly what
// they are (CUBOT is a telephone). Whoever hides what it is cannot be told from a person here, and a longer list would not change that.
var robots = regexp.MustCompile(`(?i)(^|[^u])bot(\b|_)|crawl|spider|slurp|archiver|preview|prefetch|scan|monitor|uptime|pingdom|lighthouse|pagespeed|headless|phantomjs|` +
	`selenium|puppeteer|playwright|facebookexternalhit|bingpreview|feedfetcher|google-read-aloud|mediapartners|curl/|wget/|python|go-http-client|java/|okhttp|libwww|axios|node-fetch`)

// isRobot tells whether the view is no person's: by the program's name, or because a browser only prepares a page that
// nobody has opened yet.
func isRobot(r *http.Request) bool {
	agent := r.UserAgent()
	for _, purpose := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} {
		if value := strings.ToLower(r.Header.Get(purpose)); strings.Contains(value, "prefetch") || strings.Contains(value, "preview") {
			return true
		}
	}
	return agent == "" || robots.MatchString(agent)
}
