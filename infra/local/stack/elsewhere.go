package stack

import (
	_ "embed"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strconv"
)

//go:embed elsewhere.html
var elsewhereText string

var elsewherePage = template.Must(template.New("elsewhere").Parse(elsewhereText))

// startElsewhere serves the page of another website, at an address of its own: how a site that keeps its own pages uses our
// forms (contract, "Cross-origin"). Unless ALLOWED_ORIGINS says otherwise, the functions take it for a listed one.
func (s *Stack) startElsewhere() error {
	if s.options.ServicesOnly {
		return nil
	}
	listener, err := s.listenElsewhere()
	if err != nil {
		return fmt.Errorf("another website: %w", err)
	}
	s.elsewhere = "http://" + reachable(listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = elsewherePage.Execute(w, struct{ Forms, Own string }{s.URL(), s.elsewhere})
	})
	s.serve(listener, mux)
	s.parts = append(s.parts, Part{"elsewhere", s.elsewhere})
	return nil
}

// listenElsewhere takes the port two above that of the forms (3002 beside 3000), so that the address is the same at each start;
// any other where that one is taken, or where the forms themselves were left to take any.
func (s *Stack) listenElsewhere() (net.Listener, error) {
	host, text, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	if _, wanted, _ := net.SplitHostPort(s.options.Addr); wanted != "0" {
		if listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port+2))); err == nil {
			return listener, nil
		}
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}
