// Package web is what every function behind API Gateway shares: the event as an http.Request, the page layout, error
// answers and security headers.
package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"madoguchi/shared/config"
)

// Lambda makes an http.Handler a Lambda function behind an HTTP API (payload format 2.0). origin are the secrets of the edge in
// front of the API, of which each request must carry one (several while they are rotated); without any, no edge is expected.
func Lambda(handler http.Handler, origin ...config.Key) lambda.Handler {
	return adapter{handler: handler, origin: origin}
}

type adapter struct {
	handler http.Handler
	origin  []config.Key
}

// Invoke serves one event. The only error is a payload that is no HTTP API event, which API Gateway never sends.
func (a adapter) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, fmt.Errorf("decode HTTP API event: %w", err)
	}
	request, err := newRequest(ctx, &event)
	if err != nil {
		return nil, err
	}
	answer := &response{header: make(http.Header)}
	if !throughEdge(request, a.origin) {
		refuse(answer, request)
		return json.Marshal(answer.event(request.Method == http.MethodHead))
	}
	a.handler.ServeHTTP(answer, request)
	return json.Marshal(answer.event(request.Method == http.MethodHead))
}

func newRequest(ctx context.Context, event *events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, fmt.Errorf("decode body of HTTP API event: %w", err)
		}
		body = decoded
	}
	path := event.RawPath
	if path == "" {
		path = "/"
	}
	target, err := url.ParseRequestURI(path)
	if err != nil {
		// A path that Go cannot parse still deserves an answer of ours: it matches no route.
		target = &url.URL{Path: "/\uFFFD"}
	}
	target.RawQuery = event.RawQueryString
	header := make(http.Header, len(event.Headers)+1)
	for name, value := range event.Headers {
		header.Set(name, value)
	}
	if len(event.Cookies) > 0 {
		header.Set("Cookie", strings.Join(event.Cookies, "; "))
	}
	request := &http.Request{
		Method: event.RequestContext.HTTP.Method, URL: target, RequestURI: target.RequestURI(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Host: header.Get("Host"), RemoteAddr: event.RequestContext.HTTP.SourceIP,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	return request.WithContext(context.WithValue(ctx, requestIDKey{}, event.RequestContext.RequestID)), nil
}

type requestIDKey struct{}

// RequestID returns the id that API Gateway gave the request; it is in the answer's X-Request-Id and in the log.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// response collects an answer.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *response) Header() http.Header { return r.header }

func (r *response) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *response) Write(p []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(p)
}

func (r *response) event(head bool) events.APIGatewayV2HTTPResponse {
	r.WriteHeader(http.StatusOK)
	answer := events.APIGatewayV2HTTPResponse{StatusCode: r.status, Headers: make(map[string]string, len(r.header))}
	for name, values := range r.header {
		if name == "Set-Cookie" {
			answer.Cookies = values
			continue
		}
		answer.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if head {
		return answer
	}
	if isText(r.header.Get("Content-Type")) {
		answer.Body = r.body.String()
	} else {
		answer.Body, answer.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.body.Bytes()), true
	}
	return answer
}

// isText tells which bodies go into the answer as they are; everything else is base64.
func isText(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return media == "" || strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json") || strings.HasSuffix(media, "xml")
}
