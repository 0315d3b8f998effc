// Package sample is what the local stack shows on its first start, so that a newcomer sees a living office: events in
// every standing, publications with stock, a small photo library. It is never part of a deployment. All of it is made up;
// the only persons are registrants of the past event, and their names say so. The full event has no seats yet, and so needs nobody.
package sample

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"madoguchi/shared/policy"
)

//go:embed content.json
var content []byte

// moment is a time in content.json: {day+21 14:00}, that many days after the start, at that time in Japan.
var moment = regexp.MustCompile(`\{day([+-]\d+) (\d\d):(\d\d)\}`)

// Content returns the body of POST /_local/load, with its times around now. Parts come in the order in which they must be
// loaded: registrations after their events.
func Content(now time.Time) ([]json.RawMessage, error) {
	today := now.In(policy.JapanTime)
	filled := moment.ReplaceAllFunc(content, func(found []byte) []byte {
		parts := moment.FindSubmatch(found)
		number := func(text []byte) int { n, _ := strconv.Atoi(string(text)); return n } // digits only, by the pattern
		at := time.Date(today.Year(), today.Month(), today.Day()+number(parts[1]), number(parts[2]), number(parts[3]), 0, 0, policy.JapanTime)
		return []byte(at.Format(time.RFC3339))
	})
	var parts []json.RawMessage
	if err := json.Unmarshal(filled, &parts); err != nil {
		return nil, fmt.Errorf("sample content: %w", err)
	}
	return parts, nil
}
