package gateway

import (
	"net/url"
	"slices"
	"strings"

	"madoguchi/infra/local/template"
)

// router picks a route as an HTTP API does: the most specific path first (a literal segment before {name}, {name} before
// {name+}), then the method before ANY, and $default for what is left.
type router struct {
	routes   []pattern // most specific first
	fallback *template.Route
}

type pattern struct {
	route    template.Route
	segments []string
}

func newRouter(routes []template.Route) router {
	var r router
	for _, route := range routes {
		if route.Path == "$default" {
			r.fallback = &route
			continue
		}
		r.routes = append(r.routes, pattern{route, segments(route.Path)})
	}
	slices.SortStableFunc(r.routes, func(a, b pattern) int {
		for i := range min(len(a.segments), len(b.segments)) {
			if d := rank(a.segments[i]) - rank(b.segments[i]); d != 0 {
				return d
			}
		}
		if d := len(b.segments) - len(a.segments); d != 0 {
			return d
		}
		return anyLast(a.route.Method) - anyLast(b.route.Method)
	})
	return r
}

func segments(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

func rank(segment string) int {
	switch {
	case strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "+}"):
		return 2
	case strings.HasPrefix(segment, "{"):
		return 1
	default:
		return 0
	}
}

func anyLast(method string) int {
	if method == "ANY" {
		return 1
	}
	return 0
}

// find returns the route for a request and the values of its path variables, decoded. path is the path as it was sent.
func (r router) find(method, path string) (template.Route, map[string]string, bool) {
	asked := segments(path)
	for _, p := range r.routes {
		if p.route.Method != "ANY" && p.route.Method != method {
			continue
		}
		if values, ok := p.match(asked); ok {
			return p.route, values, true
		}
	}
	if r.fallback != nil {
		return *r.fallback, nil, true
	}
	return template.Route{}, nil, false
}

func (p pattern) match(asked []string) (map[string]string, bool) {
	var values map[string]string
	set := func(name, value string) {
		if values == nil {
			values = map[string]string{}
		}
		values[name] = unescape(value)
	}
	for i, segment := range p.segments {
		if i >= len(asked) || (asked[i] == "" && segment != "") {
			return nil, false
		}
		switch rank(segment) {
		case 2:
			set(segment[1:len(segment)-2], strings.Join(asked[i:], "/"))
			return values, true
		case 1:
			set(segment[1:len(segment)-1], asked[i])
		default:
			if unescape(asked[i]) != segment {
				return nil, false
			}
		}
	}
	return values, len(asked) == len(p.segments)
}

func unescape(s string) string {
	if out, err := url.PathUnescape(s); err == nil {
		return out
	}
	return s
}
