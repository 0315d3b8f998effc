package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/runtime"
	"madoguchi/infra/local/template"
	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/bulletin"
	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/reception"
)

// Folders of the two functions of a campaign.
const (
	senderFolder   = "functions/mailing/sender"
	feedbackFolder = "functions/mailing/feedback"
)

// addressBook is a table of subscribers and one of campaigns, apart from those of other measurements.
type addressBook struct {
	settings map[string]string // the tables, as functions name them
	store    *campaign.Store
	list     *subscription.List
	loaded   int
}

// addressBook makes the tables. Their names end in name.
func (b *bench) addressBook(ctx context.Context, name string) (*addressBook, error) {
	data, err := b.data(ctx)
	if err != nil {
		return nil, err
	}
	f, err := b.functionAt(senderFolder)
	if err != nil {
		return nil, err
	}
	book := &addressBook{settings: map[string]string{}}
	for _, variable := range []string{"CAMPAIGNS_TABLE", "NEWSLETTER_TABLE", "SUPPRESSION_TABLE"} {
		i := slices.IndexFunc(b.template.Tables, func(t template.Table) bool { return t.Name == f.Environment[variable] })
		if i < 0 {
			return nil, fmt.Errorf("the template has no table for %s", variable)
		}
		table, create := b.template.Tables[i], *b.template.Tables[i].Create
		table.Name += "-" + name
		create.TableName, table.Create = aws.String(table.Name), &create
		if err := dynamodb.Ensure(ctx, data.client, []template.Table{table}); err != nil {
			return nil, err
		}
		book.settings[variable] = table.Name
	}
	form, err := functionOf(b.template, "/newsletter")
	if err != nil {
		return nil, err
	}
	environment := maps.Clone(form.Environment)
	maps.Copy(environment, book.settings)
	book.list, err = reception.Open(config.Map(environment), policy.Get(policy.Newsletter), reception.Names{Table: "NEWSLETTER_TABLE"}, data.client, time.Now)
	book.store = &campaign.Store{Client: data.client, Table: book.settings["CAMPAIGNS_TABLE"], Now: time.Now, Keep: 90 * 24 * time.Hour}
	return book, err
}

// functionAt is the function of a folder.
func (b *bench) functionAt(folder string) (template.Function, error) {
	i := slices.IndexFunc(b.template.Functions, func(f template.Function) bool { return f.CodeURI == folder })
	if i < 0 {
		return template.Function{}, fmt.Errorf("no function of the template is in %s", folder)
	}
	return b.template.Functions[i], nil
}

// grow stores made-up subscribers until there are n.
func (a *addressBook) grow(ctx context.Context, n int) error {
	const some, writers = 500, 4
	first := a.loaded
	err := each((n-first+some-1)/some, writers, func(i int) error {
		var batch []subscription.Subscriber
		for number := first + i*some + 1; number <= min(n, first+(i+1)*some); number++ {
			s, err := a.list.Synthetic(number, []string{"01"})
			if err != nil {
				return err
			}
			batch = append(batch, s)
		}
		return a.list.StoreSynthetic(ctx, batch)
	})
	a.loaded = max(a.loaded, n)
	return err
}

// issue is a newsletter of the usual length: the template of a call, beside which each recipient has a name and four links.
var issue = campaign.Content{Language: policy.Japanese, Subject: "{{name|読者}} 様へ 十一月号", Preheader: "今月の催しと刊行物",
	Body: "# 今月のお知らせ\n\n{{name|読者}} 様\n\n" + strings.Repeat("ASEAN諸国との貿易、投資、観光と交流について、"+
		"[今月の催し](https://www.example.jp/events/)と刊行物をご案内いたします。皆様のご参加をお待ちしております。\n\n", 12)}

// schedule creates a newsletter that is due now.
func (a *addressBook) schedule(ctx context.Context) (string, error) {
	contents := []campaign.Content{issue}
	c, err := a.store.Create(ctx, campaign.Campaign{Kind: policy.NewsletterIssue, Author: "bench"}, contents)
	if err != nil {
		return "", err
	}
	editions, err := bulletin.Editions(bulletin.Settings{Organization: policy.DefaultOrganization()}, &c, contents, nil)
	if err == nil {
		err = a.store.Print(ctx, c, editions)
	}
	if err != nil {
		return "", err
	}
	_, err = a.store.Change(ctx, c.ID, func(c *campaign.Campaign) error {
		c.ScheduledAt = time.Now().UnixMilli()
		return c.Enter(time.Now(), campaign.Scheduled, "bench", "")
	})
	return c.ID, err
}

