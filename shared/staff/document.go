package staff

import (
	"fmt"
	"maps"
	"strings"

	"madoguchi/shared/policy"
)

// Document makes one OpenAPI 3.1 document of what all programs print of themselves. It fails where two programs give one name to
// different schemas.
func Document(all []Description) (map[string]any, error) {
	paths, schemas := object{}, object{
		"Problem": object{"type": "object", "required": []string{"type", "title", "status", "detail", "instance"}, "properties": object{
			"type": object{"type": "string"}, "title": object{"type": "string"}, "status": object{"type": "integer"}, "detail": object{"type": "string"},
			"instance": object{"type": "string"}, "errors": object{"type": "array", "items": object{"$ref": "#/components/schemas/WebFieldError"}}}},
		"WebFieldError": object{"type": "object", "required": []string{"field", "code", "message"}, "properties": object{
			"field": object{"type": "string"}, "code": object{"type": "string"}, "message": object{"type": "string"}}},
	}
	for _, d := range all {
		for name, schema := range d.Schemas {
			if there, known := schemas[name]; known && name != "WebFieldError" && fmt.Sprint(there) != fmt.Sprint(schema) {
				return nil, fmt.Errorf("two schemas are called %s", name)
			}
			schemas[name] = schema
		}
		for _, route := range d.Routes {
			method, path, _ := strings.Cut(strings.ReplaceAll(route.Pattern, "{$}", ""), " ")
			item, known := paths[path].(object)
			if !known {
				item = object{}
				if parameters := inPath(path); parameters != nil {
					item["parameters"] = parameters
				}
				paths[path] = item
			}
			item[strings.ToLower(method)] = route.Operation
		}
	}
	return object{"openapi": "3.1.0", "paths": paths, "components": object{"schemas": schemas,
		"securitySchemes": object{
			"bearer":  object{"type": "http", "scheme": "bearer", "description": "An access token of the identity provider, for scripts: answers are JSON"},
			"session": object{"type": "apiKey", "in": "cookie", "name": CookieName, "description": "A browser that has signed in"},
		},
		"responses": object{"Problem": object{"description": "What is wrong and what to do: problem details (RFC 9457) for programs, a page for people",
			"content": object{"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}, "text/html": object{"schema": object{"type": "string"}}}}},
	}}, nil
}

func inPath(path string) []any {
	var parameters []any
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			parameters = append(parameters, object{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": object{"type": "string", "minLength": 1}})
		}
	}
	return parameters
}

// For fills in whose document it is.
func For(org policy.Organization, document map[string]any) map[string]any {
	whole := maps.Clone(document)
	whole["info"] = object{"title": org.ShortName.EN + ": staff", "version": policy.Version,
		"description": "The pages of staff of " + org.Name.EN + ", and what the same paths answer to scripts that accept JSON. The public interface is described by /openapi.json."}
	whole["servers"] = []any{object{"url": org.PublicURL}}
	return whole
}
