package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
)

// Whatever happens to a chunk, in whatever order: the numbers add up after every step, no recipient is called for twice, and what SES
// has proved is never lost (hard cases 16, 20).
func TestTruth(t *testing.T) {
	store := campaigntest.Store(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		s := *store
		clock := campaigntest.Now
		s.Now = func() time.Time { return clock }
		c, contents := draft()
		c, err := s.Create(ctx, c, contents)
		if err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 5).Draw(t, "recipients")
		keys := make([]string, n)
		for i := range keys {
			keys[i] = fmt.Sprintf("%032x", 0xa0+i)
		}
		if c, err = s.Change(ctx, c.ID, func(c *campaign.Campaign) error {
			c.State = campaign.Freezing
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if c, err = s.Freeze(ctx, c.ID, c.Freeze, []campaign.Chunk{campaign.NewChunk(c.ID, ja, keys, clock.Add(90*24*time.Hour).Unix())},
			func(c *campaign.Campaign) { c.Freeze.Steps++ }); err != nil {
			t.Fatal(err)
		}
		type call struct {
			chunk campaign.Chunk
			who   []int
		}
		var calls []call // whose answer has not been stored
		called, proved := map[int]int{}, map[int]bool{}
		read := func() campaign.Chunk {
			chunks, _, err := s.Chunks(ctx, c.ID, "", 10)
			if err != nil || len(chunks) != 1 {
				t.Fatal(len(chunks), err)
			}
			return chunks[0]
		}
		report := func(i int, kind campaign.ReportKind) {
			chunk := read()
			before, err := s.Report(ctx, chunk.Ref(i), fmt.Sprintf("m-%d", i), kind, "", clock)
			if err != nil {
				t.Fatal(err)
			}
			proved[i] = true
			if before.Settled != 0 || kind == campaign.Reject {
				now, err := s.ReportOf(ctx, chunk.Ref(i))
				if err == nil {
					_, err = s.Correct(ctx, chunk.Ref(i), now, "f")
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": func(t *rapid.T) {
				chunk := read()
				var who []int
				for i, o := range chunk.List() {
					if o == campaign.Pending && rapid.Bool().Draw(t, "take") {
						who = append(who, i)
					}
				}
				if len(who) == 0 || chunk.Until > clock.UnixMilli() {
					return
				}
				ok, err := s.Begin(ctx, &chunk, who, clock.Add(30*time.Second))
				if err != nil {
					t.Fatal(err)
				}
				if ok {
					calls = append(calls, call{chunk, who})
					for _, i := range who {
						called[i]++
					}
				}
			},
			"answer": func(t *rapid.T) {
				if len(calls) == 0 {
					return
				}
				k := rapid.IntRange(0, len(calls)-1).Draw(t, "call")
				answered := calls[k]
				calls = append(calls[:k], calls[k+1:]...)
				what := rapid.SampledFrom([]string{"accepted", "failed", "not sent", "silence"}).Draw(t, "answer")
				err := s.Apply(ctx, &answered.chunk, "a", func(outcomes []campaign.Outcome) {
					for _, i := range answered.who {
						switch what {
						case "accepted":
							campaign.Answer(outcomes, i, campaign.Accepted(fmt.Sprintf("m-%d", i)))
						case "failed":
							campaign.Answer(outcomes, i, campaign.Failed("rejected"))
						case "not sent":
							campaign.Answer(outcomes, i, campaign.Pending)
						default:
							campaign.Answer(outcomes, i, campaign.Unknown)
						}
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				if what == "not sent" { // SES certainly does not have it: it may be called for again, unless its lease was over
					stands := read()
					now := stands.List()
					for _, i := range answered.who {
						if now[i] == campaign.Pending {
							called[i]--
						}
					}
				}
			},
			"killed":  func(*rapid.T) { clock = clock.Add(31 * time.Second) },
			"an hour": func(*rapid.T) { clock = clock.Add(time.Hour) },
			"sweep": func(*rapid.T) {
				chunk := read()
				if _, err := s.Lapse(ctx, &chunk, "l"); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Settle(ctx, &chunk, "l", 900*time.Second); err != nil {
					t.Fatal(err)
				}
			},
			"send event": func(t *rapid.T) {
				i := rapid.IntRange(0, n-1).Draw(t, "who")
				if called[i] > 0 {
					report(i, campaign.Send)
				}
			},
			"bounce event": func(t *rapid.T) {
				i := rapid.IntRange(0, n-1).Draw(t, "who")
				if called[i] > 0 {
					report(i, campaign.Bounced)
				}
			},
			"": func(t *rapid.T) {
				k, err := s.Get(ctx, c.ID)
				if err != nil {
					t.Fatal(err)
				}
				counts, err := s.Verify(ctx, &k)
				if err != nil {
					t.Fatal(err)
				}
				if counts.Frozen != n || counts.Bounced > n {
					t.Fatalf("%+v", counts)
				}
				for i, times := range called {
					if times > 1 {
						t.Fatalf("recipient %d was called for %d times", i, times)
					}
				}
			},
		})
		// When all has settled, what SES proved is what stands.
		clock = clock.Add(24 * time.Hour)
		chunk := read()
		if _, err := s.Lapse(ctx, &chunk, "l"); err != nil {
			t.Fatal(err)
		}
		if left, err := s.Settle(ctx, &chunk, "l", 900*time.Second); err != nil || left != 0 {
			t.Fatal(left, err)
		}
		chunk = read()
		for i, o := range chunk.List() {
			if proved[i] && o.Class() != campaign.ClassAccepted && o.Class() != campaign.ClassPending && o != campaign.Failed("rejected") {
				t.Fatalf("SES told of recipient %d, who stands as %q", i, o)
			}
		}
	})
}
