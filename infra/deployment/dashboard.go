package deployment

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"madoguchi/shared/metric"
)

var (
	substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)(?:\.[A-Za-z]+)?\}`)
	searched    = regexp.MustCompile(`^SEARCH\('\{(AWS/[A-Za-z]+),[A-Za-z,]+\} MetricName="([A-Za-z]+)"', '(?:Sum|Maximum|Average)', [0-9]+\)$`)
)

// widget is what of a dashboard's widget is looked at.
type widget struct {
	Type       string
	Properties struct {
		Title   string
		Alarms  []string
		Metrics [][]any
		Query   string
	}
}

// dashboard: every widget is read by CloudWatch's rules as far as they matter here, names resources that are in the
// template and metrics that somebody writes; the alarms stand on it, but for those of single functions, whose errors
// have a graph.
func dashboard(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::CloudWatch::Dashboard") {
		say := func(format string, args ...any) { wrong = append(wrong, name+" "+fmt.Sprintf(format, args...)) }
		body, _ := at(t.property(name, "DashboardBody"), "Fn::Sub").(string)
		var content struct{ Widgets []widget }
		if err := json.Unmarshal([]byte(body), &content); err != nil || len(content.Widgets) == 0 {
			say("is no JSON with widgets: %v", err)
			continue
		}
		for _, m := range substituted.FindAllStringSubmatch(body, -1) {
			if t.Resources[m[1]] == nil {
				say("names %s, which is no resource", m[1])
			}
		}
		var shown []string
		for _, w := range content.Widgets {
			if w.Properties.Title == "" {
				say("has a widget without a title")
			}
			for _, arn := range w.Properties.Alarms {
				shown = append(shown, strings.TrimSuffix(strings.TrimPrefix(arn, "${"), ".Arn}"))
			}
			for _, what := range unknownMetrics(w.Properties.Metrics) {
				say("%s: %s", w.Properties.Title, what)
			}
		}
		for _, alarm := range t.ofType("AWS::CloudWatch::Alarm") {
			if !slices.Contains(shown, alarm) && t.Runbook(alarm) != "function-errors" {
				say("does not show the alarm %s", alarm)
			}
		}
	}
	return wrong
}

// unknownMetrics reads the lines of a graph in CloudWatch's short form, in which "." is what stands above and "..." all of it
// but for the end.
func unknownMetrics(lines [][]any) []string {
	var wrong []string
	var above []string
	for _, line := range lines {
		var names []string
		expression := ""
		for _, part := range line {
			switch part := part.(type) {
			case string:
				names = append(names, part)
			case map[string]any:
				expression, _ = part["expression"].(string)
			}
		}
		if expression != "" {
			m := searched.FindStringSubmatch(expression)
			if m == nil {
				wrong = append(wrong, fmt.Sprintf("the expression %q is not understood", expression))
			} else if what := unknownMetric(m[1], m[2], false); what != "" {
				wrong = append(wrong, what)
			}
			continue
		}
		names = long(names, above)
		if len(names) < 2 {
			wrong = append(wrong, fmt.Sprintf("%v names no metric", line))
			continue
		}
		if what := unknownMetric(names[0], names[1], len(names) > 2 && names[2] == metric.Dimension); what != "" {
			wrong = append(wrong, what)
		}
		above = names
	}
	return wrong
}

// long is a line of a graph without its short forms.
func long(names, above []string) []string {
	if len(names) > 0 && names[0] == "..." {
		keep := max(0, len(above)-(len(names)-1))
		return append(slices.Clone(above[:keep]), names[1:]...)
	}
	full := slices.Clone(names)
	for i, name := range full {
		if name == "." && i < len(above) {
			full[i] = above[i]
		}
	}
	return full
}

// tracing: every function asks the parameter, and its role may write traces when, and only when, it says so.
func tracing(t *Template) []string {
	const chosen = `- !If [Traced, { Sid: Traces, Effect: Allow, Action: [xray:PutTraceSegments, xray:PutTelemetryRecords], Resource: "*" }, !Ref AWS::NoValue]`
	var wrong []string
	for _, function := range t.ofType("AWS::Lambda::Function") {
		if words(t.property(function, "TracingConfig", "Mode")) != "Ref Tracing" {
			wrong = append(wrong, function+" does not ask the parameter Tracing")
		}
		may := false
		for _, policy := range list(t.property(t.role(function), "Policies")) {
			all, _ := at(policy, "PolicyDocument", "Statement").([]any)
			for _, s := range all {
				branches, _ := at(s, "Fn::If").([]any)
				if len(branches) == 3 && branches[0] == "Traced" && words(branches[2]) == "Ref AWS::NoValue" {
					actions := list(at(branches[1], "Action"))
					may = may || len(actions) == 2 && actions[0] == "xray:PutTraceSegments" && actions[1] == "xray:PutTelemetryRecords"
				}
				for _, action := range list(at(s, "Action")) {
					if strings.HasPrefix(words(action), "xray:") {
						wrong = append(wrong, t.role(function)+" may write traces unasked")
					}
				}
			}
		}
		if !may {
			wrong = append(wrong, fmt.Sprintf("%s cannot write traces when Tracing is Active; add to its statements:\n              %s", t.role(function), chosen))
		}
	}
	return wrong
}
