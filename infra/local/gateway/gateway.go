// Package gateway is the HTTP API of the template on one machine: it turns requests into events of payload format 2.0, invokes
// the function of the route, and turns its answer into a response, with the limits and error answers of API Gateway.
// There is no throttling.
package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
)

// Invoker runs functions; *runtime.Runtime is one.
type Invoker interface {
	// Invoke returns the errors of runtime.Runtime.Invoke.
	Invoke(ctx context.Context, function string, event []byte) (runtime.Result, error)
}

// Limits of an HTTP API.
const (
	maxBody     = 10_000_000 // bytes
	maxDuration = 30 * time.Second
)

// Access describes one answered request, for a log line.
type Access struct {
	Route    template.Route // empty if there was none
	Method   string
	Path     string
	Status   int
	Duration time.Duration
	Cold     bool
	Err      error // why the function gave no answer
}

// Gateway is the handler of all routes.
type Gateway struct {
	invoker  Invoker
	router   router
	cors     *template.CORS // of the API, for a preflight of any path
	onAccess func(Access)
	timeout  time.Duration
}

// New makes a gateway for the routes of the functions. onAccess may be nil.
func New(invoker Invoker, functions []template.Function, onAccess func(Access)) *Gateway {
	g := &Gateway{invoker: invoker, onAccess: onAccess, timeout: maxDuration}
	var routes []template.Route
	for _, f := range functions {
		routes = append(routes, f.Routes...)
		for _, r := range f.Routes {
			if r.CORS != nil {
				g.cors = r.CORS
			}
		}
	}
	g.router = newRouter(routes)
	return g
}

func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	id := rand.Text()[:16]
	access := Access{Method: r.Method, Path: r.URL.Path}
	a, ok := preflight(g.cors, r)
	if !ok {
		a = g.serve(r, id, began, &access)
		applyCORS(g.cors, r, a.header)
	}
	a.write(w, r, id)
	if g.onAccess != nil {
		access.Status, access.Duration = a.status, time.Since(began)
		g.onAccess(access)
	}
}

func (g *Gateway) serve(r *http.Request, id string, now time.Time, access *Access) answer {
	route, values, ok := g.router.find(r.Method, r.URL.EscapedPath())
	if !ok {
		return notFound.clone()
	}
	access.Route = route
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		access.Err = err
		return message(http.StatusBadRequest, "Bad Request")
	}
	if len(body) > maxBody {
		return tooLarge.clone()
	}
	payload, err := json.Marshal(event(r, route, values, body, id, now))
	if err != nil {
		access.Err = err
		return internal.clone()
	}
	// Not the request's context: a visitor who goes away does not stop a function in AWS either.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), g.timeout)
	defer cancel()
	result, err := g.invoker.Invoke(ctx, route.Function, payload)
	access.Cold, access.Err = result.Cold, err
	switch {
	case errors.Is(err, runtime.ErrTooLarge):
		return tooLarge.clone()
	case errors.Is(err, runtime.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return notAvailable.clone()
	case err != nil:
		return internal.clone()
	}
	a, err := parse(result.Payload)
	if err != nil {
		access.Err = err
		return internal.clone()
	}
	return a
}

func (a answer) clone() answer {
	a.header = a.header.Clone()
	return a
}
