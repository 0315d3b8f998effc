package stack

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// The other website stands two ports above the forms, at each start; where that port is taken it stands at another, and the
// overview says where.
func TestElsewhere(t *testing.T) {
	main := pair(t)
	at := "127.0.0.1:" + strconv.Itoa(main)
	next := net.JoinHostPort("127.0.0.1", strconv.Itoa(main+2))
	where := func(s *Stack) string {
		t.Helper()
		for _, part := range s.Parts() {
			if part.Name == "elsewhere" {
				if _, page := fetch(t, http.MethodGet, s.URL()+"/_local/", "", ""); !strings.Contains(page, `<a href="`+part.URL+`">`) {
					t.Errorf("the overview does not link to %s", part.URL)
				}
				return part.URL
			}
		}
		t.Fatal("no other website")
		return ""
	}
	s := start(t, func(o *Options) { o.Addr = at })
	if got := where(s); got != "http://"+next {
		t.Errorf("it is at %s, want port %d", got, main+2)
	}
	s.Close()
	taken, err := net.Listen("tcp", next)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	if got := where(start(t, func(o *Options) { o.Addr = at })); got == "http://"+next {
		t.Errorf("it is at %s, which another program has", got)
	}
}

// pair finds a port of which the second above is free too.
func pair(t *testing.T) int {
	t.Helper()
	for range 100 {
		first, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := net.SplitHostPort(first.Addr().String())
		_ = first.Close()
		port, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+2))); err == nil {
			_ = second.Close()
			return port
		}
	}
	t.Fatal("no two ports are free")
	return 0
}
