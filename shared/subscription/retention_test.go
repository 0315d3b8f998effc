package subscription

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/shared/record"
)

// everything brings a list through all that can be stored: every state, every kind of mail, every mark.
func everything(t *testing.T, w *world) {
	t.Helper()
	if err := w.list.SaveCategories(t.Context(), DefaultCategories()); err != nil {
		t.Fatal(err)
	}
	for i, set := range setUps {
		at := w.now()
		if strings.Contains(set.name, "expired") || strings.Contains(set.name, "deleted") {
			continue // the clock must not run away from the items of the others
		}
		set.do(t, w)
		w.after(day)
		w.signUp(t, hanako("email", fmt.Sprintf("hanako%d@example.jp", i), "name", "佐藤 次郎"))
		w.set(at.Add(day))
	}
	w.left(t, hanako("email", "left@example.jp"))
	welcome := w.subscribed(t, hanako("email", "stays@example.jp"))
	if err := w.change(welcome.Data["preferences"], hanako("email", "later@example.jp")); err != nil {
		t.Fatal(err)
	}
	w.signUp(t, hanako("email", "stays@example.jp"))
	w.post(t, "/newsletter/resend", hanakoAddress("stays@example.jp"))
	w.do("POST", welcome.Data["preferences"], "action=fresh")
	at := w.now() // somebody is asked to stay: the clock must not run away from the items of the others
	w.set(at.Add(w.list.Periods.Of("confirmed") - leads.First))
	w.tick(t)
	w.set(at)
	if _, _, err := w.list.Guard.Rate(t.Context(), "192.0.2.1", 10, w.now()); err != nil {
		t.Fatal(err)
	}
}

func hanakoAddress(email string) map[string]string { return map[string]string{"email": email} }

// TestEveryItemExpires: every item that is stored has an expiry in the future, but for those that the policy leaves
// open-ended: the suppression, and the list of categories and the numbers of the months, which are nobody's (design: "Every item with personal data has
// expires_at"; R45).
func TestEveryItemExpires(t *testing.T) {
	w := newWorld(t)
	everything(t, w)
	counted := map[string]int{}
	for _, table := range []string{w.list.Table, w.list.Outbox, w.list.Suppression, w.list.Guard.Table} {
		for _, item := range items(t, w, table) {
			var pk string
			if err := attributevalue.Unmarshal(item["pk"], &pk); err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(table, "-")
			if before, _, marked := strings.Cut(pk, "#"); marked {
				kind += " " + before
			} else if pk == settingsPartition || pk == numbersPartition || pk == lapsePartition {
				kind += " " + pk
			}
			counted[kind]++
			_, has := item["expires_at"].(*types.AttributeValueMemberN)
			switch {
			case kind == "suppression" || kind == "newsletter settings" || kind == "newsletter numbers":
				if _, attribute := item["expires_at"]; attribute {
					t.Errorf("%s has an expiry", kind)
				}
			case !has:
				t.Errorf("%s has no expiry: %v", kind, item)
			case record.Expired(item, start):
				t.Errorf("%s is born expired: %v", kind, item)
			}
		}
	}
	for _, kind := range []string{"newsletter", "newsletter consent", "newsletter moved", "newsletter settings", "newsletter numbers", "newsletter lapse", "outbox", "suppression", "guard token",
		"guard cap", "guard rate"} {
		if counted[kind] == 0 {
			t.Errorf("the test has stored no %s: %v", kind, counted)
		}
	}
}

// TestNoAddressInAKey: no key, of table or index, holds anything that a person typed (design, "Data"; R45).
func TestNoAddressInAKey(t *testing.T) {
	w := newWorld(t)
	everything(t, w)
	looked := 0
	for _, table := range []string{w.list.Table, w.list.Outbox, w.list.Suppression, w.list.Guard.Table} {
		for _, item := range items(t, w, table) {
			for _, name := range []string{"pk", "sk", "due", "person", "created_at"} {
				value, is := item[name].(*types.AttributeValueMemberS)
				if !is {
					continue
				}
				looked++
				for _, typed := range []string{"@", "example", "hanako", "left", "stays", "花子", "次郎", "例示", "192.0.2.1"} {
					if strings.Contains(strings.ToLower(value.Value), typed) {
						t.Errorf("%s of an item of %s holds %q", name, table, typed)
					}
				}
			}
		}
	}
	if looked < 50 {
		t.Errorf("only %d keys were looked at", looked)
	}
}

// TestSuppressionHoldsNoAddress: what stays for good is a keyed hash and nothing else of the person.
func TestSuppressionHoldsNoAddress(t *testing.T) {
	w := newWorld(t)
	w.left(t, hanako())
	for _, item := range items(t, w, w.list.Suppression) {
		for name, value := range item {
			switch name {
			case "pk", "sk", "reason", "since":
			default:
				t.Errorf("the suppression holds %s: %v", name, value)
			}
		}
	}
	// After the profile and its evidence have gone, nothing else is left of the person.
	w.after(366 * day)
	w.deleteExpired(t)
	for _, item := range items(t, w, w.list.Table) {
		if record.Text(item, "pk") != numbersPartition {
			t.Errorf("left in the list: %v", item)
		}
	}
	if !w.suppressed(t, "hanako@example.jp") {
		t.Error("the suppression has gone too")
	}
}
