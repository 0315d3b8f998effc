// Package template reads the SAM template for the local stack: parameters, conditions, intrinsic functions, and of the
// resources what a local run needs - functions with their events, tables, buckets, the HTTP API, secrets and the events that
// configuration sets publish. Nothing in it knows what the functions do; a function that is added to the template runs locally.
//
// What the local stack has no use for (roles, log groups, alarms) is left unresolved, so that it cannot hinder a run.
package template

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The place where the local stack pretends to be.
const (
	Region    = "ap-northeast-1"
	Account   = "123456789012"
	stackName = "madoguchi"
)

// Options say with which values a template is read.
type Options struct {
	Environment map[string]string // overrides of parameters by their Variable; other entries are ignored
	Defaults    map[string]string // by parameter name, in place of the template's Default: what only this run knows
	SkipChecks  bool              // take values that the template does not allow, so that a test sees the function refuse them
	Secrets     Secrets           // where {{resolve:secretsmanager:...}} is looked up; nil: such values fail
}

// Template is a template with everything resolved.
type Template struct {
	Parameters []Parameter // by name
	Functions  []Function  // by logical id
	Tables     []Table     // by logical id
	Buckets    []Bucket    // by logical id
	// ReceiptRules are the rules by which SES takes in mail, of every rule set.
	ReceiptRules []ReceiptRule
	Identities   []string // addresses and domains that SES may send from
	// ConfigurationSets are those of SES by their name.
	ConfigurationSets map[string]ConfigurationSet
}

// Function is an AWS::Serverless::Function.
type Function struct {
	Name          string // logical id
	CodeURI       string // as written, relative to the template
	Handler       string
	Timeout       time.Duration
	MemoryMB      int
	Environment   map[string]string // declared variables only
	LogFormat     string            // "JSON" or "Text"
	LogLevel      string            // ApplicationLogLevel, or ""
	AsyncRetries  int               // EventInvokeConfig.MaximumRetryAttempts; 2 unless the template says otherwise
	ReservedLimit int               // ReservedConcurrentExecutions; 0: none
	Routes        []Route
	Streams       []Stream
	Schedules     []Schedule
	Rules         []Rule
}

// ARN is what GetAtt Function.Arn gives.
func (f Function) ARN() string {
	return "arn:aws:lambda:" + Region + ":" + Account + ":function:" + f.Name
}

// Bucket is an AWS::S3::Bucket.
type Bucket struct {
	Name   string // physical name
	Events bool   // what is stored in it is told to EventBridge
}

// ReceiptRule is an AWS::SES::ReceiptRule that puts mail into a bucket.
type ReceiptRule struct {
	Recipients []string // addresses and domains; none: everybody
	Bucket     string   // physical name
	Prefix     string   // of the keys
}

// ConfigurationSet is an AWS::SES::ConfigurationSet with its event destinations.
type ConfigurationSet struct {
	Suppressed []string // BOUNCE, COMPLAINT: for which of them an address of the account's suppression list is left out
	Published  []string // SEND, BOUNCE, ...: what goes to EventBridge
}

// Load reads and resolves a template file. Every problem of its parameters comes in one error.
func Load(path string, o Options) (*Template, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	t, err := Parse(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Parse is Load for a template in memory.
func Parse(data []byte, o Options) (*Template, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(data, &node); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	if node.Kind == 0 {
		return nil, errors.New("parse: the template is empty")
	}
	tree, err := decode(&node)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	raw, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("parse: the template is not a mapping")
	}
	params, err := parameters(raw, o)
	if err != nil {
		return nil, err
	}
	r := &resolver{raw: raw, options: o, parameters: map[string]any{}, conditions: map[string]any{}}
	r.resources, _ = raw["Resources"].(map[string]any)
	for _, p := range params {
		r.parameters[p.Name] = p.Value
		kind := text(member(raw, "Parameters", p.Name, "Type"))
		if kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<") {
			r.parameters[p.Name] = split(p.Value)
		}
	}
	t := &Template{Parameters: params, ConfigurationSets: map[string]ConfigurationSet{}}
	for _, id := range slices.Sorted(maps.Keys(r.resources)) {
		if err := r.add(t, id); err != nil {
			return nil, fmt.Errorf("resource %s: %w", id, err)
		}
	}
	return t, nil
}

