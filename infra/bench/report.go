package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// The verdicts of a row.
const (
	verdictOK          = "ok"
	verdictOver        = "over"
	verdictNone        = "-" // no budget: shown for orientation
	verdictNotMeasured = "not measured"
)

// Budget is what a figure is held to.
type Budget struct {
	Limit float64 `json:"limit"`
	Of    string  `json:"of"`    // "ratio" or "value"
	Exact bool    `json:"exact"` // the figure must be the limit, not at most the limit
}

// Row is one figure.
type Row struct {
	Part    string  `json:"part"`    // cold, zip, calls, post, seats, import, campaign
	Subject string  `json:"subject"` // function, and the case where there are several: "newsletter, with rate limit"
	Figure  string  `json:"figure"`
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Against string  `json:"against,omitempty"` // what it is compared with
	Base    float64 `json:"base,omitempty"`    // the same figure of that
	Ratio   float64 `json:"ratio,omitempty"`   // Value/Base
	Budget  *Budget `json:"budget,omitempty"`
	Verdict string  `json:"verdict"`
	Note    string  `json:"note,omitempty"`
}

// judged sets ratio and verdict from the other members.
func (r Row) judged() Row {
	if r.Base > 0 {
		r.Ratio = r.Value / r.Base
	}
	r.Verdict = verdictNone
	if r.Budget == nil {
		return r
	}
	figure := r.Value
	if r.Budget.Of == "ratio" {
		figure = r.Ratio
	}
	r.Verdict = verdictOK
	if figure > r.Budget.Limit || (r.Budget.Exact && figure < r.Budget.Limit) {
		r.Verdict = verdictOver
	}
	return r
}

func atMost(limit float64, of string) *Budget { return &Budget{Limit: limit, Of: of} }

func exactly(limit float64) *Budget { return &Budget{Limit: limit, Of: "value", Exact: true} }

// notMeasured is the row of a figure that could not be had. Of a long reason (a compiler's) the first two lines are shown.
func notMeasured(part, subject, figure string, err error) Row {
	lines := strings.SplitN(err.Error(), "\n", 4)
	return Row{Part: part, Subject: subject, Figure: figure, Verdict: verdictNotMeasured, Note: strings.Join(lines[:min(3, len(lines))], " ")}
}

// Machine is where the figures come from.
type Machine struct {
	Cores   int     `json:"cores"`
	Go      string  `json:"go"`
	System  string  `json:"system"`
	Load    float64 `json:"load"` // of the last minute when the run began; -1 where the system does not tell
	Started string  `json:"started"`
	Quick   bool    `json:"quick"`
}

func thisMachine(quick bool) Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Load: -1,
		Started: time.Now().Format(time.RFC3339), Quick: quick}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(data), " ")
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			m.Load = load
		}
	}
	return m
}

func (m Machine) String() string {
	line := fmt.Sprintf("%d cores, %s, %s, %s", m.Cores, m.Go, m.System, m.Started)
	if m.Load >= 0 {
		line += fmt.Sprintf(", load %.1f at the start", m.Load)
	}
	if m.Quick {
		line += "; a quick run: the ratios are rough"
	}
	return line
}

// Report is the outcome of a run.
type Report struct {
	Machine Machine `json:"machine"`
	Rows    []Row   `json:"rows"`
}

func (r Report) write(w io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	if _, err := fmt.Fprintln(w, r.Machine); err != nil {
		return err
	}
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "part\tsubject\tfigure\tmeasured\tcompared with\tratio\tbudget\tverdict\tnote")
	for _, row := range r.Rows {
		_, _ = fmt.Fprintln(t, strings.Join(row.cells(), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func (r Row) cells() []string {
	cells := []string{r.Part, r.Subject, r.Figure, "", "", "", "", r.Verdict, r.Note}
	if r.Verdict == verdictNotMeasured {
		return cells
	}
	cells[3] = fmt.Sprintf("%7s %s", number(r.Value), r.Unit)
	if r.Against != "" {
		cells[4] = fmt.Sprintf("%7s %s", number(r.Base), r.Against)
		cells[5] = fmt.Sprintf("%.2f", r.Ratio)
	}
	if r.Budget != nil {
		sign, unit := "<= ", ""
		if r.Budget.Exact {
			sign = "= "
		}
		if r.Budget.Of == "ratio" {
			unit = "x"
		}
		cells[6] = sign + strconv.FormatFloat(r.Budget.Limit, 'f', -1, 64) + unit
	}
	return cells
}

// number writes three digits, and whole numbers without a point.
func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return strconv.FormatInt(int64(v), 10)
	case v >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// judge is the outcome of the run as an error: what could not be measured, and with strict what is over its budget.
func (r Report) judge(strict bool) error {
	var problems []error
	for _, row := range r.Rows {
		if row.Verdict == verdictNotMeasured || (strict && row.Verdict == verdictOver) {
			problems = append(problems, fmt.Errorf("%s: %s, %s: %s", row.Verdict, row.Part, row.Subject, row.Figure))
		}
	}
	return errors.Join(problems...)
}
