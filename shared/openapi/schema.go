package openapi

import (
	"maps"

	"madoguchi/shared/japan"
	"madoguchi/shared/policy"
)

// schemas are the shapes of all JSON bodies.
func schemas() object {
	text, number := object{"type": "string"}, object{"type": "integer"}
	required := func(properties object, names ...string) object {
		return object{"type": "object", "properties": properties, "required": names}
	}
	list := func(items object) object { return object{"type": "array", "items": items} }
	all := object{
		"Problem": required(object{
			"type": text, "title": text, "status": number, "detail": text, "instance": text, "reference": text, "form_token": text,
			"errors": list(object{"$ref": "#/components/schemas/FieldError"}),
		}, "type", "title", "status", "detail", "instance"),
		"FieldError": required(object{"field": text, "code": text, "message": text}, "field", "code", "message"),
		"Accepted":   required(object{"reference": object{"type": "string", "pattern": "^[A-Z][0-9]{6}-[A-Z2-7]{9}$"}, "status": text}, "reference", "status"),
		"Form": required(object{
			"service": text, "version": number, "language": object{"type": "string", "enum": []any{"ja", "en"}}, "notice": text, "form_token": text,
			"fields": list(required(object{
				"name": text, "label": text, "support": text, "type": text, "required": object{"type": "boolean"}, "maxlength": number,
				"autocomplete": text, "group": text, "min": number, "max": number,
				"options": list(required(object{"value": text, "label": text}, "value", "label")),
			}, "name", "label", "type", "required")),
		}, "service", "version", "language", "notice", "form_token", "fields"),
	}
	maps.Copy(all, accessSchemas())
	maps.Copy(all, photoSchemas())
	maps.Copy(all, archiveSchemas())
	maps.Copy(all, eventSchemas())
	for _, f := range forms() {
		all[f.schema()] = f.request()
	}
	return all
}

// request is the JSON body of a form. Members that the form does not have are refused.
func (f formOf) request() object {
	properties := object{"form_token": object{"type": "string", "maxLength": 400, "description": "From the description of the form; valid for 24 hours"},
		"action": object{"const": "submit"}}
	names := []string{"form_token"}
	closed := true
	var quantities object // a number for each publication of the catalogue
	for _, field := range f.fields() {
		switch field.Type {
		case policy.TypeQuantities:
			quantities = object{"^quantity\\.[A-Za-z0-9_-]{1,40}$": object{"type": []any{"integer", "string"},
				"description": "Number of copies of the publication; the form's description has those that can be asked for"}}
			continue
		case policy.TypeQuestions:
			closed = false // the event's own questions
			continue
		}
		properties[field.Name] = fieldSchema(field)
		if field.Required {
			names = append(names, field.Name)
		}
	}
	if f.service.PartnerItems {
		closed, names = false, []string{"form_token", "name", "email"} // what an event has agreed with its partners
	}
	schema := object{"type": "object", "properties": properties, "required": names}
	if closed {
		schema["additionalProperties"] = false
	}
	if quantities != nil {
		schema["patternProperties"] = quantities
	}
	return schema
}

func fieldSchema(f policy.Field) object {
	schema := object{"description": f.Label.JA}
	switch f.Type {
	case policy.TypePrefecture:
		var codes []any
		for _, p := range japan.Prefectures() {
			if p.Code != japan.Overseas || !f.Domestic {
				codes = append(codes, p.Code)
			}
		}
		schema["type"], schema["enum"] = "string", codes
		return schema
	case policy.TypeNumber:
		schema["type"] = []any{"integer", "string"}
		return schema
	case policy.TypeBoolean:
		schema["type"] = []any{"boolean", "string"}
		return schema
	}
	// What is always taken; people may write it in other ways as well (03-1234-5678, 〒105-0004).
	switch f.Type {
	case policy.TypeEmail:
		schema["format"] = "email"
	case policy.TypePhone:
		schema["pattern"] = `^\+[1-9][0-9]{7,14}$`
	case policy.TypePostalCode:
		schema["pattern"] = `^[0-9]{3}-[0-9]{4}$`
	}
	if f.Options == policy.BusinessCategories {
		schema["examples"] = []any{"trade", "other"} // staff keep the list: the form's description has it
	}
	schema["type"] = "string"
	if f.Required {
		schema["minLength"] = 1
	}
	if f.MaxLength > 0 {
		schema["maxLength"] = f.MaxLength
	}
	return schema
}
