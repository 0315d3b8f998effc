package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// leastLife is how long a certificate must still be valid: a certificate of ACM is renewed 60 days before its end, so
// one with less than this is not being renewed.
const leastLife = 14 * 24 * time.Hour

// secure looks at the connection (R96): TLS 1.2 or later and nothing older, a certificate that a browser accepts, with
// some life left. Plain HTTP is for a stack on this machine alone.
func (r *round) secure(ctx context.Context) result {
	const check = "TLS"
	host := r.site.base.Hostname()
	if r.site.base.Scheme != "https" {
		if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
			return result{check, skipped, "a stack on this machine speaks plain HTTP"}
		}
		return result{check, failed, "a deployment is reached by https://"}
	}
	state, err := r.handshake(ctx, &tls.Config{ServerName: host, RootCAs: r.world.roots, Time: r.world.now, MinVersion: tls.VersionTLS12})
	if err != nil {
		return result{check, failed, err.Error()}
	}
	end := state.PeerCertificates[0].NotAfter
	if left := end.Sub(r.world.now()); left < leastLife {
		return result{check, failed, fmt.Sprintf("the certificate ends on %s and is not being renewed", end.Format(time.DateOnly))}
	}
	//nolint:gosec // the question is whether the other side would accept what we never use; nothing is sent over it
	old := &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if accepted, err := r.handshake(ctx, old); err == nil {
		return result{check, failed, "accepts " + tls.VersionName(accepted.Version)}
	}
	return result{check, passed, fmt.Sprintf("%s, certificate until %s, nothing older than TLS 1.2", tls.VersionName(state.Version), end.Format(time.DateOnly))}
}

// handshake opens a connection and closes it again.
func (r *round) handshake(ctx context.Context, config *tls.Config) (tls.ConnectionState, error) {
	port := r.site.base.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", net.JoinHostPort(r.site.base.Hostname(), port))
	if err != nil {
		return tls.ConnectionState{}, fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = connection.Close() }()
	secured, ok := connection.(*tls.Conn)
	if !ok {
		return tls.ConnectionState{}, errors.New("connect: no TLS")
	}
	return secured.ConnectionState(), nil
}
