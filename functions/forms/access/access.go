package main

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/statistics"
	"madoguchi/shared/web"
)

// access is everything that the function's handlers share.
type access struct {
	site     *web.Site
	client   *dynamodb.Client
	table    string // access records
	periods  policy.Periods
	own      []netip.Prefix // the organisation's own networks, whose visits are not counted
	limit    limit
	counters statistics.Counters
	releases statistics.Releases
	visitors visitors
	random   func() string
	now      func() time.Time
}

func newHandler(a *access) http.Handler {
	mux := a.site.NewMux()
	mux.Handle("POST /access", a.beacon)
	mux.Handle("GET /access.gif", a.picture)
	mux.Handle("GET /cookies", a.cookies)
	mux.Handle("POST /cookies", a.choose)
	mux.Handle("GET /statistics", a.statistics)
	mux.Handle("GET /statistics/{statistic}/{month}", a.release)
	return mux
}

// beacon takes what a script of a page sends.
func (a *access) beacon(w http.ResponseWriter, r *http.Request) error {
	if origin := r.Header.Get("Origin"); origin != "" && !a.listed(origin) {
		return errElsewhere
	}
	v, err := decode(r)
	if err != nil {
		return err
	}
	if err := a.view(w, r, v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// dot is a transparent picture of one pixel.
//
//go:embed dot.gif
var dot []byte

// picture counts the view of a page without JavaScript. HEAD, with which programs check links, is answered alike and not
// counted: nobody sees a page by it.
func (a *access) picture(w http.ResponseWriter, r *http.Request) error {
	if from := r.Header.Get("Referer"); from != "" && !a.listed(originOf(from)) {
		return errElsewhere
	}
	query := r.URL.Query()
	v, err := clean(query.Get("path"), query.Get("referrer"), query.Get("status"))
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		if err := a.view(w, r, v); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "image/gif")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_, err = w.Write(dot)
	return err
}

// view keeps and counts one view: two writes to DynamoDB, and a third where the cookie does not tell whether it is the
// visitor's first view of the day.
func (a *access) view(w http.ResponseWriter, r *http.Request, v pageView) error {
	now := a.now()
	if isRobot(r) || isOwn(r.RemoteAddr, a.own) {
		return nil
	}
	if wait, ok := a.limit.take(r.RemoteAddr, now); !ok {
		return &web.Error{Kind: web.RateLimited, RetryAfter: wait, Message: policy.Text{
			JA: "短い時間に多くの閲覧が記録されました。しばらくお待ちください。", EN: "Too many page views in a short time. Please wait a while."}}
	}
	if own := a.site.Organization; v.domain == hostOf(own.PublicURL) || v.domain == hostOf(own.WebsiteURL) {
		v.domain = "" // from one page to the next
	}
	if err := a.keep(r.Context(), r, v, now); err != nil || v.status >= http.StatusBadRequest {
		return err // a page that was not there is no view; its record helps to mend the link
	}
	first, cookie, err := a.visitor(r, now)
	if err != nil {
		return err
	}
	if err := a.counters.Count(r.Context(), statistics.Day(now), statistics.View{Path: v.path, Domain: v.domain, Views: 1, Visitors: first}); err != nil {
		return err
	}
	if cookie != nil {
		http.SetCookie(w, cookie)
	}
	return nil
}

// hourParts over which the records of one hour are spread.
const hourParts = 4

// kept is an access record: the items that the policy names and nothing else (R11-R13). Its key is the hour and chance, so
// that an hour can be looked at and no visitor can (R14).
type kept struct {
	PK        string `dynamodbav:"pk"` // hour in UTC and part: 2026112405#2
	SK        string `dynamodbav:"sk"` // time and a random text
	Domain    string `dynamodbav:"domain,omitempty"`
	IP        string `dynamodbav:"ip,omitempty"`
	TS        string `dynamodbav:"ts"`
	Path      string `dynamodbav:"path"`
	Status    int    `dynamodbav:"status,omitempty"`
	ExpiresAt int64  `dynamodbav:"expires_at"`
}

// keep writes the access record. Of a visitor who objects to being followed, the address is left out.
func (a *access) keep(ctx context.Context, r *http.Request, v pageView, now time.Time) error {
	utc, random := now.UTC(), a.random()
	k := kept{PK: fmt.Sprintf("%s#%d", utc.Format("2006010215"), int(random[0])%hourParts), SK: utc.Format("20060102T150405.000") + "-" + random,
		Domain: v.domain, TS: utc.Format(time.RFC3339), Path: v.path, Status: v.status, ExpiresAt: a.periods.Expiry("recorded", now).Unix()}
	if !objects(r) {
		if ip, err := netip.ParseAddr(r.RemoteAddr); err == nil {
			k.IP = ip.Unmap().WithZone("").String()
		}
	}
	_, err := record.Put(ctx, a.client, a.table, k, record.Condition{})
	return err
}

// errElsewhere is the answer to a page of a website that is not listed: it would spoil the statistics of this one.
var errElsewhere = &web.Error{Kind: web.BadRequest, Message: policy.Text{
	JA: "このウェブサイトからの記録は受け付けていません。", EN: "Page views of this website are not taken."}}

// listed tells whether an origin is the forms' own, the organisation's website, or one that may use the forms.
func (a *access) listed(origin string) bool {
	for _, known := range append([]string{originOf(a.site.Organization.PublicURL), originOf(a.site.Organization.WebsiteURL)}, a.site.Origins...) {
		if strings.EqualFold(origin, known) {
			return true
		}
	}
	return false
}
