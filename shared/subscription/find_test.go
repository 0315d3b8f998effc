package subscription

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/record"
)

// names are the names of subscribers, sorted.
func names(found []Subscriber) []string {
	all := []string{}
	for _, s := range found {
		all = append(all, s.Fields["name"])
	}
	slices.Sort(all)
	return all
}

// A person is found by how name or organisation begins, as it is said on the telephone: without legal forms, spaces, width and case.
func TestBeginning(t *testing.T) {
	w := newWorld(t)
	for i, one := range [][2]string{{"山田 花子", "例示株式会社"}, {"山田　太郎", "（株）アセアン商事"}, {"山口 次郎", "一般社団法人ASEAN協会"}, {"ﾏﾘｱ Santos", "㈱アセアン物産"},
		{"林", "株式会社"}, {"ASEAN 花子", "見本"}} {
		w.subscribed(t, hanako("email", fmt.Sprintf("p%d@example.jp", i), "name", one[0], "organization", one[1]))
	}
	for _, test := range []struct {
		typed string
		want  []string
	}{
		{"山田", []string{"山田 花子", "山田　太郎"}},
		{"山田花", []string{"山田 花子"}},
		{"山田 花", []string{"山田 花子"}},
		{"マリア", []string{"ﾏﾘｱ Santos"}},
		{"マリアｓａｎ", []string{"ﾏﾘｱ Santos"}},
		{"アセアン", []string{"山田　太郎", "ﾏﾘｱ Santos"}},
		{"株式会社アセアン商", []string{"山田　太郎"}},
		{"asean", []string{"ASEAN 花子", "山口 次郎"}}, // by name and by organisation
		{"例示", []string{"山田 花子"}},
		{"株式会社", []string{"林"}},
		{"花子", []string{}},
		{"林", []string{"林"}},
		{"　山 ", []string{"山田 花子", "山田　太郎", "山口 次郎"}},
		{"山本", []string{}},
	} {
		found, next, err := w.list.Beginning(t.Context(), test.typed, "", 50)
		want := slices.Sorted(slices.Values(test.want))
		if diff := cmp.Diff(append([]string{}, want...), names(found)); diff != "" || next != "" || err != nil {
			t.Errorf("%s: %s %q %v", test.typed, diff, next, err)
		}
	}
	for _, short := range []string{"", "a", " マ ", "㈱山", "・"} {
		if _, _, err := w.list.Beginning(t.Context(), short, "", 50); !errors.Is(err, ErrTooShort) {
			t.Errorf("%q: %v", short, err)
		}
	}
	// Who has changed the name is found by the new one alone; who left and was deleted by none.
	if _, err := w.list.Correct(t.Context(), w.person("p0@example.jp"), hanako("email", "p0@example.jp", "name", "川田 花子")); err != nil {
		t.Fatal(err)
	}
	for typed, want := range map[string]int{"山田": 1, "川田": 1} {
		if found, _, err := w.list.Beginning(t.Context(), typed, "", 50); len(found) != want || err != nil {
			t.Errorf("%s: %v, %v", typed, names(found), err)
		}
	}
}

