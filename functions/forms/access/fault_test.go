package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// A store out of reach is a 503 that says when to come again; nobody is taken for counted.
func TestStoreOutOfReach(t *testing.T) {
	w := newWorld(t)
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(down.Close)
	working := w.access.client
	broken := dynamodb.New(working.Options(), func(o *dynamodb.Options) { o.BaseEndpoint, o.Retryer = aws.String(down.URL), aws.NopRetryer{} })
	w.access.client, w.access.counters.Client, w.access.releases.Client, w.access.visitors.client = broken, broken, broken, broken
	for _, v := range []visit{{body: view}, {method: http.MethodGet, target: "/access.gif?path=/ja"}, {method: http.MethodGet, target: "/statistics"}} {
		answer := w.want(http.StatusServiceUnavailable, v)
		if answer.Header().Get("Retry-After") == "" || answer.Header().Get("Set-Cookie") != "" || answer.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%+v: %v", v, answer.Header())
		}
	}
	w.want(http.StatusOK, visit{method: http.MethodGet, target: "/cookies"}) // needs no store
	w.access.client, w.access.counters.Client, w.access.visitors.client = working, working, working
	w.want(http.StatusNoContent, visit{body: view})
	w.wantCounted(1, 1)
}

// What a view costs: a record and a counter; a mark where the cookie does not tell; a place where the pair is the day's first.
func TestCalls(t *testing.T) {
	w := newWorld(t)
	calls := map[string]int{}
	counting := dynamodb.New(w.access.client.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			calls[s.ID()]++
			return nil
		})
	})
	w.access.client, w.access.counters.Client, w.access.visitors.client = counting, counting, counting
	jar := map[string]string{}
	for _, c := range []struct {
		name           string
		puts, gets, up int
	}{
		{"the day's first view: salt, mark, record; pair, place, pair", 3, 0, 3},
		{"with today's cookie", 1, 0, 1},
		{"and again", 1, 0, 1},
	} {
		clear(calls)
		w.want(http.StatusNoContent, visit{body: view, jar: jar})
		if calls["PutItem"] != c.puts || calls["GetItem"] != c.gets || calls["UpdateItem"] != c.up || len(calls) > 2 {
			t.Errorf("%s: %v", c.name, calls)
		}
	}
	clear(calls)
	w.want(http.StatusNoContent, visit{body: view, address: "203.0.113.200"})
	if calls["PutItem"] != 2 || calls["UpdateItem"] != 1 || len(calls) != 2 {
		t.Errorf("without a cookie: %v", calls)
	}
}
