package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// R96: the connection is checked as a browser checks it, and old versions of TLS must be refused.
func TestSecure(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  *tls.Config
		unknown bool                          // the certificate's issuer is not among the known ones
		url     func(server string) string    // nil: as it is
		now     func(end time.Time) time.Time // nil: today
		want    outcome
		detail  string
	}{
		{name: "as it should be", want: passed, detail: "TLS 1.3"},
		{name: "TLS 1.2 at most", config: &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}, want: passed, detail: "TLS 1.2"},
		{name: "TLS 1.1 as well", config: &tls.Config{MinVersion: tls.VersionTLS10}, want: failed, detail: "accepts TLS 1.1"},
		{name: "TLS 1.1 at most", config: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, want: failed, detail: "protocol version"},
		{name: "an unknown issuer", unknown: true, want: failed, detail: "unknown authority"},
		{name: "another name", url: func(s string) string { return strings.Replace(s, "127.0.0.1", "localhost", 1) }, want: failed, detail: "localhost"},
		{name: "expired", now: func(end time.Time) time.Time { return end.Add(time.Hour) }, want: failed, detail: "expired"},
		{name: "not renewed", now: func(end time.Time) time.Time { return end.Add(-13 * 24 * time.Hour) }, want: failed, detail: "not being renewed"},
		{name: "plain HTTP here", url: func(s string) string { return strings.Replace(s, "https", "http", 1) }, want: skipped, detail: "on this machine"},
		{name: "plain HTTP elsewhere", url: func(string) string { return "http://forms.example.jp" }, want: failed, detail: "https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.NotFoundHandler())
			server.TLS = c.config
			server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are the point
			server.StartTLS()
			defer server.Close()
			w := world{now: time.Now, roots: x509.NewCertPool()}
			if !c.unknown {
				w.roots.AddCert(server.Certificate())
			}
			if c.now != nil {
				w.now = func() time.Time { return c.now(server.Certificate().NotAfter) }
			}
			address := server.URL
			if c.url != nil {
				address = c.url(address)
			}
			base, err := baseAddress("url", address)
			if err != nil {
				t.Fatal(err)
			}
			got := (&round{site: newSite(base, w), world: w}).secure(t.Context())
			if got.outcome != c.want || !strings.Contains(got.detail, c.detail) {
				t.Errorf("%s %q, want %s %q", got.outcome, got.detail, c.want, c.detail)
			}
		})
	}
}
