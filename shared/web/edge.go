package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"

	"madoguchi/shared/config"
)

// originHeader is what the edge (infra/edge.yaml) adds to each request, so that nobody goes round its firewall by the API's own
// address. CloudFront puts its value in the place of one that a visitor sends.
const originHeader = "X-Origin-Secret"

// throughEdge says whether a request may come in, and sets the visitor's address where the edge has vouched for it. Without
// secrets everything may, and the address is the one that API Gateway saw. No handler sees the header.
func throughEdge(r *http.Request, secrets []config.Key) bool {
	if len(secrets) == 0 {
		return true
	}
	given := sha256.Sum256([]byte(r.Header.Get(originHeader)))
	r.Header.Del(originHeader)
	known := 0
	for _, secret := range secrets { // all of them: the time tells neither which one it was nor how long they are
		want := sha256.Sum256(secret)
		known |= subtle.ConstantTimeCompare(want[:], given[:])
	}
	if known == 0 {
		return false
	}
	visitor, found := beforeEdge(r.Header.Get("X-Forwarded-For"), r.RemoteAddr)
	if !found {
		// Everybody behind the same edge would share one rate: whoever runs this must know.
		slog.WarnContext(r.Context(), "the edge does not tell the visitor's address", "request_id", RequestID(r.Context()))
		return true
	}
	r.RemoteAddr = visitor
	return true
}

// beforeEdge is the visitor's address in X-Forwarded-For: the last but one, which CloudFront added; API Gateway added
// CloudFront's own behind it, and whatever stands in front the visitor has made up. A header that does not end so is not believed.
// (CloudFront-Viewer-Address says the same, but only a policy that counts every single header to be forwarded brings it.)
func beforeEdge(forwarded, edge string) (visitor string, found bool) {
	hops := strings.Split(forwarded, ",")
	if len(hops) < 2 || strings.TrimSpace(hops[len(hops)-1]) != edge {
		return "", false
	}
	address, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-2]))
	return address.String(), err == nil
}

// refuse answers who did not come through the edge. It is no page: people come by the address that is published.
func refuse(w http.ResponseWriter, r *http.Request) {
	slog.InfoContext(r.Context(), "refused", "request_id", RequestID(r.Context()), "status", http.StatusForbidden, "reason", "not through the edge")
	h := w.Header()
	h.Set("X-Request-Id", RequestID(r.Context()))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte("このアドレスからはご利用いただけません。Please use the published address.\n")) // into memory
}
