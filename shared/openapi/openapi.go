// Package openapi describes the public interface as an OpenAPI 3.1 document (contract: "/openapi.json"). Forms and their fields
// come from the same declarations that make the forms themselves (shared/policy), so that the document cannot be stale; the
// paths around them are listed in paths.go, and a test compares all of them with the routes that the built functions answer.
package openapi

import (
	"maps"
	"strings"

	"madoguchi/shared/policy"
)

// object is a JSON object of the document.
type object = map[string]any

// Document returns the document for one organisation.
func Document(org policy.Organization) map[string]any {
	paths := object{}
	for _, e := range endpoints() {
		item, known := paths[e.path].(object)
		if !known {
			item = object{}
			if parameters := inPath(e.path); len(parameters) > 0 {
				item["parameters"] = parameters
			}
			paths[e.path] = item
		}
		item[strings.ToLower(e.method)] = e.operation()
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": org.ShortName.EN + ": forms", "version": policy.Version,
			"description": "The public forms of " + org.Name.EN + ". Errors are problem details (RFC 9457) for callers that accept JSON, and pages for people. " +
				"A path that none of the functions knows is answered by the gateway in its own shape.",
			"contact": object{"name": org.PrivacyOffice.EN, "email": org.PrivacyContact},
		},
		"externalDocs": object{"url": org.PublicURL + "/staff/openapi.json", "description": "The paths of staff, for those who are signed in"},
		"servers":      []any{object{"url": org.PublicURL}},
		"paths":        paths,
		"components":   object{"schemas": schemas(), "responses": object{"Problem": problem()}},
	}
}

// Routes returns what the document describes, as patterns of http.ServeMux: "GET /newsletter".
func Routes() []string {
	var all []string
	for _, e := range endpoints() {
		all = append(all, e.method+" "+e.path)
	}
	return all
}

// endpoint is one operation.
type endpoint struct {
	method, path, summary string
	query                 []parameter
	body                  object  // content by media type; nil for none
	answers               answers // by status
	failures              []string
}

type parameter struct {
	name, about string
	required    bool
	schema      object
}

// answers are the successful answers by status: the content by media type, nil for an answer without a body.
type answers map[string]object

func (e endpoint) operation() object {
	responses := object{}
	for status, content := range e.answers {
		response := object{"description": meanings[status]}
		if content != nil {
			response["content"] = content
		}
		responses[status] = response
	}
	for _, status := range e.failures {
		responses[status] = object{"$ref": "#/components/responses/Problem"}
	}
	operation := object{"summary": e.summary, "operationId": operationID(e.method, e.path), "responses": responses}
	if len(e.query) > 0 {
		parameters := make([]any, len(e.query))
		for i, p := range e.query {
			schema := p.schema
			if schema == nil {
				schema = object{"type": "string"}
			}
			parameters[i] = object{"name": p.name, "in": "query", "required": p.required, "description": p.about, "schema": schema}
		}
		operation["parameters"] = parameters
	}
	if e.body != nil {
		operation["requestBody"] = object{"required": true, "content": e.body}
	}
	return operation
}

// inPath are the parameters that stand in a path: "/events/{event}".
func inPath(path string) []any {
	var parameters []any
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": object{"type": "string", "minLength": 1}})
		}
	}
	return parameters
}

// operationID is a name for programs: post_events_event.
func operationID(method, path string) string {
	name := strings.NewReplacer("/", "_", "{", "", "}", "", ".", "_", "-", "_").Replace(strings.Trim(path, "/"))
	if name == "" {
		name = "front"
	}
	return strings.ToLower(method) + "_" + name
}

var meanings = map[string]string{
	"200": "As asked for", "201": "Stored; the reference is the person's", "204": "Taken", "302": "Leads on", "304": "As you have it", "303": "Stored; the address of the thank-you page",
}

// page is an answer for people.
func page() object { return object{"text/html": object{"schema": object{"type": "string"}}} }

// either is an answer that is a page for people and a JSON body for programs.
func either(schema string) object {
	content := page()
	maps.Copy(content, asJSON(schema))
	return content
}

func asJSON(schema string) object {
	return object{"application/json": object{"schema": object{"$ref": "#/components/schemas/" + schema}}}
}

// plain is an answer of another media type.
func plain(media string) object { return object{media: object{"schema": object{"type": "string"}}} }

func problem() object {
	return object{
		"description": "What is wrong and what to do: problem details for programs, a page for people. Retry-After says when to come back, Allow which methods there are",
		"content": object{
			"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}},
			"text/html":                object{"schema": object{"type": "string"}},
		},
	}
}
