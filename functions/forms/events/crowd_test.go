package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"madoguchi/infra/local/dynamodb"
	"madoguchi/infra/local/ses"
)

// Hard case 14: five hundred people at once for a hundred seats, through the real programs, with SES down and three writes of
// ten meeting a conflict; whoever reads 503 sends the form again. Exactly a hundred are registered; seats are registrations;
// and when SES is back each has one notice.
func TestCrowd(t *testing.T) {
	const people, seats = 500, 100
	p := begin(t)
	p.load(t, map[string]any{"events": []any{definition("crowd", month, map[string]any{"capacity": seats})}})
	if err := p.SES().SetFaults(ses.Faults{Down: new(true)}); err != nil {
		t.Fatal(err)
	}
	p.Proxy().SetFaults(dynamodb.Faults{ConflictPercent: 30})
	var registered, full, again atomic.Int64
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			values := person(fmt.Sprintf("p%03d@example.jp", i))
			if values["form_token"] = p.token(t, "crowd"); values["form_token"] == "" {
				full.Add(1) // the page says that it is full already
				return
			}
			for {
				switch status := p.post(t, "crowd", values); status {
				case http.StatusCreated:
					registered.Add(1)
				case http.StatusConflict:
					full.Add(1)
				case http.StatusServiceUnavailable:
					again.Add(1)
					continue
				default:
					t.Errorf("status %d", status)
				}
				return
			}
		})
	}
	group.Wait()
	p.Proxy().SetFaults(dynamodb.Faults{})
	t.Logf("%d were asked to send again", again.Load())
	if registered.Load() != seats || full.Load() != people-seats {
		t.Errorf("%d registered, %d told that it is full", registered.Load(), full.Load())
	}
	if n := p.count(t, "crowd"); n != seats {
		t.Errorf("%d registrations are stored", n)
	}
	if n := p.count(t, "seat#crowd#all"); n != seats {
		t.Errorf("%d seats are taken", n)
	}
	if err := p.SES().SetFaults(ses.Faults{Fail: &ses.Fail{}}); err != nil {
		t.Fatal(err)
	}
	// The promises are there; that the mailer keeps each once is the mailer's own test.
	if n := p.outbox(t); n != seats {
		t.Errorf("%d notices are promised", n)
	}
}

// token opens the form; "" where it takes nothing any more. A page that comes while the store is busy is asked for again.
func (p product) token(t *testing.T, id string) string {
	for {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL()+"/events/"+id, nil)
		if err != nil {
			t.Error(err)
			return ""
		}
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Error(err)
			return ""
		}
		var described struct {
			Token string `json:"form_token"`
		}
		err = json.NewDecoder(answer.Body).Decode(&described)
		_ = answer.Body.Close()
		switch {
		case err != nil:
			t.Error(err)
			return ""
		case answer.StatusCode == http.StatusServiceUnavailable:
			continue
		}
		return described.Token
	}
}

func (p product) post(t *testing.T, id string, values map[string]string) int {
	body, err := json.Marshal(values)
	if err != nil {
		t.Error(err)
		return 0
	}
	answer, err := http.Post(p.URL()+"/events/"+id, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// table is the name of a table that the template calls so.
func (p product) table(variable string) string {
	for _, f := range p.Template().Functions {
		if f.Name == "EventsFunction" {
			return f.Environment[variable]
		}
	}
	return ""
}

// count counts a partition.
func (p product) count(t *testing.T, pk string) (n int) {
	t.Helper()
	pages := ddb.NewQueryPaginator(p.DynamoDB(), &ddb.QueryInput{TableName: aws.String(p.table("REGISTRATIONS_TABLE")), ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String("pk = :pk"), ExpressionAttributeValues: map[string]types.AttributeValue{":pk": &types.AttributeValueMemberS{Value: pk}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Items)
	}
	return n
}

// outbox counts the promised mails.
func (p product) outbox(t *testing.T) (n int) {
	t.Helper()
	pages := ddb.NewScanPaginator(p.DynamoDB(), &ddb.ScanInput{TableName: aws.String(p.table("OUTBOX_TABLE")), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Items)
	}
	return n
}
