package trigger

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"

	"madoguchi/infra/local/template"
)

// eventBridgeEvent is the envelope of every event on a bus.
type eventBridgeEvent struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func envelope(source, detailType string, resources []string, detail json.RawMessage, now time.Time) eventBridgeEvent {
	if resources == nil {
		resources = []string{}
	}
	return eventBridgeEvent{
		Version: "0", ID: uuid(), DetailType: detailType, Source: source, Account: template.Account,
		Time: now.UTC().Format(time.RFC3339), Region: template.Region, Resources: resources, Detail: detail,
	}
}

func uuid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
