package record_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// What a transaction counts on one item is one action, also where two transactions are joined; "since" is the first.
func TestCount(t *testing.T) {
	client := recordtest.Start(t)
	table := recordtest.Table(t, client, "numbers", true)
	key := record.Key("numbers", "2026-11")
	for i, since := range []string{"first", "second"} {
		var one, other record.Transaction
		one.Count("a", table, key, since, "n_a", 1)
		one.Put("person", table, person{"00", since, "", 0}, record.Condition{})
		other.Count("b", table, key, since, "n_a", 2)
		other.Count("c", table, key, since, "n_b", -1)
		one.Join(&other)
		if err := one.Commit(t.Context(), client); err != nil {
			t.Fatal(i, err)
		}
	}
	var got struct {
		Since string `dynamodbav:"since"`
		A     int    `dynamodbav:"n_a"`
		B     int    `dynamodbav:"n_b"`
	}
	if found, err := record.Get(t.Context(), client, table, key, now, &got); !found || err != nil {
		t.Fatal(found, err)
	}
	if diff := cmp.Diff("first 6 -2", fmt.Sprint(got.Since, " ", got.A, " ", got.B)); diff != "" {
		t.Error(diff)
	}
}
