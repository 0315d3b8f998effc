package main

import (
	"os"
	"strings"
	"testing"
)

// The committed file is what the generator writes, and it holds all of ISO 3166-1: 249 codes since 2011.
func TestCommittedList(t *testing.T) {
	committed, err := os.ReadFile("../../shared/form/countries.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != list() {
		t.Error("shared/form/countries.txt is not what this program writes: go generate ./shared/form")
	}
	if n := strings.Count(string(committed), "\n"); n != 249 {
		t.Errorf("%d countries, want 249", n)
	}
}
