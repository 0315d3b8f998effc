// Package campaigntest gives tests a campaigns table in a real DynamoDB.
package campaigntest

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/campaign"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// Now is the time at which tests begin.
var Now = time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)

// Store returns an empty store whose clock stands at Now.
func Store(t testing.TB) *campaign.Store {
	t.Helper()
	client := recordtest.Start(t)
	return &campaign.Store{Client: client, Table: Table(t), Now: func() time.Time { return Now }, Keep: 90 * 24 * time.Hour}
}

// Table creates a campaigns table.
func Table(t testing.TB) string {
	t.Helper()
	return recordtest.Table(t, recordtest.Start(t), "campaigns", true,
		recordtest.Index{Name: "kind", Hash: "kind", Range: "created_at", RangeType: types.ScalarAttributeTypeS, All: true},
		recordtest.Index{Name: "active", Hash: "active", Range: "active_at", RangeType: types.ScalarAttributeTypeN, Include: []string{"id"}})
}

// Put stores an item as it is.
func Put(t testing.TB, s *campaign.Store, v any) {
	t.Helper()
	if _, err := record.Put(t.Context(), s.Client, s.Table, v, record.Condition{}); err != nil {
		t.Fatal(err)
	}
}
