package roster

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/address"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/guard"
	"madoguchi/shared/link"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/roster/workbook"
	"madoguchi/shared/subscription"
)

const bucketName = "madoguchi-imports"

// world is a newsletter and a press list over real tables, a bucket, and a worker whose calls are counted.
type world struct {
	testing.TB
	worker *Worker
	list   *subscription.List
	clock  atomic.Int64
	calls  atomic.Int64 // of the worker to DynamoDB
	kill   atomic.Int64 // calls after which the worker dies; 0: never
}

func newWorld(t testing.TB) *world {
	t.Helper()
	plain := recordtest.Start(t)
	s3test.Start(t, nil, bucketName)
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t}
	w.clock.Store(time.Date(2026, 11, 24, 10, 0, 0, 0, policy.JapanTime).UnixMilli())
	counted := dynamodb.New(plain.Options(), func(o *dynamodb.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("count", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				n, kill := w.calls.Add(1), w.kill.Load()
				if kill > 0 && n > kill {
					return middleware.FinalizeOutput{}, middleware.Metadata{}, context.Canceled
				}
				return next.HandleFinalize(ctx, in)
			}), middleware.After)
		})
	})
	suppression, guards := recordtest.Table(t, plain, "suppression", true), recordtest.Table(t, plain, "guard", false)
	key := config.Key(strings.Repeat("address-key-", 3))
	of := func(code policy.Code) *subscription.List {
		service := policy.Get(code)
		return &subscription.List{Service: service, Periods: policy.DefaultPeriods(service), Client: counted, Table: recordtest.Table(t, plain, string(code), true),
			Outbox: recordtest.Table(t, plain, "outbox", false), Suppression: suppression, Guard: guard.Store{Client: counted, Table: guards, Key: key},
			AddressKey: key, Links: link.NewSigner(config.Keys{config.Key(strings.Repeat("link-key-", 4))}), Now: w.now}
	}
	w.list = of(policy.Newsletter)
	w.worker = &Worker{Store: &Store{Client: counted, Table: recordtest.Table(t, plain, "imports", true), Now: w.now}, Files: files.Bucket(bucketName),
		Lists: map[policy.Code]*subscription.List{policy.Newsletter: w.list, policy.Press: of(policy.Press)}, Now: w.now,
		Books: workbook.Open, Mailings: Mailings{&campaign.Store{Client: plain, Table: campaigntest.Table(t), Now: w.now, Keep: 90 * 24 * time.Hour}}}
	return w
}

func (w *world) now() time.Time             { return time.UnixMilli(w.clock.Load()).UTC() }
func (w *world) after(passed time.Duration) { w.clock.Add(passed.Milliseconds()) }

// shown is an evidence that does.
var shown = subscription.Evidence{Where: "展示会の受付", When: "2019-05-01", Words: "メールマガジンを受け取る"}

// send puts a file and its import.
func (w *world) send(content []byte, change func(*Import)) string {
	w.Helper()
	i := Import{ID: NewID(), List: policy.Newsletter, What: Subscribers, Evidence: shown, Size: len(content), By: "local-hanako"}
	if change != nil {
		change(&i)
	}
	if err := w.worker.Files.Put(w.Context(), FileKey(i.ID), objects.Object{Content: content, ContentType: "application/octet-stream"}); err != nil {
		w.Fatal(err)
	}
	if _, err := w.worker.Store.Create(w.Context(), i); err != nil {
		w.Fatal(err)
	}
	return i.ID
}

// work lets the worker go on to the end.
func (w *world) work() {
	w.Helper()
	if err := w.worker.Work(w.Context(), w.now().Add(time.Hour)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(id string) Import {
	w.Helper()
	i, err := w.worker.Store.Get(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return i
}

// checked sends a file, lets it be checked and returns what was said.
func (w *world) checked(content string, change func(*Import)) Import {
	w.Helper()
	id := w.send([]byte(content), change)
	w.work()
	return w.get(id)
}

// applied is checked and then applied.
func (w *world) applied(content string, change func(*Import)) Import {
	w.Helper()
	i := w.checked(content, change)
	if i.Status != Checked {
		w.Fatalf("status %s, problems %v", i.Status, i.Problems)
	}
	return w.act(i.ID, w.worker.Store.Apply)
}

func (w *world) act(id string, begin func(context.Context, string) (Import, error)) Import {
	w.Helper()
	if _, err := begin(w.Context(), id); err != nil {
		w.Fatal(err)
	}
	w.work()
	return w.get(id)
}

func optOuts(i *Import) { i.What, i.Evidence = OptOuts, subscription.Evidence{} }

// person is the keyed hash of an address.
func (w *world) person(email string) string {
	w.Helper()
	a, err := address.Parse(email)
	if err != nil {
		w.Fatal(err)
	}
	return a.Key(w.list.AddressKey)
}

// here is what is stored of an address.
func (w *world) here(email string) subscription.Here {
	w.Helper()
	person := w.person(email)
	all, err := w.list.Look(w.Context(), []string{person})
	if err != nil {
		w.Fatal(err)
	}
	return all[person]
}

// state says in a word or two how an address stands.
func (w *world) state(email string) string {
	w.Helper()
	h := w.here(email)
	s := "-"
	if h.Found {
		s = string(h.Subscriber.State)
	}
	if h.Suppressed != "" {
		s += " " + h.Suppressed
	}
	return s
}

// unsubscribe is the person's own click.
func (w *world) unsubscribe(email string) {
	w.Helper()
	if err := w.list.Unsubscribe(w.Context(), link.Token{Service: string(policy.Newsletter), Purpose: link.Unsubscribe, Person: w.person(email), Issued: w.now()}); err != nil {
		w.Fatal(err)
	}
}

// store puts a subscriber as the form would have left it.
func (w *world) store(email string, state subscription.State) {
	w.Helper()
	s, err := w.list.Synthetic(1, []string{"trade"})
	if err != nil {
		w.Fatal(err)
	}
	s.Email, s.Person, s.State, s.Channel = email, w.person(email), state, "form"
	s.PK = s.Person[:2]
	if ok, err := record.Put(w.Context(), w.list.Client, w.list.Table, s, record.Condition{}); !ok || err != nil {
		w.Fatal(ok, err)
	}
}

const head = "メールアドレス,お名前,都道府県,ご所属,業種\n"

// line is a row that can be used.
func line(email string) string {
	return fmt.Sprintf("%s,山田 花子,東京都,例示商事,商社・卸売・小売\n", email)
}
