package deployment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"madoguchi/infra/local/template"
	"madoguchi/shared/policy"
)

// mostResources is the most that the transformed template may hold.
const mostResources = 400

func size(t *Template) []string {
	if len(t.Resources) > mostResources {
		return []string{fmt.Sprintf("%d resources, the most is %d", len(t.Resources), mostResources)}
	}
	return nil
}

// limit is what a function may use, with the reason. Memory is in MB and buys CPU: 1769 MB are one processor.
type limit struct {
	timeout, memory float64 // seconds, MB
	concurrency     any     // ReservedConcurrentExecutions; nil: the account's own limit
	why             string
}

var functionLimit = map[string]limit{
	"NewsletterFunction":   {15, 512, nil, "one transaction and its repeats after conflicts, well before API Gateway gives up at 30 s; 512 MB start in well under a second"},
	"PressFunction":        {15, 512, nil, "as the newsletter"},
	"PublicationsFunction": {15, 512, nil, "as the newsletter: one transaction and its repeats; a question for a postal code decompresses a hundredth of a megabyte"},
	"SiteFunction":         {15, 512, nil, "embedded pages: the same as the forms, so that nobody waits longer for the front page"},
	"MailerFunction":       {60, 512, nil, "a batch of 10 rows with a call to SES each, and the sweep of one minute before the next one begins; no reserved concurrency: the stream's shards and the clock bound it already, and a young account, whose limit is 10, refuses any reservation"},
	"AccessFunction":       {15, 512, nil, "three writes at most, or one query; the same as the forms, so that the first view of the day is not slow"},
	"FeedbackFunction":     {120, 512, nil, "one event is one conditional write; once a day it walks through what SES's suppression list has gained, some thousand entries at the worst"},
	"InquiryFunction":      {15, 512, nil, "as the newsletter: one transaction"},
	"InboundFunction":      {60, 1024, nil, "a mail of 15 MB: read, decoded, its attachments put aside one after the other; nobody waits for it"},
	"PhotosFunction":       {15, 512, nil, "as the other forms; a file that a page shows is one read from S3 of well under a megabyte"},
	"EventsFunction":       {15, 512, nil, "as the newsletter; a crowd at the opening is bounded by the gateway, and a reservation would refuse people"},
	"RemindersFunction":    {120, 512, nil, "a change of an event of some thousand registrations in one run; a longer one goes on with the next"},

	"CampaignsFunction":   {25, 512, nil, "counts 2,000 recipients, stores attachments or sends a test while a person waits; the gateway waits 30 seconds, and nobody but staff calls it"},
	"SubscribersFunction": {25, 512, nil, "decides on 50 media at once, a transaction and an entry each; the gateway waits 30 seconds, and nobody but staff calls it"},
	"SenderFunction":      {90, 1024, nil, "works for 65 seconds, when the next strike of the clock waits to take over, and keeps the rest for calls that are being made; a thousand recipients a second take a quarter of a processor"},
	"SigninFunction":      {15, 512, nil, "one transaction, and at most three calls to the identity provider of 4 s each"},
	"ImportsFunction":     {15, 512, nil, "a file of at most 4.4 MB goes to S3 as it came; what is in it is the importer's"},
	"RetentionFunction":   {300, 512, nil, "some thousand letters and lapses in a run; what is left goes on with the next"},
	"ImporterFunction":    {60, 512, nil, "works for 50 seconds, when the next strike of the clock is there to take over; a file and what it unpacks to are bounded"},

	"QuestionnairesFunction": {15, 512, nil, "as the newsletter: one transaction and its repeats"},
	"InvitationsFunction":    {60, 512, nil, "500 invitations with a transaction each, and what is left waits for the next strike"},
}

func functionLimits(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::Lambda::Function") {
		want, known := functionLimit[name]
		if !known {
			wrong = append(wrong, name+" has no argued limits")
			continue
		}
		for what, pair := range map[string][2]any{
			"Timeout":                      {t.property(name, "Timeout"), want.timeout},
			"MemorySize":                   {t.property(name, "MemorySize"), want.memory},
			"ReservedConcurrentExecutions": {t.property(name, "ReservedConcurrentExecutions"), want.concurrency},
		} {
			if words(pair[0]) != words(pair[1]) {
				wrong = append(wrong, fmt.Sprintf("%s: %s is %q, argued was %q (%s)", name, what, words(pair[0]), words(pair[1]), want.why))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// retentionLimits: the parameters of each service that has a table are those of its policy.
func retentionLimits(t *Template) []string {
	byVariable := map[string]any{}
	for name, parameter := range t.Parameters {
		byVariable[template.Variable(name)] = parameter
	}
	var wrong []string
	for _, service := range policy.Services() {
		if service.Table == "" {
			continue // its parameters come with its function
		}
		for _, r := range service.Retention {
			parameter, ok := byVariable[r.Parameter].(map[string]any)
			if !ok {
				wrong = append(wrong, r.Parameter+" is no parameter")
				continue
			}
			for key, want := range map[string]time.Duration{"Default": r.Default, "MinValue": r.Min, "MaxValue": r.Max} {
				if words(parameter[key]) != words(float64(want/unit(r.Parameter))) {
					wrong = append(wrong, fmt.Sprintf("%s: %s is %s, the policy says %s", r.Parameter, key, words(parameter[key]), want))
				}
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

// unit is the unit that the end of a parameter's name tells.
func unit(parameter string) time.Duration {
	switch {
	case strings.HasSuffix(parameter, "_SECONDS"):
		return time.Second
	case strings.HasSuffix(parameter, "_HOURS"):
		return time.Hour
	default:
		return 24 * time.Hour
	}
}

// parameters: each has a help text and something that refuses nonsense.
func parameters(t *Template) []string {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(t.Parameters)) {
		p, _ := t.Parameters[name].(map[string]any)
		if words(p["Description"]) == "" {
			wrong = append(wrong, name+" has no help text")
		}
		bounded := p["AllowedValues"] != nil || p["AllowedPattern"] != nil || p["MinLength"] != nil
		if p["Type"] == "Number" {
			bounded = p["AllowedValues"] != nil || p["MinValue"] != nil && p["MaxValue"] != nil
		}
		if !bounded {
			wrong = append(wrong, name+" takes any value")
		}
		if len(t.parameterUses(name)) == 0 {
			wrong = append(wrong, name+" is used nowhere")
		}
	}
	return wrong
}

// parameterUses returns the resources that name a parameter, or the conditions, as "Conditions".
func (t *Template) parameterUses(name string) []string {
	var uses []string
	for _, resource := range t.names() {
		if mentions(t.Resources[resource], name) {
			uses = append(uses, resource)
		}
	}
	if mentions(t.Conditions, name) {
		uses = append(uses, "Conditions")
	}
	return uses
}

func mentions(v any, parameter string) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if key == "Ref" && value == parameter || mentions(value, parameter) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(part any) bool { return mentions(part, parameter) })
	case string:
		return strings.Contains(v, "${"+parameter+"}")
	}
	return false
}

// noCycle follows Ref, GetAtt, Sub and DependsOn from resource to resource.
func noCycle(t *Template) []string {
	const entered, left = 1, 2
	state := map[string]int{}
	var wrong []string
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		path = append(path, name)
		switch state[name] {
		case left:
			return
		case entered:
			wrong = append(wrong, strings.Join(path[slices.Index(path, name):], " -> "))
			return
		}
		state[name] = entered
		for _, next := range t.references(t.Resources[name]) {
			visit(next, path)
		}
		state[name] = left
	}
	for _, name := range t.names() {
		visit(name, nil)
	}
	return wrong
}
