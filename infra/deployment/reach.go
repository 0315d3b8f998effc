package deployment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// types are the kinds of resources that the template may hold: what each can show to whom.
var types = map[string]string{
	"AWS::ApiGatewayV2::Api":                     "the one public door",
	"AWS::ApiGatewayV2::Stage":                   "of that API",
	"AWS::ApiGatewayV2::DomainName":              "of that API",
	"AWS::ApiGatewayV2::ApiMapping":              "of that API",
	"AWS::Lambda::Function":                      "reached through the API, the stream and the clock only",
	"AWS::Lambda::Permission":                    "who may invoke: rule \"nothing public but the API\"",
	"AWS::Lambda::EventInvokeConfig":             "tries and ages of what is invoked without waiting",
	"AWS::Lambda::EventSourceMapping":            "reads the stream with the function's own role",
	"AWS::Events::Rule":                          "hands on what SES reports",
	"AWS::Scheduler::Schedule":                   "invokes with a role that can do nothing else",
	"AWS::IAM::Role":                             "rule \"least privilege\"",
	"AWS::DynamoDB::Table":                       "rule \"tables\"",
	"AWS::S3::Bucket":                            "rule \"buckets\"",
	"AWS::S3::BucketPolicy":                      "rule \"buckets\"",
	"AWS::Logs::LogGroup":                        "no value of a field, no address",
	"AWS::SecretsManager::Secret":                "no policy of its own: nobody outside the account",
	"AWS::KMS::Key":                              "rule \"encryption\"",
	"AWS::KMS::Alias":                            "a name",
	"AWS::Cognito::UserPool":                     "rule \"staff accounts\"",
	"AWS::Cognito::UserPoolDomain":               "the sign-in page; it shows nothing of anybody",
	"AWS::Cognito::UserPoolGroup":                "a name of a role",
	"AWS::Cognito::UserPoolResourceServer":       "names of scopes",
	"AWS::Cognito::UserPoolClient":               "rule \"staff accounts\"",
	"AWS::SES::EmailIdentity":                    "no policy of its own: nobody outside the account sends",
	"AWS::SES::ReceiptRuleSet":                   "holds nothing",
	"AWS::SES::ReceiptRule":                      "mail to one address, into a bucket of ours, with a role that can do nothing else",
	"AWS::SES::ConfigurationSet":                 "holds nothing",
	"AWS::SES::ConfigurationSetEventDestination": "the account's own event bus",
	"AWS::SNS::Topic":                            "rule \"alarm topic\"",
	"AWS::SNS::TopicPolicy":                      "rule \"alarm topic\"",
	"AWS::SNS::Subscription":                     "rule \"alarm topic\"",
	"AWS::CloudWatch::Alarm":                     "figures only",
	"AWS::CloudWatch::Dashboard":                 "figures only",
}

func knownTypes(t *Template) []string {
	var wrong []string
	for _, name := range t.names() {
		if types[t.kind(name)] == "" {
			wrong = append(wrong, fmt.Sprintf("%s is an %s: not on the list of types", name, t.kind(name)))
		}
	}
	return wrong
}

// nothingPublic: one HTTP API; functions are invoked by services of this account, for a named source; nothing has a
// policy that lets in the world.
func nothingPublic(t *Template) []string {
	var wrong []string
	if apis := t.ofType("AWS::ApiGatewayV2::Api"); len(apis) != 1 {
		wrong = append(wrong, fmt.Sprintf("there are %d APIs: %v", len(apis), apis))
	}
	for _, api := range t.ofType("AWS::ApiGatewayV2::Api") {
		off := false
		for _, server := range list(t.property(api, "Body", "servers")) {
			off = off || words(at(server, "x-amazon-apigateway-endpoint-configuration", "disableExecuteApiEndpoint")) == "If HasDomain.true.false"
		}
		if !off {
			wrong = append(wrong, api+" keeps its second address beside the domain")
		}
	}
	for _, name := range t.names() {
		switch t.kind(name) {
		case "AWS::Lambda::Url":
			wrong = append(wrong, name+" is a public address of a function")
		case "AWS::Lambda::Permission":
			principal, source := words(t.property(name, "Principal")), words(t.property(name, "SourceArn"))
			if !slices.Contains([]string{"apigateway.amazonaws.com", "events.amazonaws.com"}, principal) {
				wrong = append(wrong, fmt.Sprintf("%s lets %q invoke", name, principal))
			}
			if source == "" || source == "*" {
				wrong = append(wrong, fmt.Sprintf("%s lets %q invoke for anybody", name, principal))
			}
		}
		for path, document := range policies(t.Resources[name]) {
			for _, s := range statements(name+" "+path, document) {
				if s.effect != "Deny" && slices.ContainsFunc(everybody(s.raw["Principal"]), isStar) {
					wrong = append(wrong, s.where+" lets everybody in")
				}
			}
		}
	}
	return wrong
}

