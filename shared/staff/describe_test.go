package staff_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/policy"
	"madoguchi/shared/staff"
)

type colour string

type paint struct {
	Colour colour            `json:"colour"`
	Layers *int              `json:"layers,omitempty"`
	Names  map[string]string `json:"names,omitempty"`
	Secret string            `json:"-"`
}

// A route's description is made of the types that it decodes and encodes, and says who may call it.
func TestDescribe(t *testing.T) {
	w := newWorld(t)
	mux := w.functions(w.Desk)
	mux.Enum([]colour{"red", "blue"})
	mux.Describe("POST /staff/readers", staff.Operation{Summary: "Paint", Body: paint{}, Required: []string{"colour"}, Status: http.StatusCreated, Answer: staff.List[paint]{}, Failures: []int{422}})
	mux.Describe("GET /staff/readers", staff.Operation{Body: paint{}, Only: []string{"layers"}, Media: "text/csv"})
	all := mux.Description()
	document, err := staff.Document([]staff.Description{all})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(staff.For(policy.DefaultOrganization(), document))
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{
		`"description":"Roles: editor, press."`, `"Staff_testPaint":{"properties":{"colour":{"enum":["red","blue"],"type":"string"},"layers":{"type":["integer","null"]},"names":{"additionalProperties":{"type":"string"},"type":"object"}},"required":["colour"],"type":"object"}`,
		`"Staff_testPaintRequest":{"additionalProperties":false,`, `{"$ref":"#/components/schemas/Staff_testPaintRequest"},{"required":["colour"]}`, `"201":`, `"422":`, `"security":[{"bearer":[]},{"session":[]}]`,
		`"properties":{"layers":`, `"text/csv"`, `"next":{"type":["string","null"]}`,
	} {
		if !strings.Contains(string(text), piece) {
			t.Errorf("the document lacks %s: %s", piece, text)
		}
	}
	if strings.Contains(string(text), "Secret") {
		t.Error("what is not sent is described")
	}
	var described []string
	for _, route := range all.Routes {
		described = append(described, route.Pattern)
	}
	if diff := cmp.Diff([]string{"GET /staff/everybody", "GET /staff/full", "GET /staff/readers", "POST /staff/readers"}, described); diff != "" {
		t.Error(diff)
	}
	other := staff.Description{Schemas: map[string]any{"Staff_testPaint": map[string]any{"type": "string"}}}
	if _, err := staff.Document([]staff.Description{all, other}); err == nil {
		t.Error("two schemas of one name")
	}
	defer func() {
		if recover() == nil {
			t.Error("a route is described that is not handled")
		}
	}()
	mux.Describe("GET /staff/nowhere", staff.Operation{})
}
