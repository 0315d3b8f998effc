package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/template"
	"madoguchi/shared/statistics"
)

// sample is what visitors send to one function, filled in as people do.
type sample struct {
	name  string // in the rows
	route string // of the template; also where a post goes that has no door
	kinds []kind
	// send makes a post of a kind ready: it opens the form, where there is one. unique makes a person whom nobody has seen before.
	send func(ctx context.Context, v *visitor, k kind, address, unique string) (errand, error)
	// prepare loads what posts need; nil for nothing. So many posts one after the other share what they are about, where they can:
	// where each of them takes a part of it (a seat), those of few are never in each other's way.
	prepare func(ctx context.Context, f template.Function, client *ddb.Client, share int) (door, error)
}

// door gives the next post its address, and the key of what was put into the database for this post alone, "" for nothing.
type door func(ctx context.Context) (address, given string, err error)

// kind is a kind of post.
type kind struct {
	name     string // in the rows
	act      string // what the visitor does, as the sample's send understands it
	settings map[string]string
	status   int                // of the answer
	want     map[string]float64 // DynamoDB calls of a post by figure; each is a budget
	note     string             // why these numbers, where the budget of a form has others
}

// stores tells a kind whose calls are compared, and not only counted.
func (k kind) stores() bool { return k.want[figureAll] > 0 }

// rateLimit is the setting that switches the counting of posts per network on.
const rateLimit = "RATE_LIMIT_PER_HOUR"

// aboveAll is a limit that no run reaches: posts are counted and none is refused.
const aboveAll = "1000000"

// formKinds are what is done with a form: its check page, and a first submission without and with the rate limit (design,
// "Budgets"). reads is 0 but where note says why.
func formKinds(reads float64, note string) []kind {
	return []kind{
		{name: "check page", act: "check", status: http.StatusOK, want: map[string]float64{figureAll: 0}},
		{name: "first submission", act: "submit", status: http.StatusSeeOther, note: note,
			want: map[string]float64{figureAll: 1 + reads, figureTransactions: 1, figureReads: reads}},
		{name: "with rate limit", act: "submit", status: http.StatusSeeOther, note: note, settings: map[string]string{rateLimit: aboveAll},
			want: map[string]float64{figureAll: 2 + reads, figureTransactions: 1, figureReads: reads, figureUpdates: 1}},
	}
}

// What a page does that sends a beacon.
const (
	knownVisitor = "known" // with the cookie of a visitor who was counted today
	newVisitor   = "new"
)

// viewKinds are page views. The budget of a form is not theirs: nothing is promised by a view, so that its record and its count need
// not be one transaction, which would cost twice as much. It is a put and an update; whoever comes without today's cookie is told
// from others by a conditional put.
var viewKinds = []kind{
	{name: "view of a known visitor", act: knownVisitor, status: http.StatusNoContent, note: "a view promises nothing: record and count are two plain writes, half the price of a transaction",
		want: map[string]float64{figureAll: 2, figureTransactions: 0, figureReads: 0, figurePuts: 1, figureUpdates: 1}},
	{name: "view of a new visitor", act: newVisitor, status: http.StatusNoContent, note: "one put more: the day's mark, which tells whether the visitor was counted today",
		want: map[string]float64{figureAll: 3, figureTransactions: 0, figureReads: 0, figurePuts: 2, figureUpdates: 1}},
}

var samples = []sample{
	{name: "newsletter", route: "/newsletter", kinds: formKinds(0, ""), send: form(func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "prefecture": {"13"},
			"organization": {"株式会社アジア貿易サンプル"}, "business_category": {"trade"},
		}
	})},
	{name: "press", route: "/press", kinds: formKinds(0, ""), send: form(func(unique string) url.Values {
		return url.Values{"organization": {"例示新聞社"}, "name": {"記者 一郎"}, "email": {"kisha+" + unique + "@example.jp"}}
	})},
	{name: "inquiry", route: "/inquiry", kinds: formKinds(0, ""), send: form(func(unique string) url.Values {
		return url.Values{"name": {"山田 花子"}, "email": {"hanako.yamada+" + unique + "@example.jp"}, "message": {"セミナーの資料について教えてください。\r\n\r\n山田"}}
	})},
	{name: "publications", route: "/publications", kinds: formKinds(0, ""), prepare: loadPublications, send: form(func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "postal_code": {"105-0004"}, "prefecture": {"13"},
			"address": {"港区新橋6-17-19"}, "building": {""}, "phone": {"03-1234-5678"}, "organization": {"株式会社アジア貿易サンプル"}, "quantity.map": {"1"},
		}
	})},
	{name: "photos", route: "/photos/register", kinds: formKinds(0, ""), send: form(func(unique string) url.Values {
		return url.Values{
			"email": {"hanako.yamada+" + unique + "@example.jp"}, "name": {"山田 花子"}, "prefecture": {"13"},
			"organization": {"株式会社アジア貿易サンプル"},
		}
	})},
	{name: "events", route: "/events/{proxy+}", kinds: formKinds(0, ""), prepare: openEvents, send: form(registrant)},
	{name: "questionnaires", route: "/questionnaires/{proxy+}", kinds: formKinds(0, ""), prepare: invitations("feedback", true), send: form(opinion)},
	{name: "questionnaires by name", route: "/questionnaires/{proxy+}", prepare: invitations("by-name", false), send: form(opinion),
		kinds: formKinds(1, "one read: a named answer takes its registration from the invitation, which the link must not tell")},
	{name: "access", route: "/access", kinds: viewKinds, send: beacon},
}

func registrant(unique string) url.Values {
	return url.Values{"name": {"山田 花子"}, "email": {"hanako.yamada+" + unique + "@example.jp"}, "phone": {"03-1234-5678"},
		"organization": {"株式会社アジア貿易サンプル"}, "title": {"部長"}}
}

// opinion answers every kind of question. An answer has no person in it who could be unique.
func opinion(string) url.Values {
	return url.Values{"overall": {"4"}, "parts.content": {"good"}, "parts.length": {"fair"}, "topics": {"trade", "travel"}, "again": {"true"},
		"comment": {"たいへん参考になりました。次回も楽しみにしています。"}}
}

// form fills in a form, with a fresh token.
func form(fields func(unique string) url.Values) func(context.Context, *visitor, kind, string, string) (errand, error) {
	return func(ctx context.Context, v *visitor, k kind, address, unique string) (errand, error) {
		return v.fill(ctx, address, k.act, fields(unique))
	}
}

// beacon is what a script of a page sends: a view of one page, which was counted today already, from one website.
func beacon(_ context.Context, v *visitor, k kind, address, unique string) (errand, error) {
	website, err := url.Parse(v.function.Environment["WEBSITE_URL"])
	if err != nil {
		return errand{}, fmt.Errorf("WEBSITE_URL: %w", err)
	}
	e := errand{address: address, body: `{"path":"/ja/events?utm_source=mail","referrer":"https://www.search.example/?q=asean"}`, header: map[string]string{
		"Content-Type": "application/json", "Accept": "*/*", "Origin": website.Scheme + "://" + website.Host}}
	if k.act == knownVisitor {
		e.header["Cookie"] = "madoguchi_count=" + statistics.Day(time.Now())
	} else { // who is known again by network and browser
		e.header["User-Agent"] = browser + " (" + unique + ")"
	}
	return e, nil
}
