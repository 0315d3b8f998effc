package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"madoguchi/infra/local/template"
)

// preflight answers the question that a browser asks before it posts to another origin. An HTTP API with a CorsConfiguration
// answers it for every route, and without asking the function. ok is false for every other request.
func preflight(c *template.CORS, r *http.Request) (answer, bool) {
	if c == nil || r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return answer{}, false
	}
	a := answer{status: http.StatusNoContent, header: http.Header{}}
	if allowed := allowedOrigin(c, r); allowed != "" {
		cors(c, allowed, a.header)
		if len(c.AllowMethods) > 0 {
			a.header.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		}
		if len(c.AllowHeaders) > 0 {
			a.header.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		}
		if c.MaxAge > 0 {
			a.header.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAge))
		}
	}
	return a, true
}

// applyCORS puts the API's headers on an answer in place of the function's own, which an API with a CorsConfiguration ignores.
func applyCORS(c *template.CORS, r *http.Request, h http.Header) {
	if c == nil {
		return
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	if allowed := allowedOrigin(c, r); allowed != "" {
		cors(c, allowed, h)
	}
}

func cors(c *template.CORS, allowed string, h http.Header) {
	h.Set("Access-Control-Allow-Origin", allowed)
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
}

// allowedOrigin is the value for Access-Control-Allow-Origin: the request's origin if it is listed ("*", "https://*" and
// "http://*" stand for many), or "".
func allowedOrigin(c *template.CORS, r *http.Request) string {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return ""
	}
	if slices.Contains(c.AllowOrigins, "*") {
		return "*"
	}
	if slices.ContainsFunc(c.AllowOrigins, func(o string) bool {
		all, many := strings.CutSuffix(o, "*")
		return o == origin || (many && strings.HasPrefix(origin, all))
	}) {
		return origin
	}
	return ""
}