// sender is the sender of one address book with an SES of its own.
type sender struct {
	b        *bench
	name     string // of the function in the runtime
	book     *addressBook
	office   *office
	function runtime.Function
	runtime  *runtime.Runtime // set by whoever starts it
	strike   []byte           // of the clock
}

// sender makes the sender ready to be run. Nothing is waited for after the first recipients: what came back of them is not measured.
func (b *bench) sender(ctx context.Context, name string, book *addressBook, o *office) (*sender, error) {
	f, err := b.functionAt(senderFolder)
	if err != nil {
		return nil, err
	}
	binary, err := b.host(ctx, senderFolder)
	if err != nil {
		return nil, err
	}
	settings := maps.Clone(book.settings)
	settings["AWS_ENDPOINT_URL_SESV2"], settings["CANARY_SECONDS"] = o.endpoint, "0"
	strike, err := os.ReadFile(filepath.Join(b.root, "events", "sender", "schedule.json"))
	return &sender{b: b, name: name, book: book, office: o, function: runnable(f, name, binary, settings), strike: strike}, err
}

// spent is what a campaign took until some moment.
type spent struct {
	at         time.Time
	cpu        time.Duration
	operations map[string]int
}

func (s *sender) spent() (spent, error) {
	cpu, err := cpuOf(s.runtime, s.name)
	return spent{time.Now(), cpu, s.b.operations(s.runtime, s.name)}, err
}

func (s spent) minus(was spent) (time.Duration, time.Duration, map[string]int) {
	operations := maps.Clone(s.operations)
	for op, n := range was.operations {
		operations[op] -= n
	}
	maps.DeleteFunc(operations, func(_ string, n int) bool { return n == 0 })
	return s.at.Sub(was.at), s.cpu - was.cpu, operations
}

// sending is what one campaign took.
type sending struct {
	recipients              int
	prepared                time.Duration // from the strike of the clock to the first call
	cpu, cpuPrepared        time.Duration
	operations, operations0 map[string]int // operations0 are those of the preparation
	counter                 dayBook
	peak                    int64 // bytes of the sender's memory
}

// mostStrikes bounds a campaign that does not come to its end: an invocation works for about a minute.
const mostStrikes = 100

// send sends one campaign to everybody of the address book.
func (s *sender) send(ctx context.Context) (sending, error) {
	if _, err := s.runtime.Invoke(ctx, s.name, s.strike); err != nil { // the process starts: nothing is due
		return sending{}, err
	}
	id, err := s.book.schedule(ctx)
	if err != nil {
		return sending{}, err
	}
	s.office.closeDay()
	var firstCall spent
	var once sync.Once
	var firstErr error
	s.office.first = func() { once.Do(func() { firstCall, firstErr = s.spent() }) }
	before, err := s.spent()
	if err != nil {
		return sending{}, err
	}
	var c campaign.Campaign
	for range mostStrikes {
		if _, err := s.runtime.Invoke(ctx, s.name, s.strike); err != nil {
			return sending{}, err
		}
		if c, err = s.book.store.Get(ctx, id); err != nil {
			return sending{}, err
		}
		if c.State.Over() {
			break
		}
	}
	after, err := s.spent()
	if err := errors.Join(err, firstErr); err != nil {
		return sending{}, err
	}
	counts, _, err := s.book.store.Counts(ctx, &c)
	if err != nil {
		return sending{}, err
	}
	out := sending{recipients: c.Frozen, counter: s.office.closeDay(), peak: peakOf(s.runtime, s.name)}
	if c.State != campaign.Sent || counts.Accepted != s.book.loaded || out.counter.recipients() != s.book.loaded {
		return out, fmt.Errorf("the campaign is %s (%s): %d of %d accepted, %d in calls", c.State, c.Reason, counts.Accepted, s.book.loaded, out.counter.recipients())
	}
	_, out.cpu, out.operations = after.minus(before)
	out.prepared, out.cpuPrepared, out.operations0 = firstCall.minus(before)
	return out, nil
}
