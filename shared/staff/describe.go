package staff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"madoguchi/shared/jsonbody"
)

// Operation is what a route takes and answers, as its function declares it beside the route. Bodies are values of the very types that
// the function decodes and encodes, so that /staff/openapi.json says what is true.
type Operation struct {
	Summary  string
	Query    []Parameter
	Body     any      // that a JSON body is decoded into; nil: none
	Only     []string // members of Body that the route takes; nil: all
	Required []string // those that must be there
	Form     any      // likewise, of a body that is multipart/form-data
	Status   int      // of the answer; 0: 200
	Answer   any      // that is encoded; nil: a page for people only
	Media    string   // of an answer that is neither a page nor JSON: text/csv
	Failures []int    // beside 401, 403 and 503
}

// Parameter is one of the query.
type Parameter struct {
	Name, About string
	Values      []string // that it may have; nil: any
}

// List is the shape of a list of T: {items, next}.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // cursor of the next page; null after the last
}

// Shape is implemented by types that read or write JSON in a way of their own.
type Shape interface{ JSONShape() map[string]any }

// Route is a route as a program prints it.
type Route struct {
	Pattern   string         `json:"pattern"` // of http.ServeMux
	Roles     []string       `json:"roles,omitempty"`
	Open      bool           `json:"open,omitempty"` // nobody need be signed in
	Operation map[string]any `json:"operation"`      // OpenAPI 3.1
}

// Description is what a program prints of all its routes.
type Description struct {
	Routes  []Route        `json:"routes"`
	Schemas map[string]any `json:"schemas"`
}

// Describe says what a route that is handled takes and answers; a route without a description is a page for people.
func (m *Mux) Describe(pattern string, o Operation) {
	if m.operations == nil {
		m.operations = map[string]Operation{}
	}
	if _, handled := m.roles[pattern]; !handled {
		panic("described and not handled: " + pattern)
	}
	m.operations[pattern] = o
}

// Enum says which values a type of texts has, for the description: Enum([]State{Draft, Sent}).
func (m *Mux) Enum(values ...any) {
	if m.enums == nil {
		m.enums = map[reflect.Type][]any{}
	}
	for _, list := range values {
		v := reflect.ValueOf(list)
		for i := range v.Len() {
			m.enums[v.Type().Elem()] = append(m.enums[v.Type().Elem()], v.Index(i).String())
		}
	}
}

// Description describes all routes, in their order.
func (m *Mux) Description() Description {
	s := &shapes{enums: m.enums, named: map[string]any{}}
	d := Description{Schemas: s.named}
	for _, pattern := range slices.Sorted(maps.Keys(m.roles)) {
		_, path, _ := strings.Cut(pattern, " ")
		s.prefix = ""
		for _, section := range []string{"subscribers/imports", "subscribers", "campaigns"} { // the longest first
			if strings.HasPrefix(path, "/staff/"+section) {
				last := section[strings.LastIndex(section, "/")+1:]
				s.prefix = strings.ToUpper(last[:1]) + last[1:]
				break
			}
		}
		roles := m.roles[pattern]
		d.Routes = append(d.Routes, Route{Pattern: pattern, Roles: roles.names, Open: roles.open, Operation: s.operation(pattern, m.operations[pattern], roles)})
	}
	return d
}

// Described is Description, for whoever prints it without knowing what it is.
func (m *Mux) Described() any { return m.Description() }

// access is who may call a route.
type access struct {
	names []string // nil: everybody who is signed in
	open  bool
}

// shapes turns types into schemas. Structs become components, each once.
type shapes struct {
	enums  map[reflect.Type][]any
	prefix string
	named  map[string]any
}

type object = map[string]any

