package main

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/infra/local/s3/s3test"
	"madoguchi/shared/campaign/campaigntest"
	"madoguchi/shared/config"
	"madoguchi/shared/objects"
	"madoguchi/shared/policy"
	"madoguchi/shared/record/recordtest"
	"madoguchi/shared/roster"
	"madoguchi/shared/roster/workbook"
	"madoguchi/shared/staff/stafftest"
	"madoguchi/shared/subscription"
)

const bucketName = "madoguchi-imports"

// world is the desk over real parts, with an importer that works when the test says so.
type world struct {
	*testing.T
	*stafftest.Office
	desk    *desk
	handler http.Handler
	worker  *roster.Worker
	client  *dynamodb.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	client := recordtest.Start(t)
	s3test.Start(t, nil, bucketName)
	files, err := objects.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, Office: stafftest.New(t, client, time.Now), client: client}
	w.Env["IMPORTS_TABLE"], w.Env["IMPORT_FILES_BUCKET"], w.Env["CAMPAIGNS_TABLE"] = recordtest.Table(t, client, "imports", true), bucketName, campaigntest.Table(t)
	if w.desk, err = open(config.Map(w.Env), client, files, time.Now); err != nil {
		t.Fatal(err)
	}
	w.desk.wait = 0
	w.handler = w.desk.handler()
	w.worker = &roster.Worker{Store: w.desk.store, Files: w.desk.files, Lists: map[policy.Code]*subscription.List{}, Now: time.Now, Books: workbook.Open, Mailings: w.desk.mailings}
	suppression := recordtest.Table(t, client, "suppression", true)
	for _, code := range []policy.Code{policy.Newsletter, policy.Press} {
		service := policy.Get(code)
		w.worker.Lists[code] = &subscription.List{Service: service, Periods: policy.DefaultPeriods(service), Client: client,
			Table: recordtest.Table(t, client, string(code), true), Suppression: suppression, AddressKey: config.Key(strings.Repeat("address-key-", 3)), Now: time.Now}
	}
	return w
}

// call is one request of somebody with a role, as a script unless page is set.
type call struct {
	method, path, kind string
	body               []byte
	role               string // "": nobody
	page               bool
}

func (w *world) do(c call) *httptest.ResponseRecorder {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), c.method, base+c.path, bytes.NewReader(c.body))
	r.Header.Set("Content-Type", c.kind)
	if c.page {
		r.AddCookie(w.SignIn(w.T, stafftest.Person("hanako", c.role)))
		r.Header.Set("Accept", "text/html")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	} else {
		r.Header.Set("Accept", "application/json")
		if c.role != "" {
			r.Header.Set("Authorization", w.Bearer(stafftest.Person("hanako", c.role)))
		}
	}
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	return answer
}

// form is a multipart body: file is the content of the part "file", nil for none.
func form(t *testing.T, fields map[string]string, file []byte) (body []byte, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := m.CreateFormFile("file", "読者.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), m.FormDataContentType()
}

// send posts a file as a script and returns the answer.
func (w *world) send(role string, fields map[string]string, file string) *httptest.ResponseRecorder {
	w.Helper()
	body, kind := form(w.T, fields, []byte(file))
	return w.do(call{method: http.MethodPost, kind: kind, body: body, role: role})
}

func (w *world) work() {
	w.Helper()
	if err := w.worker.Work(w.Context(), time.Now().Add(time.Minute)); err != nil {
		w.Fatal(err)
	}
}

// decoded reads an answer in JSON.
func decoded(t *testing.T, r *httptest.ResponseRecorder, want int) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal(r.Body.Bytes(), &a); err != nil || r.Code != want {
		t.Fatalf("status %d, want %d: %s", r.Code, want, r.Body)
	}
	return a
}

const csv = "email,name,prefecture,organization,business_category\nhanako@example.jp,山田 花子,東京都,例示商事,trade\njiro@example.jp,山田 次郎,13,例示商事,無い業種\n"

var evidence = `{"where":"展示会","when":"2019-05-01","words":"受け取る"}`

func fields(change map[string]string) map[string]string {
	f := map[string]string{"list": "newsletter", "what": "subscribers", "evidence": evidence}
	for name, value := range change {
		f[name] = value
	}
	return f
}
