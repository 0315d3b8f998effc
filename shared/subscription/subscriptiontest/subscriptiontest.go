// Package subscriptiontest gives tests the table of a list with the indexes that template.yaml gives it.
package subscriptiontest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record/recordtest"
)

// Table creates a list's table and returns its name.
func Table(t testing.TB, client *dynamodb.Client, name string) string {
	t.Helper()
	return recordtest.Table(t, client, name, true,
		recordtest.Index{Name: "state", Hash: "listed", Range: "listed_at", RangeType: types.ScalarAttributeTypeS},
		recordtest.Index{Name: "name", Hash: "name_beginning", Range: "sk"},
		recordtest.Index{Name: "organization", Hash: "organization_beginning", Range: "sk"},
		recordtest.Index{Name: "ending", Hash: "ending", Range: "expires_at", RangeType: types.ScalarAttributeTypeN},
		recordtest.Index{Name: "initial", Hash: "name_initial", Range: "sk"})
}
