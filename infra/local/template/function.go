package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Route is one route of the HTTP API.
type Route struct {
	Function string
	Method   string // GET, POST, ..., or ANY
	Path     string // /events/{event}, /newsletter/{proxy+}, or $default
	CORS     *CORS  // of the API that the route belongs to; nil: none
}

// Key is the route key as API Gateway spells it: "ANY /newsletter", "$default".
func (r Route) Key() string {
	if r.Path == "$default" {
		return r.Path
	}
	return r.Method + " " + r.Path
}

// CORS is the CorsConfiguration of an HTTP API.
type CORS struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string
	ExposeHeaders    []string
	MaxAge           int // seconds; 0: not sent
	AllowCredentials bool
}

// Stream is a DynamoDB event source of a function.
type Stream struct {
	Function       string
	Event          string // name of the event within the function
	Table          string // physical name of the table
	FromBeginning  bool   // StartingPosition TRIM_HORIZON
	BatchSize      int
	MaximumRetries int           // -1: until the record is too old
	MaximumAge     time.Duration // 0: no limit
	Bisect         bool
	PartialAnswers bool     // ReportBatchItemFailures
	Filters        []string // patterns; a record passes that matches one of them, and every record where there are none
	Disabled       bool
}

// Schedule is a Schedule (EventBridge rule) or ScheduleV2 (EventBridge Scheduler) event of a function.
type Schedule struct {
	Function   string
	Event      string
	Expression string // rate(...), cron(...) or at(...)
	Zone       string // IANA name; "" is UTC
	Input      string // JSON, or ""
	Scheduler  bool   // ScheduleV2
	Disabled   bool
}

// Rule is an EventBridgeRule (or CloudWatchEvent) event of a function.
type Rule struct {
	Function string
	Event    string
	Pattern  string // JSON
	Input    string // JSON, or "" for the event itself
}

// function resolves a function with the Globals of the template below it.
func (r *resolver) function(id string) (Function, error) {
	raw, _ := member(r.resources, id, "Properties").(map[string]any)
	globals, _ := member(r.raw, "Globals", "Function").(map[string]any)
	used := map[string]any{}
	for _, name := range []string{"CodeUri", "Handler", "Timeout", "MemorySize", "Environment", "LoggingConfig", "EventInvokeConfig", "ReservedConcurrentExecutions"} {
		v, err := r.resolve(merge(globals[name], raw[name]))
		if err != nil {
			return Function{}, fmt.Errorf("%s: %w", name, err)
		}
		used[name] = v
	}
	f := Function{
		Name:        id,
		CodeURI:     text(used["CodeUri"]),
		Handler:     text(used["Handler"]),
		Environment: map[string]string{},
		LogFormat:   text(member(used, "LoggingConfig", "LogFormat")),
		LogLevel:    text(member(used, "LoggingConfig", "ApplicationLogLevel")),
	}
	var err error
	seconds := 0
	for _, number := range []struct {
		name      string
		from      any
		to        *int
		otherwise int
	}{
		{"Timeout", used["Timeout"], &seconds, 3},
		{"MemorySize", used["MemorySize"], &f.MemoryMB, 128},
		{"EventInvokeConfig.MaximumRetryAttempts", member(used, "EventInvokeConfig", "MaximumRetryAttempts"), &f.AsyncRetries, 2},
		{"ReservedConcurrentExecutions", used["ReservedConcurrentExecutions"], &f.ReservedLimit, 0},
	} {
		if *number.to, err = integer(number.name, number.from, number.otherwise); err != nil {
			return Function{}, err
		}
	}
	f.Timeout = time.Duration(seconds) * time.Second
	variables, _ := member(used, "Environment", "Variables").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, err := r.secrets(text(variables[name]))
		if err != nil {
			return Function{}, fmt.Errorf("variable %s: %w", name, err)
		}
		f.Environment[name] = value
	}
	declared, _ := raw["Events"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		if err := r.event(&f, name, declared[name]); err != nil {
			return Function{}, fmt.Errorf("event %s: %w", name, err)
		}
	}
	return f, nil
}

// merge lays a function's property over the global one: maps member by member, the rest wholly (as SAM does).
func merge(global, own any) any {
	g, gok := global.(map[string]any)
	o, ook := own.(map[string]any)
	if !gok || !ook {
		if own == nil {
			return global
		}
		return own
	}
	m := maps.Clone(g)
	for k, v := range o {
		m[k] = merge(g[k], v)
	}
	return m
}

