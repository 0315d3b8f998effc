package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	local "madoguchi/infra/local/dynamodb"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/questionnaire"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
)

// TestCountsAreTheAnswers: whatever people answer, at the same time, twice, with 30 % of all transactions in conflict and some
// answers of the store lost, every count is that of the answers that lie in the table, and these are those who were thanked.
func TestCountsAreTheAnswers(t *testing.T) {
	w, proxy := behindProxy(t)
	proxy.SetFaults(local.Faults{ConflictPercent: 30, ThrottlePercent: 3})
	rounds := rapid.Custom(drawn)
	for i := range 10 {
		w.asked.Event = fmt.Sprint("event-", i)
		posts := rounds.Example(i)
		var group sync.WaitGroup
		var refused atomic.Int32
		for k, p := range posts {
			link := w.invite(t, fmt.Sprint("registration-", k))
			token := w.open(t, link)
			for range p.times {
				group.Go(func() {
					if a := w.post(link, token, "submit", p.values); a.Code != http.StatusSeeOther {
						refused.Add(1)
					}
				})
			}
		}
		group.Wait()
		if refused.Load() > 0 {
			t.Fatalf("round %d: %d of the posts were not thanked", i, refused.Load())
		}
		holds(t, w, len(posts))
		released, err := w.store.Release(t.Context(), w.asked, w.now())
		if err != nil || (released > 0) != (len(posts) >= policy.SmallestCell) {
			t.Fatalf("round %d: released %d of %d: %v", i, released, len(posts), err)
		}
		holds(t, w, len(posts)) // moving loses nobody and counts nobody twice
	}
	if n := called(proxy)["TransactWriteItems"]; n < 100 {
		t.Errorf("%d transactions: the faults were not there", n)
	}
}

// behindProxy is a world whose calls of the store pass through the proxy, which counts and disturbs them.
func behindProxy(t *testing.T) (*world, *local.Proxy) {
	t.Helper()
	direct := recordtest.Start(t)
	proxy, err := local.NewProxy(os.Getenv("AWS_ENDPOINT_URL_DYNAMODB"), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	client, err := record.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, direct, nil)
	w.Client, w.store.Client, w.Guard.Client, w.Engine.Guard.Client = client, client, client, client
	return w, proxy
}

// TestCost: an anonymous answer is one transaction and no read (design: "Budgets"); a named one reads its invitation.
func TestCost(t *testing.T) {
	w, proxy := behindProxy(t)
	for _, c := range []struct {
		anonymous bool
		want      map[string]int
	}{{true, map[string]int{"TransactWriteItems": 1}}, {false, map[string]int{"TransactWriteItems": 1, "GetItem": 1}}} {
		w.asked.Anonymous, w.asked.Event = c.anonymous, fmt.Sprint("asked-", c.anonymous)
		link := w.invite(t, "registration-1")
		token := w.open(t, link)
		before := called(proxy)
		if a := w.post(link, token, "submit", answer()); a.Code != http.StatusSeeOther {
			t.Fatal(a.Code, a.Body)
		}
		got := called(proxy)
		for op, n := range before {
			if got[op] -= n; got[op] == 0 {
				delete(got, op)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("anonymous %v (-want +got):\n%s", c.anonymous, diff)
		}
	}
}

// called are the calls of the store by operation.
func called(proxy *local.Proxy) map[string]int {
	sum := map[string]int{}
	for _, ops := range proxy.Calls() {
		for op, n := range ops {
			sum[op] += n
		}
	}
	return sum
}

// post is one person's answer, and how many times the browser sends it.
type post struct {
	values url.Values
	times  int
}

// drawn is what some people answer.
func drawn(t *rapid.T) []post {
	posts := make([]post, rapid.IntRange(1, 12).Draw(t, "people"))
	for i := range posts {
		posts[i] = post{drawnAnswer(t), rapid.IntRange(1, 3).Draw(t, "times")}
	}
	return posts
}

// drawnAnswer is an answer of any kind that the form takes.
func drawnAnswer(t *rapid.T) url.Values {
	scale := rapid.SampledFrom([]string{"1", "2", "3"})
	v := url.Values{"overall": {scale.Draw(t, "overall")}, "hall.light": {scale.Draw(t, "light")}, "hall.sound": {scale.Draw(t, "sound")},
		"again": {rapid.SampledFrom([]string{"true", "false"}).Draw(t, "again")}}
	for _, topic := range []string{"trade", "travel"} {
		if rapid.Bool().Draw(t, topic) {
			v.Add("topics", topic)
		}
	}
	for name, most := range map[string]int{"persons": 5, "minutes": 300} {
		if rapid.Bool().Draw(t, name) {
			v.Set(name, strconv.Itoa(rapid.IntRange(0, most).Draw(t, name+" value")))
		}
	}
	if rapid.Bool().Draw(t, "says something") {
		v.Set("comment", "意見")
	}
	return v
}

// holds compares the counts, unhidden, with the answers.
func holds(t *testing.T, w *world, n int) {
	t.Helper()
	want := map[string]int{}
	stored := 0
	for _, a := range w.answers(t) {
		if !strings.HasSuffix(a.PK, "#"+w.asked.Event) {
			continue
		}
		stored++
		want["answers"]++
		for name, value := range a.Values {
			want[name]++
			for _, one := range form.Chosen(value) {
				if name != "minutes" && name != "comment" {
					want[name+"="+one]++
				}
			}
			if name == "minutes" {
				minutes, _ := strconv.Atoi(value)
				want["sum of minutes"] += minutes
			}
		}
	}
	maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
	got := map[string]int{}
	for _, item := range items(t, w.Client, w.store.Answers) {
		if item["pk"] != "counts#"+w.asked.Event {
			continue
		}
		for attribute, value := range item {
			if n, counted := value.(float64); counted && attribute != "expires_at" {
				got[nameOf(w.asked, attribute)] += int(n)
			}
		}
	}
	maps.DeleteFunc(got, func(_ string, n int) bool { return n == 0 })
	if diff := cmp.Diff(want, got); diff != "" || stored != n {
		t.Fatalf("%d answers of %d; counts (-want +got):\n%s", stored, n, diff)
	}
}

// nameOf is what an attribute of the counts counts.
func nameOf(q questionnaire.Questionnaire, attribute string) string {
	if attribute == "n" {
		return "answers"
	}
	for _, f := range q.Questions {
		for _, value := range []string{"", "true", "false", "trade", "travel", "0", "1", "2", "3", "4", "5"} {
			h := sha256.Sum256([]byte(f.Name + "\x00" + value))
			switch short := hex.EncodeToString(h[:8]); {
			case attribute == "s"+short:
				return "sum of " + f.Name
			case attribute == "c"+short && value == "":
				return f.Name
			case attribute == "c"+short:
				return f.Name + "=" + value
			}
		}
	}
	return attribute
}