// Pages of a search and of a state hold everybody once, in whatever size they are read.
func TestPages(t *testing.T) {
	w := newWorld(t)
	const people = 230
	codes, err := w.list.CategoryCodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := make([]Subscriber, people)
	for i := range all {
		w.after(time.Second)
		if all[i], err = w.list.Synthetic(i+1, codes); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.list.StoreSynthetic(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func(string) ([]Subscriber, string, error){
		"state": func(c string) ([]Subscriber, string, error) { return w.list.InState(t.Context(), Confirmed, c, 7) },
		"name":  func(c string) ([]Subscriber, string, error) { return w.list.Beginning(t.Context(), "見本", c, 7) },
		"organization": func(c string) ([]Subscriber, string, error) {
			return w.list.Beginning(t.Context(), "見本団体", c, 7)
		},
	} {
		seen, last := map[string]int{}, "9"
		for cursor, pages := "", 0; pages < 200; pages++ {
			found, next, err := read(cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range found {
				seen[s.Person]++
				if name == "state" && s.ListedAt > last {
					t.Errorf("%s comes after %s", s.ListedAt, last)
				}
				last = s.ListedAt
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if len(seen) != people {
			t.Errorf("%s: %d people", name, len(seen))
		}
		for person, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s %d times", name, person, n)
			}
		}
	}
	for _, wrong := range []string{"x", "name#y", "mail#", "2026-11-24T00:00:00Z#nobody"} {
		_, _, state := w.list.InState(t.Context(), Confirmed, wrong, 7)
		_, _, beginning := w.list.Beginning(t.Context(), "見本", wrong, 7)
		if !errors.Is(state, ErrCursor) || !errors.Is(beginning, ErrCursor) {
			t.Errorf("%s: %v, %v", wrong, state, beginning)
		}
	}
}

// Hard case 24: who has expired is on no list, deleted or not; each state lists its own.
func TestInState(t *testing.T) {
	for state, w := range states(t) {
		for _, other := range States() {
			found, _, err := w.list.InState(t.Context(), other, "", 10)
			if (len(found) == 1) != (state == other) || err != nil {
				t.Errorf("%s lists %d as %s: %v", state, len(found), other, err)
			}
		}
		w.after(2000 * day)
		if found, _, err := w.list.InState(t.Context(), state, "", 10); len(found) != 0 || err != nil {
			t.Errorf("%s lists somebody expired: %v", state, err)
		}
		if found, _, err := w.list.Beginning(t.Context(), "山田", "", 10); len(found) != 0 || err != nil {
			t.Errorf("%s finds somebody expired: %v", state, err)
		}
	}
}

// R45: no key of a list holds anything of a person: of two lists the same name has other keys, and none of the letters.
func TestMarksNameNobody(t *testing.T) {
	w := newWorld(t)
	w.subscribed(t, hanako())
	for _, item := range items(t, w, w.list.Table) {
		for _, name := range []string{"pk", "sk", "listed", "listed_at", "name_beginning", "organization_beginning", "name_initial"} {
			if v := fmt.Sprint(item[name]); strings.Contains(v, "山田") || strings.Contains(v, "例示") || strings.Contains(v, "hanako") {
				t.Errorf("%s is %s", name, v)
			}
		}
	}
	other := *w.list
	other.AddressKey = []byte(strings.Repeat("another-key-", 3))
	s, _ := w.stored(t, "hanako@example.jp")
	if a, b := w.list.marks(s), other.marks(s); a.Name == b.Name || a.Organization == b.Organization || a.Name == a.Organization {
		t.Errorf("%+v, %+v", a, b)
	}
}

// Who came with an import is found like everybody else, and stands where an imported opt-out has put them.
func TestImportedAreFound(t *testing.T) {
	w := newWorld(t)
	s, err := w.list.Imported(hanako(), Evidence{"展示会", "2019-05-01", "配信希望"}, "i1")
	if err != nil {
		t.Fatal(err)
	}
	var add, leave record.Transaction
	w.list.Add(&add, s)
	if err := add.Commit(t.Context(), w.list.Client); err != nil {
		t.Fatal(err)
	}
	found, _, err := w.list.Beginning(t.Context(), "山田", "", 10)
	if len(found) != 1 || err != nil {
		t.Errorf("by name: %v, %v", names(found), err)
	}
	here, err := w.list.Look(t.Context(), []string{s.Person})
	if err != nil || !w.list.Leave(&leave, OptOut{Person: s.Person, Reason: string(Unsubscribed), Import: "i2"}, here[s.Person]) {
		t.Fatal(err)
	}
	if err := leave.Commit(t.Context(), w.list.Client); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[State]int{Confirmed: 0, Unsubscribed: 1} {
		if found, _, err := w.list.InState(t.Context(), state, "", 10); len(found) != want || err != nil {
			t.Errorf("%s: %v, %v", state, names(found), err)
		}
	}
	// What the person says on the telephone is theirs: an undo of the import does not take it back.
	if err := w.list.OptOutByHand(t.Context(), s.Person, ChannelTelephone); err != nil {
		t.Fatal(err)
	}
	if here, err = w.list.Look(t.Context(), []string{s.Person}); err != nil {
		t.Fatal(err)
	}
	var undo record.Transaction
	if w.list.Return(&undo, here[s.Person], s.Person, "i2") {
		t.Error("the undo of an import takes back what was said on the telephone")
	}
}
