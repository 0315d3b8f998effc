package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// gate stands between a function and its services. It counts the function's calls and can hold one of them, before
// the service sees it or after the service has answered: there the function is killed.
type gate struct {
	mu    sync.Mutex
	calls []string
	hold  int // number of the call to hold, from 1; 0: none
	after bool
	held  chan struct{}
	dead  chan struct{} // closed when the function has been killed
}

func (g *gate) reset(hold int, after bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.hold, g.after, g.held, g.dead = nil, hold, after, make(chan struct{}), make(chan struct{})
}

func (g *gate) seen() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.calls)
}

func (g *gate) to(t *testing.T, backend string) string {
	t.Helper()
	target, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if operation == "" {
			operation = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		}
		g.mu.Lock()
		g.calls = append(g.calls, operation)
		holding, after, held, dead := len(g.calls) == g.hold, g.after, g.held, g.dead
		g.mu.Unlock()
		if !holding {
			proxy.ServeHTTP(w, r)
			return
		}
		if after {
			proxy.ServeHTTP(httptest.NewRecorder(), r)
		}
		close(held)
		<-dead
	}))
	t.Cleanup(server.Close)
	return server.URL
}
