package metric

import (
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"sync"
	"time"
)

// Writer writes metrics. A nil Writer writes none.
type Writer struct {
	mu        sync.Mutex
	out       io.Writer
	namespace string
	now       func() time.Time
}

// New returns a writer of metrics of a namespace, which is the stack's name, so that a trial beside it does not count as
// production. Without a namespace nothing is measured: New returns nil.
func New(out io.Writer, namespace string, now func() time.Time) *Writer {
	if namespace == "" {
		return nil
	}
	return &Writer{out: out, namespace: namespace, now: now}
}

// directive tells CloudWatch which members of the line are metrics.
type directive struct {
	Namespace  string       `json:"Namespace"`
	Dimensions [][]string   `json:"Dimensions"`
	Metrics    []definition `json:"Metrics"`
}

type definition struct {
	Name string `json:"Name"`
	Unit Unit   `json:"Unit"`
}

// Write writes the values, one line for those without a dimension and one for each class. What is no number is left out:
// CloudWatch would refuse the whole line. A metric that cannot be written never stops the work that it measures.
func (w *Writer) Write(values ...Value) {
	if w == nil {
		return
	}
	for _, class := range append([]Class{""}, Classes()...) {
		line := map[string]any{}
		about := directive{Namespace: w.namespace, Dimensions: [][]string{{}}}
		if class != "" {
			line[Dimension] = class
			about.Dimensions = [][]string{{Dimension}}
		}
		for _, v := range values {
			if v.class != class || math.IsNaN(v.value) || math.IsInf(v.value, 0) {
				continue
			}
			line[v.metric.Name] = v.value
			about.Metrics = append(about.Metrics, definition(v.metric))
		}
		if len(about.Metrics) == 0 {
			continue
		}
		line["_aws"] = map[string]any{"Timestamp": w.now().UnixMilli(), "CloudWatchMetrics": []directive{about}}
		if err := w.line(line); err != nil {
			slog.Error("metrics not written", "error", err)
		}
	}
}

// line writes one line at once, so that lines of goroutines do not mix.
func (w *Writer) line(members map[string]any) error {
	text, err := json.Marshal(members)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.out.Write(append(text, '\n'))
	return err
}