func isStar(v any) bool { return words(v) == "*" }

// everybody returns the values of a Principal, whatever their kind.
func everybody(principal any) []any {
	kinds, ok := principal.(map[string]any)
	if !ok {
		return list(principal)
	}
	var all []any
	for _, who := range kinds {
		all = append(all, list(who)...)
	}
	return all
}

// policies finds every policy document in a resource, at any depth.
func policies(v any) map[string]any {
	found := map[string]any{}
	var down func(path string, v any)
	down = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["Statement"] != nil {
				found[path] = v
			}
			for key, value := range v {
				down(strings.TrimPrefix(path+"."+key, "."), value)
			}
		case []any:
			for i, value := range v {
				down(fmt.Sprintf("%s.%d", path, i), value)
			}
		}
	}
	down("", v)
	return found
}

// inAccessLog are the only things that the API writes down of a request; none tells a person or a link.
var inAccessLog = []string{"requestTime", "requestId", "routeKey", "status", "responseLatency", "responseLength", "integrationStatus"}

var logged = regexp.MustCompile(`\$context\.([A-Za-z.]+)`)

// accessLog: every stage keeps one, and nothing personal is in it.
func accessLog(t *Template) []string {
	var wrong []string
	for _, stage := range t.ofType("AWS::ApiGatewayV2::Stage") {
		variables := logged.FindAllStringSubmatch(words(t.property(stage, "AccessLogSettings", "Format")), -1)
		if len(variables) == 0 || words(t.property(stage, "AccessLogSettings", "DestinationArn")) != "GetAtt ApiLogs.Arn" {
			wrong = append(wrong, stage+" keeps no access log in ApiLogs")
		}
		for _, v := range variables {
			if !slices.Contains(inAccessLog, v[1]) {
				wrong = append(wrong, stage+" logs "+v[1])
			}
		}
	}
	return wrong
}

// routes: the API has no route but ANY ones.
func routes(t *Template) []string {
	var wrong []string
	seen := 0
	for _, api := range t.ofType("AWS::ApiGatewayV2::Api") {
		paths, _ := t.property(api, "Body", "paths").(map[string]any)
		for path, methods := range paths {
			methods, _ := methods.(map[string]any)
			for method := range methods {
				seen++
				if method != "x-amazon-apigateway-any-method" {
					wrong = append(wrong, fmt.Sprintf("%s: %s %s is not ANY", api, method, path))
				}
			}
		}
	}
	if seen == 0 {
		wrong = append(wrong, "the API has no route")
	}
	slices.Sort(wrong)
	return wrong
}

// streams: each mapping filters, answers row by row, and gives up in time.
func streams(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::Lambda::EventSourceMapping") {
		if len(list(t.property(name, "FilterCriteria", "Filters"))) == 0 {
			wrong = append(wrong, name+" has no filter: its own updates wake the function")
		}
		if !slices.ContainsFunc(list(t.property(name, "FunctionResponseTypes")), func(v any) bool { return v == "ReportBatchItemFailures" }) {
			wrong = append(wrong, name+" knows no partial answers: one bad row repeats the whole batch")
		}
		if t.property(name, "BisectBatchOnFunctionError") != true {
			wrong = append(wrong, name+" does not bisect: one row that kills the function stops all others")
		}
		if tries, ok := t.property(name, "MaximumRetryAttempts").(float64); !ok || tries < 0 || tries > 10 {
			wrong = append(wrong, name+" has no limit of 0 to 10 tries")
		}
		if age, ok := t.property(name, "MaximumRecordAgeInSeconds").(float64); !ok || age < 60 || age > 86400 {
			wrong = append(wrong, name+" has no age of at most a day")
		}
		if kept := t.references(t.property(name, "DestinationConfig", "OnFailure", "Destination")); len(kept) != 1 || t.kind(kept[0]) != "AWS::S3::Bucket" {
			wrong = append(wrong, name+" forgets what it gave up")
		}
	}
	return wrong
}
