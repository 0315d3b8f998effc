package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// TestNobodyIsFound is somebody with every table in hand, the order in which people answered and the second of each answer, who
// tries to tell whose answer is whose: by a key or a value that two tables share, by what can be made of one with the address key,
// by a time, by the order of any listing (R29; decisions: "Questionnaire").
func TestNobodyIsFound(t *testing.T) {
	w := newWorld(t, recordtest.Start(t), nil)
	const people = 60
	type person struct{ ref, person, invitation, link, submission string }
	var all []person
	for i := range people {
		ref := fmt.Sprintf("E261101-%04d", i)
		l := w.invite(t, ref)
		u, _ := url.Parse(l)
		token, err := w.Links.Read("questionnaire", "answer", u.Query().Get("t"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, person{ref, w.personOf(ref), token.Ref, u.Query().Get("t"), ""})
	}
	rand.Shuffle(people, func(i, k int) { all[i], all[k] = all[k], all[i] })
	var moments []time.Time
	for i := range all {
		w.after(time.Duration(1+rand.IntN(90)) * time.Second)
		moments = append(moments, w.now())
		all[i].submission = w.submit(t, "/questionnaires/mekong?t="+url.QueryEscape(all[i].link), answer("comment", fmt.Sprint("意見その", i)))
	}
	released, err := w.store.Release(t.Context(), w.asked, w.now())
	if err != nil || released != people {
		t.Fatal(released, err)
	}
	// Four more wait, so that both kinds of item are looked at.
	for i := range 4 {
		w.submit(t, w.invite(t, fmt.Sprint("late-", i)), answer("comment", fmt.Sprint("遅い意見", i)))
	}
	if results, err := w.store.Results(t.Context(), w.asked, w.now()); err != nil || results.Answers == nil {
		t.Fatal(results, err)
	}

	elsewhere := map[string]string{} // texts of the other tables and of the people, and where they are from
	for _, table := range []string{w.store.Invitations, w.Guard.Table} {
		for _, item := range items(t, w.Client, table) {
			for name, value := range item {
				if text, ok := value.(string); ok && name != "event" {
					elsewhere[text] = table + "." + name
				}
			}
		}
	}
	for _, p := range all {
		for name, text := range map[string]string{"reference": p.ref, "person": p.person, "invitation": p.invitation, "link": p.link, "submission": p.submission} {
			elsewhere[text] = name
			plain := sha256.Sum256([]byte(text))
			keyed := hmac.New(sha256.New, w.AddressKey)
			keyed.Write([]byte(text))
			elsewhere[hex.EncodeToString(plain[:8])], elsewhere[hex.EncodeToString(keyed.Sum(nil)[:8])] = "hash of "+name, "keyed hash of "+name
		}
	}
	found := items(t, w.Client, w.store.Answers)
	if len(found) < people+4+2 || len(elsewhere) < 5*people {
		t.Fatalf("%d items, %d texts: there is nothing to look at", len(found), len(elsewhere))
	}
	for _, item := range found {
		counted := strings.HasPrefix(fmt.Sprint(item["pk"]), "counts#")
		for name, value := range item {
			switch v := value.(type) {
			case string:
				for text, from := range elsewhere {
					if strings.Contains(v, text) || len(v) > 12 && strings.Contains(text, v) {
						t.Errorf("by a key: %s of an answer is found in %s", name, from)
					}
				}
				if name == "day" && (v != "2026-11-20" || strings.HasPrefix(fmt.Sprint(item["pk"]), "released#")) {
					t.Errorf("by a time: %s %q of %v", name, v, item["pk"])
				}
			case float64:
				if name == "expires_at" && int64(v) != w.asked.Expires.Unix() || name != "expires_at" && name != "version" && !counted {
					t.Errorf("by a time: %s = %v", name, v)
				}
			case map[string]any: // the values: what people typed
			default:
				t.Errorf("%s is a %T, which nobody has thought about", name, value)
			}
			if !slices.Contains([]string{"pk", "sk", "version", "day", "values", "expires_at"}, name) && !counted {
				t.Errorf("an anonymous answer has %q", name)
			}
		}
	}
	for _, item := range items(t, w.Client, w.store.Invitations) {
		if v, timed := item["expires_at"].(float64); !timed || int64(v) != w.asked.Expires.Unix() || len(item) > 5 {
			t.Errorf("by a time: the invitation %v", item)
		}
		if _, named := item["ref"]; named {
			t.Error("the invitation to an anonymous questionnaire holds the registration")
		}
	}
	byOrder(t, w, moments)
}

// byOrder compares the order in which answers were given with the order of every listing that staff or the table can give.
func byOrder(t *testing.T, w *world, moments []time.Time) {
	t.Helper()
	var listed []questionnaire.Answer
	for cursor := record.Item(nil); ; {
		page, next, err := w.store.Read(t.Context(), w.asked, 25, w.now(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, page...)
		if cursor = next; cursor == nil {
			break
		}
	}
	scanned := w.answers(t)
	for name, answers := range map[string][]questionnaire.Answer{"the list of staff": listed, "a scan": scanned} {
		var xs, ys []float64
		for place, a := range answers {
			var n int
			if _, err := fmt.Sscanf(a.Values["comment"], "意見その%d", &n); err == nil {
				xs, ys = append(xs, float64(place)), append(ys, float64(moments[n].Unix()))
			}
		}
		if len(xs) != len(moments) {
			t.Fatalf("%s: only %d answers", name, len(xs))
		}
		// Of 60 answers in a random order, fewer than one list in 10^15 is as ordered as this.
		if r := correlation(xs, ys); math.Abs(r) > 0.85 {
			t.Errorf("by order: %s follows the time of answering, correlation %.2f", name, r)
		}
	}
	ordered := []float64{1, 2, 3, 4, 5}
	if r := correlation(ordered, ordered); r < 0.99 {
		t.Errorf("the measure of order is wrong: %.2f", r)
	}
}

func correlation(xs, ys []float64) float64 {
	n := float64(len(xs))
	var sx, sy, sxx, syy, sxy float64
	for i := range xs {
		sx, sy, sxx, syy, sxy = sx+xs[i], sy+ys[i], sxx+xs[i]*xs[i], syy+ys[i]*ys[i], sxy+xs[i]*ys[i]
	}
	return (n*sxy - sx*sy) / math.Sqrt((n*sxx-sx*sx)*(n*syy-sy*sy))
}