// event adds one event source to the function. A kind that the local stack cannot play is an error: a function that
// silently never runs would be worse.
func (r *resolver) event(f *Function, name string, declared any) error {
	kind := text(member(declared, "Type"))
	v, err := r.resolve(member(declared, "Properties"))
	if err != nil {
		return err
	}
	p, _ := v.(map[string]any)
	disabled := text(p["Enabled"]) == "false" || text(p["State"]) == "DISABLED"
	switch kind {
	case "HttpApi":
		route := Route{Function: f.Name, Method: "ANY", Path: "$default"}
		if p["Path"] != nil {
			route.Path, route.Method = text(p["Path"]), strings.ToUpper(text(p["Method"]))
		}
		if route.Method == "X-AMAZON-APIGATEWAY-ANY-METHOD" || route.Method == "*" || route.Method == "" {
			route.Method = "ANY"
		}
		if route.CORS, err = r.cors(text(p["ApiId"])); err != nil {
			return err
		}
		f.Routes = append(f.Routes, route)
	case "DynamoDB":
		s, err := stream(p)
		if err != nil {
			return err
		}
		s.Function, s.Event, s.Disabled = f.Name, name, disabled
		f.Streams = append(f.Streams, s)
	case "Schedule", "ScheduleV2":
		expression := text(p["ScheduleExpression"])
		if kind == "Schedule" {
			expression = text(p["Schedule"])
		}
		f.Schedules = append(f.Schedules, Schedule{
			Function: f.Name, Event: name, Expression: expression, Zone: text(p["ScheduleExpressionTimezone"]),
			Input: text(p["Input"]), Scheduler: kind == "ScheduleV2", Disabled: disabled,
		})
	case "EventBridgeRule", "CloudWatchEvent":
		pattern, err := json.Marshal(plain(p["Pattern"]))
		if err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		if !disabled {
			f.Rules = append(f.Rules, Rule{Function: f.Name, Event: name, Pattern: string(pattern), Input: text(p["Input"])})
		}
	default:
		return fmt.Errorf("the local stack cannot play events of type %q", kind)
	}
	return nil
}

func stream(p map[string]any) (Stream, error) {
	arn := text(p["Stream"])
	_, rest, ok := strings.Cut(arn, ":table/")
	if !ok {
		return Stream{}, fmt.Errorf("%q is not the stream of a table of this template", arn)
	}
	table, _, _ := strings.Cut(rest, "/")
	s := Stream{
		Table:          table,
		FromBeginning:  text(p["StartingPosition"]) == "TRIM_HORIZON",
		Bisect:         truth(p["BisectBatchOnFunctionError"]),
		PartialAnswers: slices.Contains(texts(p["FunctionResponseTypes"]), "ReportBatchItemFailures"),
	}
	var err error
	seconds := 0
	if s.BatchSize, err = integer("BatchSize", p["BatchSize"], 100); err != nil {
		return Stream{}, err
	}
	if s.MaximumRetries, err = integer("MaximumRetryAttempts", p["MaximumRetryAttempts"], -1); err != nil {
		return Stream{}, err
	}
	if seconds, err = integer("MaximumRecordAgeInSeconds", p["MaximumRecordAgeInSeconds"], -1); err != nil {
		return Stream{}, err
	}
	s.MaximumAge = max(0, time.Duration(seconds)*time.Second)
	filters, _ := member(p, "FilterCriteria", "Filters").([]any)
	for _, f := range filters {
		s.Filters = append(s.Filters, text(member(f, "Pattern")))
	}
	return s, nil
}

// cors reads the CorsConfiguration of an API: a map, or true for "every origin".
func (r *resolver) cors(api string) (*CORS, error) {
	if api == "" {
		api = "ServerlessHttpApi" // SAM's name of the API that it makes by itself
	}
	global := member(r.raw, "Globals", "HttpApi", "CorsConfiguration")
	v, err := r.resolve(merge(global, member(r.resources, api, "Properties", "CorsConfiguration")))
	if err != nil {
		return nil, fmt.Errorf("CorsConfiguration: %w", err)
	}
	switch v := v.(type) {
	case map[string]any:
		age, err := integer("MaxAge", v["MaxAge"], 0)
		if err != nil {
			return nil, err
		}
		return &CORS{
			AllowOrigins: texts(v["AllowOrigins"]), AllowMethods: texts(v["AllowMethods"]), AllowHeaders: texts(v["AllowHeaders"]),
			ExposeHeaders: texts(v["ExposeHeaders"]), MaxAge: age, AllowCredentials: truth(v["AllowCredentials"]),
		}, nil
	case bool:
		if v {
			return &CORS{AllowOrigins: []string{"*"}}, nil
		}
	}
	return nil, nil
}
