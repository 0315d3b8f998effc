package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"madoguchi/shared/staff"
	"madoguchi/shared/web"
)

// description is what the programs behind /staff print of themselves: go test ./infra/deployment -run StaffDescribed -update writes it
// anew, and without -update the test holds it to the programs.
//
//go:embed openapi.json
var description []byte

var document = sync.OnceValues(func() (map[string]any, error) {
	var d map[string]any
	err := json.Unmarshal(description, &d)
	return d, err
})

// self is who calls.
type self struct {
	ID      string   `json:"id"`
	Roles   []string `json:"roles"`
	Machine bool     `json:"machine"`
}

// openAPI describes what staff and their scripts may call, to those who are signed in (contract: "generated from the same
// declarations").
func (d *door) openAPI(w http.ResponseWriter, _ *http.Request) error {
	whole, err := document()
	if err != nil {
		return fmt.Errorf("read the description: %w", err)
	}
	return web.WriteJSON(w, http.StatusOK, "application/json", staff.For(d.Site.Organization, whole))
}
