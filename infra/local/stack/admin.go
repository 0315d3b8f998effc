package stack

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"madoguchi/infra/local/oidc"
)

// admin serves the tools under /_local/ (contract, "Local tools"). Requests that another website makes a browser send are refused.
func (s *Stack) admin() http.Handler {
	mux := http.NewServeMux()
	inbox := s.mail.Inbox()
	for _, path := range []string{"/_local/mail", "/_local/mail.json", "/_local/mail/", "/_local/ses"} {
		mux.Handle(path, inbox)
	}
	mux.Handle("/_local/dynamodb", s.proxy.FaultsHandler())
	mux.HandleFunc("GET /_local", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/_local/", http.StatusFound) })
	mux.HandleFunc("GET /_local/{$}", s.index)
	mux.HandleFunc("GET /_local/functions.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Processes()) })
	mux.HandleFunc("POST /_local/tick", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"schedules": s.Tick()})
	})
	mux.HandleFunc("POST /_local/inbound", s.inbound)
	mux.HandleFunc("POST /_local/load", s.load)
	mux.HandleFunc("GET /_local/token", s.token)
	mux.HandleFunc("GET /_local/signin", s.signBrowserIn)
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// Process is a row of /_local/functions.json.
type Process struct {
	Name          string         `json:"name"` // logical id of the function
	PID           int            `json:"pid"`
	State         string         `json:"state"` // starting, idle, busy or ended
	Invocations   int            `json:"invocations"`
	ColdStarts    int            `json:"cold_starts"` // 1 once the process has begun to poll
	InitMS        float64        `json:"init_ms"`     // process start to first poll
	RSSMB         float64        `json:"rss_mb"`      // resident memory, of an ended process when it was last looked at
	CPU           float64        `json:"cpu_s"`       // user and system, seconds
	DynamoDBCalls map[string]int `json:"dynamodb_calls"`
	SESCalls      int            `json:"ses_calls"` // SendEmail and SendBulkEmail
}

// Processes returns a row for every process ever started, ended ones too.
func (s *Stack) Processes() []Process {
	database, mail := s.proxy.Calls(), s.mail.Calls()
	rows := []Process{}
	for _, p := range s.runtime.Processes() {
		row := Process{
			Name: p.Function, PID: p.PID, State: p.State, Invocations: p.Invocations,
			InitMS: float64(p.Init.Microseconds()) / 1000, RSSMB: float64(p.RSS>>10) / 1024, CPU: p.CPU.Seconds(),
			DynamoDBCalls: database[p.AccessKey], SESCalls: mail[p.AccessKey],
		}
		if p.Init > 0 {
			row.ColdStarts = 1
		}
		if row.DynamoDBCalls == nil {
			row.DynamoDBCalls = map[string]int{}
		}
		rows = append(rows, row)
	}
	return rows
}

//go:embed index.html
var indexText string

var indexPage = template.Must(template.New("index").Parse(indexText))

// form is a route that a person can open in a browser.
type form struct{ Path, Function string }

// summary is a function's row on the index page.
type summary struct {
	Name, Source        string
	Running, Calls      int
	InitMS, RSSMB, CPUS string
}

// bucket is a row of the index page.
type bucket struct {
	Name    string
	Objects int
	MB      string
}

// noPage are paths that a person cannot open: their routes take every method, so that the function itself refuses the wrong ones.
var noPage = map[string]bool{"/access": true, "/access.gif": true,
	"/staff": true, "/staff/signin": true, "/staff/callback": true, "/staff/signout": true, "/staff/signedout": true, "/staff/openapi.json": true}

func (s *Stack) index(w http.ResponseWriter, _ *http.Request) {
	page := struct {
		Forms     []form
		Parts     []Part
		Functions []summary
		Buckets   []bucket
		Mails     int
		DataDir   string
		Faulty    bool
		Elsewhere string
		Users     []oidc.User
	}{Elsewhere: s.elsewhere, Parts: s.parts, Mails: s.mail.Count(), DataDir: s.options.DataDir, Faulty: s.proxy.Faulty()}
	if s.environment("SigninFunction") != nil && !s.options.ServicesOnly {
		page.Users = oidc.Users()
	}
	for _, f := range s.template.Functions {
		for _, r := range f.Routes {
			if !s.options.ServicesOnly && !strings.Contains(r.Path, "{") && r.Path != "$default" && !noPage[r.Path] && (r.Method == "ANY" || r.Method == http.MethodGet) {
				page.Forms = append(page.Forms, form{r.Path, short(f.Name)})
			}
		}
		page.Functions = append(page.Functions, s.summary(f.Name, f.CodeURI))
	}
	used, err := s.objects.Usage()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for _, u := range used {
		page.Buckets = append(page.Buckets, bucket{u.Bucket, u.Objects, strconv.FormatFloat(float64(u.Bytes)/1e6, 'f', 1, 64)})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
	_ = indexPage.Execute(w, page)
}

// summary adds up the processes of a function: the last cold start, the most memory, all CPU time.
func (s *Stack) summary(name, source string) summary {
	out := summary{Name: short(name), Source: source, InitMS: "–", RSSMB: "–", CPUS: "–"}
	var memory, cpu float64
	for _, p := range s.Processes() {
		if p.Name != name {
			continue
		}
		if p.State != "ended" {
			out.Running++
			memory += p.RSSMB
			out.RSSMB = strconv.FormatFloat(memory, 'f', 0, 64)
		}
		out.Calls += p.Invocations
		cpu += p.CPU
		out.CPUS = strconv.FormatFloat(cpu, 'f', 2, 64)
		if p.InitMS > 0 {
			out.InitMS = strconv.FormatFloat(p.InitMS, 'f', 0, 64)
		}
	}
	return out
}
