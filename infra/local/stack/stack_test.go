package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/tools"
)

// start brings up the stack of the test template.
func start(t *testing.T, change func(*Options)) *Stack {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Root: root, Template: "infra/local/testdata/template.yaml", DataDir: t.TempDir()}
	if change != nil {
		change(&o)
	}
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func fetch(t *testing.T, method, url, contentType, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func putJob(t *testing.T, s *Stack, pk string, more map[string]string) {
	t.Helper()
	item := map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: pk}}
	for name, value := range more {
		item[name] = &types.AttributeValueMemberS{Value: value}
	}
	if _, err := s.DynamoDB().PutItem(t.Context(), &ddb.PutItemInput{TableName: aws.String("madoguchi-Jobs"), Item: item}); err != nil {
		t.Fatal(err)
	}
}

// seen is how often the worker has counted something.
func seen(t *testing.T, s *Stack, key string) string {
	t.Helper()
	out, err := s.DynamoDB().GetItem(t.Context(), &ddb.GetItemInput{
		TableName: aws.String("madoguchi-Seen"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: key}}, ConsistentRead: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	n, _ := out.Item["n"].(*types.AttributeValueMemberN)
	if n == nil {
		return "0"
	}
	return n.Value
}

func await(t *testing.T, s *Stack, key, want string) {
	t.Helper()
	limit := time.Now().Add(30 * time.Second)
	for seen(t, s, key) != want {
		if time.Now().After(limit) {
			t.Fatalf("%s was counted %s times, want %s", key, seen(t, s, key), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// From an item in a table over its stream to a mail, its event and the rule of the function that wanted it; and then everything again
// after a restart with the same data.
func TestEndToEnd(t *testing.T) {
	data := t.TempDir()
	s := start(t, func(o *Options) { o.DataDir = data })

	status, body := fetch(t, "POST", s.URL()+"/echo?a=1", "application/x-www-form-urlencoded", "x=1")
	var echoed struct {
		Event struct {
			Body            string
			IsBase64Encoded bool
		}
	}
	if err := json.Unmarshal([]byte(body), &echoed); err != nil || status != 200 || echoed.Event.Body != "eD0x" || !echoed.Event.IsBase64Encoded {
		t.Errorf("form post: %d %s, %v", status, body, err)
	}

	putJob(t, s, "job-1", map[string]string{"mail_to": "person@example.org"})
	await(t, s, "record job-1", "1")
	await(t, s, "aws.ses Email Sent", "1")
	if s.SES().Count() != 1 {
		t.Errorf("%d mails, want 1", s.SES().Count())
	}

	for bucket, key := range map[string]string{"quiet-bucket": "mail/1", "madoguchi-inbox": "other/1"} { // told to nobody
		if err := s.S3().Put(bucket, key, "message/rfc822", []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.S3().Put("madoguchi-inbox", "mail/1", "message/rfc822", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	await(t, s, "aws.s3 Object Created madoguchi-inbox mail/1", "1")
	if _, page := fetch(t, "GET", s.URL()+"/_local/", "", ""); !strings.Contains(page, "quiet-bucket") {
		t.Error("the index page does not list the buckets")
	}

	ran := s.Tick()
	if len(ran) != 1 || ran[0].Error != "" || seen(t, s, "aws.scheduler Scheduled Event") != "1" {
		t.Errorf("tick: %+v", ran)
	}

	putJob(t, s, "poison", map[string]string{"fail": "1"})
	await(t, s, "record poison", "4") // MaximumRetryAttempts: 3
	putJob(t, s, "job-2", nil)
	await(t, s, "record job-2", "1")

	secret := s.Template().Functions[0].Environment["SECRET"]
	pids := running(s)
	s.Close()
	for _, pid := range pids {
		if syscall.Kill(pid, 0) == nil {
			t.Errorf("process %d lives on", pid)
		}
	}

	s = start(t, func(o *Options) { o.DataDir = data })
	if got := s.Template().Functions[0].Environment["SECRET"]; got != secret {
		t.Error("after the restart the secret is another one")
	}
	putJob(t, s, "job-3", nil)
	await(t, s, "record job-3", "1")
	if n := seen(t, s, "record job-1"); n != "1" || s.SES().Count() != 1 {
		t.Errorf("after the restart: record seen %s times, %d mails; want the data kept and nothing delivered again", n, s.SES().Count())
	}
}

func running(s *Stack) []int {
	pids := []int{s.engine.PID()}
	for _, p := range s.Processes() {
		if p.State != "ended" {
			pids = append(pids, p.PID)
		}
	}
	return pids
}

func TestProcesses(t *testing.T) {
	s := start(t, nil)
	if status, body := fetch(t, "GET", s.URL()+"/_local/functions.json", "", ""); status != 200 || body != "[]\n" {
		t.Errorf("before the first call: %d %q", status, body)
	}
	fetch(t, "GET", s.URL()+"/echo?do=exit", "", "")
	fetch(t, "GET", s.URL()+"/echo", "", "")
	putJob(t, s, "job", map[string]string{"mail_to": "person@example.org"})
	await(t, s, "aws.ses Email Sent", "1")
	if n := s.Kill("WorkerFunction"); n == 0 {
		t.Error("no worker to kill")
	}
	_, body := fetch(t, "GET", s.URL()+"/_local/functions.json", "", "")
	var rows []Process
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	sum := map[string]int{}
	states := map[string][]string{}
	for _, row := range rows {
		states[row.Name] = append(states[row.Name], row.State)
		sum[row.Name+" invocations"] += row.Invocations
		sum[row.Name+" cold_starts"] += row.ColdStarts
		sum[row.Name+" ses_calls"] += row.SESCalls
		if n, ok := row.DynamoDBCalls["UpdateItem"]; ok {
			sum[row.Name+" UpdateItem"] += n
		}
		if row.PID <= 0 || row.InitMS <= 0 {
			t.Errorf("row %+v: want a process id and the time of the start", row)
		}
	}
	for _, member := range []string{"name", "pid", "state", "invocations", "cold_starts", "init_ms", "rss_mb", "cpu_s", "dynamodb_calls", "ses_calls"} {
		if !strings.Contains(body, `"`+member+`":`) {
			t.Errorf("%s is missing", member) // contract, "/_local/functions.json"
		}
	}
	workers := sum["WorkerFunction cold_starts"] // the event may come while the first process is busy
	if diff := cmp.Diff(map[string]int{
		"EchoFunction invocations": 2, "EchoFunction cold_starts": 2, "EchoFunction ses_calls": 0,
		"WorkerFunction invocations": 2, "WorkerFunction cold_starts": workers, "WorkerFunction ses_calls": 1, "WorkerFunction UpdateItem": 2,
	}, sum); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ended", "idle"}, states["EchoFunction"]); diff != "" || slices.Contains(states["WorkerFunction"], "idle") {
		t.Errorf("states %v: ended processes must stay listed", states)
	}
}

// Every function gets its own parameters; PublicUrl follows the address unless it is given.
func TestParameters(t *testing.T) {
	t.Run("defaults", func(t *testing.T) {
		s := start(t, nil)
		env := s.environment("EchoFunction")
		if env["PUBLIC_URL"] != s.URL() || env["KEEP_DAYS"] != "7" {
			t.Errorf("environment %v", env)
		}
	})
	t.Run("given", func(t *testing.T) {
		s := start(t, func(o *Options) { o.Env = map[string]string{"PUBLIC_URL": "https://x.example", "KEEP_DAYS": "30"} })
		env := s.environment("EchoFunction")
		if env["PUBLIC_URL"] != "https://x.example" || env["KEEP_DAYS"] != "30" {
			t.Errorf("environment %v", env)
		}
	})
	t.Run("below the minimum: only with SkipChecks", func(t *testing.T) { // hard case 25
		s := start(t, func(o *Options) { o.Env, o.SkipChecks = map[string]string{"KEEP_DAYS": "0"}, true })
		if env := s.environment("EchoFunction"); env["KEEP_DAYS"] != "0" {
			t.Errorf("environment %v", env)
		}
	})
}

func TestFunctionThatCannotStart(t *testing.T) {
	var log lockedBuffer
	s := start(t, func(o *Options) { o.Env, o.Log = map[string]string{"BREAK_INIT": "1"}, &log })
	if status, body := fetch(t, "GET", s.URL()+"/echo", "", ""); status != 500 || body != `{"message":"Internal Server Error"}` {
		t.Errorf("%d %s", status, body)
	}
	s.Close()
	if text := log.String(); !strings.Contains(text, "could not start") || !strings.Contains(text, "BREAK_INIT must be empty") {
		t.Errorf("log %s", text)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestServicesOnly(t *testing.T) {
	s := start(t, func(o *Options) { o.ServicesOnly = true })
	if status, body := fetch(t, "GET", s.URL()+"/echo", "", ""); status != 404 || !strings.Contains(body, "sam local start-api") {
		t.Errorf("form: %d %s", status, body)
	}
	putJob(t, s, "job", nil)
	await(t, s, "record job", "1") // streams reach their functions all the same
	if env := s.environment("EchoFunction"); env["PUBLIC_URL"] != "http://127.0.0.1:3000" {
		t.Errorf("PUBLIC_URL %s: the other gateway listens where the template says", env["PUBLIC_URL"])
	}
}

func TestStartsThatFail(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	used := start(t, nil)
	for _, c := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"port in use", func(o *Options) { o.Addr = taken.Addr().String() }, "is in use by another program"},
		{"data folder in use", func(o *Options) { o.DataDir = used.options.DataDir }, "is in use by another run"},
		{"parameter", func(o *Options) { o.Env = map[string]string{"KEEP_DAYS": "0", "GREETING": "?"} }, "parameter Greeting"},
		{"parameter, the other", func(o *Options) { o.Env = map[string]string{"KEEP_DAYS": "0", "GREETING": "?"} }, "parameter KeepDays"},
		{"no template", func(o *Options) { o.Template = "none.yaml" }, "none.yaml"},
		{"no such program", func(o *Options) { o.Dynoxide = "/nonexistent" }, "start Dynoxide"},
		{"no root", func(o *Options) { o.Root = "" }, "Root is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Root: root, Template: "infra/local/testdata/template.yaml", DataDir: t.TempDir()}
			c.change(&o)
			s, err := Start(t.Context(), o)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := Start(ctx, Options{Root: root, Template: "infra/local/testdata/template.yaml", DataDir: t.TempDir()})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestIndexPage(t *testing.T) {
	s := start(t, nil)
	fetch(t, "GET", s.URL()+"/echo", "", "")
	status, body := fetch(t, "GET", s.URL()+"/_local/", "", "")
	for _, want := range []string{`href="/echo"`, `href="/_local/mail"`, "Worker", "infra/local/testdata/functions/echo"[len("infra/local/testdata/"):], s.URL()} {
		if status != 200 || !strings.Contains(body, want) {
			t.Errorf("%d: %q is missing", status, want)
		}
	}
	for path, want := range map[string]int{"/_local": 200, "/_local/mail": 200, "/_local/mail.json": 200, "/_local/ses": 200, "/_local/dynamodb": 200, "/_local/nothing": 404, "/_local/tick": 405} {
		if status, _ := fetch(t, "GET", s.URL()+path, "", ""); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
}

func TestFaultsReachTheFunctions(t *testing.T) {
	s := start(t, nil)
	if status, body := fetch(t, "POST", s.URL()+"/_local/dynamodb", "application/json", `{"fail":{"conflict":1}}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	// The worker's write fails once, so Lambda delivers the record again.
	putJob(t, s, "job", nil)
	await(t, s, "record job", "1")
	if f := s.Proxy().Faults(); f.Fail.Conflict != 0 {
		t.Errorf("faults left: %+v", f)
	}
	calls := 0
	for _, p := range s.Processes() {
		calls += p.DynamoDBCalls["UpdateItem"]
	}
	if calls != 2 {
		t.Errorf("%d calls, want the failed one and the second", calls)
	}
}

func TestNothingElseMayPost(t *testing.T) {
	s := start(t, nil)
	for _, path := range []string{"/_local/tick", "/_local/dynamodb", "/_local/load", "/_local/ses"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another website: %d", path, resp.StatusCode)
		}
	}
}

func TestLogsOfFunctionsAreKept(t *testing.T) {
	data := t.TempDir()
	var log lockedBuffer
	s := start(t, func(o *Options) { o.DataDir, o.Log = data, &log })
	fetch(t, "GET", s.URL()+"/echo?do=error", "", "")
	s.Close()
	kept := readFile(t, filepath.Join(data, "logs", "EchoFunction.log"))
	if !strings.Contains(kept, `"msg":"started"`) || !strings.Contains(kept, `"msg":"asked to fail"`) {
		t.Errorf("log file %q", kept)
	}
	shown := log.String()
	if strings.Contains(shown, "started") || !strings.Contains(shown, "asked to fail") || !strings.Contains(shown, "ANY") && !strings.Contains(shown, "GET /echo") {
		t.Errorf("shown %q: want the request and the error, nothing below a warning", shown)
	}
	if strings.Contains(shown, "\x1b[") {
		t.Error("colours where none were asked for")
	}
}
