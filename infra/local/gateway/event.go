package gateway

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"madoguchi/infra/local/template"
)

// httpEvent is the event with nothing that API Gateway would not send: the type of aws-lambda-go always writes the part on client
// certificates.
type httpEvent struct {
	events.APIGatewayV2HTTPRequest
	RequestContext httpContext `json:"requestContext"`
}

type httpContext struct {
	events.APIGatewayV2HTTPRequestContext
	Authentication *struct{} `json:"authentication,omitempty"`
}

// event builds the event of payload format 2.0. Points that surprise: rawPath is decoded (unlike that of a function URL),
// rawQueryString is not; cookies leave the headers; values of one header or query parameter are joined by commas; a form
// body is base64 like every body that is not text.
func event(r *http.Request, route template.Route, values map[string]string, body []byte, id string, now time.Time) httpEvent {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	domain, _, _ := strings.Cut(r.Host, ":")
	prefix, _, _ := strings.Cut(domain, ".")
	path := unescape(r.URL.EscapedPath())
	e := events.APIGatewayV2HTTPRequest{
		Version:               "2.0",
		RouteKey:              route.Key(),
		RawPath:               path,
		RawQueryString:        r.URL.RawQuery,
		Headers:               headers(r, host, len(body), id),
		QueryStringParameters: query(r.URL.RawQuery),
		PathParameters:        values,
	}
	context := events.APIGatewayV2HTTPRequestContext{
		RouteKey:     route.Key(),
		AccountID:    template.Account,
		Stage:        "$default",
		RequestID:    id,
		APIID:        "local",
		DomainName:   domain,
		DomainPrefix: prefix,
		Time:         now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
		TimeEpoch:    now.UnixMilli(),
		HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
			Method: r.Method, Path: path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent(),
		},
	}
	for _, line := range r.Header.Values("Cookie") {
		for c := range strings.SplitSeq(line, ";") {
			if c = strings.TrimSpace(c); c != "" {
				e.Cookies = append(e.Cookies, c)
			}
		}
	}
	switch {
	case len(body) == 0:
	case isText(r.Header.Get("Content-Type")):
		// JSON has no place for bytes that are not UTF-8: encoding/json puts U+FFFD there, and the function must refuse it.
		e.Body = string(body)
	default:
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return httpEvent{e, httpContext{APIGatewayV2HTTPRequestContext: context}}
}

// isText says whether a body of this type is handed on as text. Everything else, forms included, is base64.
func isText(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

func headers(r *http.Request, source string, length int, id string) map[string]string {
	h := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		if name == "Cookie" {
			continue
		}
		h[strings.ToLower(name)] = strings.Join(values, ",")
	}
	h["host"], h["content-length"] = r.Host, strconv.Itoa(length)
	if h["x-amzn-trace-id"] == "" {
		h["x-amzn-trace-id"] = "Root=1-" + id
	}
	if before := h["x-forwarded-for"]; before != "" {
		h["x-forwarded-for"] = before + ", " + source
	} else {
		h["x-forwarded-for"] = source
	}
	_, port, _ := net.SplitHostPort(r.Host)
	if port == "" {
		port = "80"
	}
	h["x-forwarded-port"], h["x-forwarded-proto"] = port, "http"
	return h
}

func query(raw string) map[string]string {
	if raw == "" {
		return nil
	}
	values := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = queryText(name), queryText(value)
		if before, ok := values[name]; ok {
			value = before + "," + value
		}
		values[name] = value
	}
	return values
}

func queryText(s string) string {
	if out, err := url.QueryUnescape(s); err == nil {
		return out
	}
	return s
}