func split(list string) []any {
	var out []any
	for v := range strings.SplitSeq(list, ",") {
		out = append(out, strings.TrimSpace(v))
	}
	return out
}

// add resolves one resource into the template, if it is one that a local run needs.
func (r *resolver) add(t *Template, id string) error {
	resource, _ := r.resources[id].(map[string]any)
	if exists, err := r.exists(id); err != nil || !exists {
		return err
	}
	switch text(resource["Type"]) {
	case "AWS::Serverless::Function":
		f, err := r.function(id)
		if err != nil {
			return err
		}
		t.Functions = append(t.Functions, f)
	case "AWS::DynamoDB::Table":
		table, err := r.table(id)
		if err != nil {
			return err
		}
		t.Tables = append(t.Tables, table)
	case "AWS::S3::Bucket":
		return r.bucket(t, id)
	case "AWS::SES::ReceiptRule":
		return r.receiptRule(t, id)
	case "AWS::SES::EmailIdentity":
		identity, err := r.resolve(member(resource, "Properties", "EmailIdentity"))
		if err != nil {
			return err
		}
		t.Identities = append(t.Identities, text(identity))
	case "AWS::SES::ConfigurationSet":
		return r.configurationSet(t, id)
	case "AWS::SES::ConfigurationSetEventDestination":
		return r.eventDestination(t, id)
	}
	return nil
}

func (r *resolver) bucket(t *Template, id string) error {
	name, err := r.ref(id)
	if err != nil {
		return err
	}
	events, err := r.resolve(member(r.resources, id, "Properties", "NotificationConfiguration", "EventBridgeConfiguration"))
	if err != nil {
		return err
	}
	// As in CloudFormation: where the member stands, the events are on unless it says otherwise.
	on := events != nil && text(member(events, "EventBridgeEnabled")) != "false"
	t.Buckets = append(t.Buckets, Bucket{Name: text(name), Events: on})
	return nil
}

// receiptRule reads an enabled rule; the local stack knows the action that stores, and no other.
func (r *resolver) receiptRule(t *Template, id string) error {
	// Roles mean nothing locally, and need not resolve.
	rule := member(r.resources, id, "Properties", "Rule")
	enabled, err := r.resolve(member(rule, "Enabled"))
	if err != nil {
		return err
	}
	recipients, err := r.resolve(member(rule, "Recipients"))
	if err != nil || text(enabled) != "true" {
		return err
	}
	actions, _ := member(rule, "Actions").([]any)
	for _, action := range actions {
		bucket, err := r.resolve(member(action, "S3Action", "BucketName"))
		if err != nil {
			return err
		}
		prefix, err := r.resolve(member(action, "S3Action", "ObjectKeyPrefix"))
		if err != nil {
			return err
		}
		if bucket != nil {
			t.ReceiptRules = append(t.ReceiptRules, ReceiptRule{Recipients: texts(recipients), Bucket: text(bucket), Prefix: text(prefix)})
		}
	}
	return nil
}

func (r *resolver) configurationSet(t *Template, id string) error {
	name, err := r.ref(id)
	if err != nil {
		return err
	}
	options, err := r.resolve(member(r.resources, id, "Properties", "SuppressionOptions"))
	if err != nil {
		return err
	}
	set := t.ConfigurationSets[text(name)]
	set.Suppressed = []string{"BOUNCE", "COMPLAINT"} // the account's own setting, unless the set has another
	if options != nil {
		set.Suppressed = texts(member(options, "SuppressedReasons"))
	}
	t.ConfigurationSets[text(name)] = set
	return nil
}

// eventDestination adds the types of an enabled destination that is EventBridge; the local stack knows no other.
func (r *resolver) eventDestination(t *Template, id string) error {
	v, err := r.resolve(member(r.resources, id, "Properties"))
	if err != nil {
		return err
	}
	destination := member(v, "EventDestination")
	if member(destination, "EventBridgeDestination") == nil || text(member(destination, "Enabled")) == "false" {
		return nil
	}
	name := text(member(v, "ConfigurationSetName"))
	set := t.ConfigurationSets[name]
	set.Published = append(set.Published, texts(member(destination, "MatchingEventTypes"))...)
	t.ConfigurationSets[name] = set
	return nil
}