func (s *shapes) operation(pattern string, o Operation, who access) object {
	method, path, _ := strings.Cut(pattern, " ")
	status := o.Status
	if status == 0 {
		status = 200
	}
	content := object{"text/html": object{"schema": object{"type": "string"}}}
	switch {
	case o.Media != "":
		content = object{o.Media: object{"schema": object{"type": "string"}}}
	case o.Answer != nil:
		content["application/json"] = object{"schema": s.of(reflect.TypeOf(o.Answer), false)}
	}
	responses := object{fmt.Sprint(status): object{"description": "As asked for", "content": content}}
	if method == "POST" {
		responses["303"] = object{"description": "Done by a form of a page: where it goes on"}
	}
	failures := slices.Clone(o.Failures)
	if !who.open {
		failures = append(failures, 401, 503)
		if who.names != nil {
			failures = append(failures, 403)
		}
	}
	for _, code := range failures {
		responses[fmt.Sprint(code)] = object{"$ref": "#/components/responses/Problem"}
	}
	id := strings.ToLower(method) + "_" + strings.NewReplacer("/", "_", "{$}", "", "{", "", "}", "", ".", "_").Replace(strings.Trim(path, "/"))
	operation := object{"operationId": id, "responses": responses}
	if o.Summary != "" {
		operation["summary"] = o.Summary
	}
	if !who.open {
		operation["security"] = []any{object{"bearer": []any{}}, object{"session": []any{}}}
	}
	if who.names != nil {
		operation["description"] = "Roles: " + strings.Join(who.names, ", ") + "."
	}
	var parameters []any
	for _, p := range o.Query {
		schema := object{"type": "string"}
		if p.Values != nil {
			schema["enum"] = p.Values
		}
		parameters = append(parameters, object{"name": p.Name, "in": "query", "description": p.About, "schema": schema})
	}
	if parameters != nil {
		operation["parameters"] = parameters
	}
	body := object{}
	if o.Body != nil {
		schema := s.of(reflect.TypeOf(o.Body), true)
		if o.Only != nil {
			schema = s.object(reflect.TypeOf(o.Body), true, o.Only...)
		}
		if o.Required != nil {
			schema = object{"allOf": []any{schema, object{"required": o.Required}}}
		}
		body["application/json"] = object{"schema": schema}
	}
	if o.Form != nil {
		body["multipart/form-data"] = object{"schema": s.of(reflect.TypeOf(o.Form), true)}
	}
	if len(body) > 0 {
		operation["requestBody"] = object{"required": len(o.Required) > 0 || o.Form != nil, "content": body}
	}
	return operation
}

// of is the schema of a type, of what is sent to us or of what we answer: only of an answer it is known which members are there.
func (s *shapes) of(t reflect.Type, sent bool) object {
	if own, ok := reflect.Zero(t).Interface().(Shape); ok && t.Kind() != reflect.Pointer {
		return own.JSONShape()
	}
	switch t.Kind() {
	case reflect.Pointer:
		schema := s.of(t.Elem(), sent)
		if kind, plain := schema["type"].(string); plain {
			schema["type"] = []any{kind, "null"}
			return schema
		}
		return object{"anyOf": []any{schema, object{"type": "null"}}}
	case reflect.String:
		if values := s.enums[t]; values != nil {
			return object{"type": "string", "enum": values}
		}
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem(), sent)}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem(), sent)}
	case reflect.Struct:
		return s.component(t, sent)
	case reflect.Interface:
		return object{}
	}
	return object{"type": "integer"}
}

func (s *shapes) component(t reflect.Type, sent bool) object {
	name := s.name(t)
	if sent {
		name += "Request"
	}
	reference := object{"$ref": "#/components/schemas/" + name}
	if name == "" || name == "Request" {
		return s.object(t, sent)
	}
	if _, known := s.named[name]; !known {
		s.named[name] = object{} // a type that names itself ends here
		s.named[name] = s.object(t, sent)
	}
	return reference
}

// object is the schema of a struct; only, where given, are the members that there are.
func (s *shapes) object(t reflect.Type, sent bool, only ...string) object {
	properties, required := object{}, []string{}
	for _, m := range jsonbody.Members(t) {
		if only != nil && !slices.Contains(only, m.Name) {
			continue
		}
		properties[m.Name] = s.of(m.Type, sent)
		if !m.Optional {
			required = append(required, m.Name)
		}
	}
	schema := object{"type": "object", "properties": properties}
	switch {
	case sent:
		schema["additionalProperties"] = false // others are refused with 422
	case len(required) > 0:
		schema["required"] = required
	}
	return schema
}

// name is what the component of a type is called: CampaignsSummary, CampaignContent. Types without a name, and those of a parameter,
// have none.
func (s *shapes) name(t reflect.Type) string {
	name := t.Name()
	if name == "" || strings.Contains(name, "[") {
		return ""
	}
	upper := func(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
	parts := strings.Split(t.PkgPath(), "/")
	if !strings.HasPrefix(t.PkgPath(), "madoguchi/shared/") {
		return s.prefix + upper(name) // of the function itself
	}
	if pkg := upper(parts[len(parts)-1]); pkg != upper(name) {
		return pkg + upper(name)
	}
	return upper(name)
}
