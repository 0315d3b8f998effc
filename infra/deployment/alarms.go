package deployment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"madoguchi/shared/metric"
)

// ofAWS are the metrics of AWS that alarms and the dashboard use, by namespace: a name that AWS does not write would never
// alarm, and nothing else tells. A new one is looked up in AWS's documentation first.
var ofAWS = map[string][]string{
	"AWS/Lambda":     {"Errors", "Throttles", "Invocations", "Duration", "IteratorAge", "AsyncEventsDropped"},
	"AWS/ApiGateway": {"Count", "4xx", "5xx", "Latency"}, // an HTTP API's names; a REST API has others
	"AWS/SES":        {"Send", "Delivery", "Bounce", "Complaint", "Reject", "Reputation.BounceRate", "Reputation.ComplaintRate"},
	"AWS/DynamoDB":   {"ThrottledRequests", "SystemErrors", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"},
}

// ownNamespace is where the functions' own metrics are.
const ownNamespace = "${AWS::StackName}"

// unknownMetric says what is wrong with a metric's name, or "". classed tells whether it is named with the dimension.
func unknownMetric(namespace, name string, classed bool) string {
	if namespace == ownNamespace {
		own, known := metric.Names()[name]
		switch {
		case !known:
			return fmt.Sprintf("names the metric %s, which no function writes (shared/metric)", name)
		case own != classed:
			return fmt.Sprintf("names the metric %s with the wrong dimension", name)
		}
		return ""
	}
	if !slices.Contains(ofAWS[namespace], name) {
		return fmt.Sprintf("names the metric %s %s, which is not on the list of AWS's metrics", namespace, name)
	}
	return ""
}

// page ends an alarm's description.
var page = regexp.MustCompile(`^[A-Z].* - infra/runbooks/([a-z-]+)\.md$`)

// Runbook returns the page that an alarm names, without folder and ending, or "".
func (t *Template) Runbook(alarm string) string {
	m := page.FindStringSubmatch(words(t.property(alarm, "AlarmDescription")))
	if m == nil {
		return ""
	}
	return m[1]
}

var queried = regexp.MustCompile(`^SELECT (?:SUM|MAX|AVG)\(([A-Za-z]+)\) FROM SCHEMA\("(AWS/[A-Za-z]+)"`)

// alarms: each has a name to find it by, tells the topic of its beginning and its end, says what missing data mean, names
// its page, and looks at a metric that somebody writes.
func alarms(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::CloudWatch::Alarm") {
		say := func(format string, args ...any) { wrong = append(wrong, name+" "+fmt.Sprintf(format, args...)) }
		if words(t.property(name, "AlarmName")) != "Sub ${AWS::StackName}-"+name {
			say("is not called ${AWS::StackName}-%s", name)
		}
		if t.Runbook(name) == "" {
			say("has no description that ends with its page, \" - infra/runbooks/PAGE.md\"")
		}
		for _, list := range []string{"AlarmActions", "OKActions"} {
			if words(t.property(name, list)) != "Ref AlarmTopic" {
				say("does not tell AlarmTopic, and nothing else, in its %s", list)
			}
		}
		if t.property(name, "ActionsEnabled") != nil || at(t.Resources[name], "Condition") != nil {
			say("can be switched off")
		}
		if !slices.Contains([]string{"breaching", "notBreaching", "ignore"}, words(t.property(name, "TreatMissingData"))) {
			say("does not say what missing data mean")
		}
		namespace, metricName := strings.Replace(words(t.property(name, "Namespace")), "Ref AWS::StackName", ownNamespace, 1), words(t.property(name, "MetricName"))
		classed := false
		for _, d := range list(t.property(name, "Dimensions")) {
			classed = classed || at(d, "Name") == metric.Dimension
			if target, isRef := strings.CutPrefix(words(at(d, "Value")), "Ref "); namespace != ownNamespace && (!isRef || t.Resources[target] == nil) {
				say("watches %q, which is no resource", words(at(d, "Value")))
			}
		}
		for _, m := range list(t.property(name, "Metrics")) {
			if q := queried.FindStringSubmatch(words(at(m, "Expression"))); q != nil {
				namespace, metricName = q[2], q[1]
			}
		}
		if what := unknownMetric(namespace, metricName, classed); what != "" {
			say("%s", what)
		}
	}
	return wrong
}

// functionAlarms: each function has an alarm on its errors. The answer holds what to paste.
func functionAlarms(t *Template) []string {
	var wrong []string
	for _, function := range t.ofType("AWS::Lambda::Function") {
		if t.errorAlarm(function) == "" {
			wrong = append(wrong, fmt.Sprintf("%s has no alarm on its errors; add to the alarms in template.yaml:\n%s", function, errorAlarmFor(function)))
		}
	}
	return wrong
}

func (t *Template) errorAlarm(function string) string {
	for _, name := range t.ofType("AWS::CloudWatch::Alarm") {
		if t.property(name, "MetricName") == "Errors" && t.property(name, "Namespace") == "AWS/Lambda" && watches(t.property(name, "Dimensions"), function) {
			return name
		}
	}
	return ""
}

func watches(dimensions any, function string) bool {
	all := list(dimensions)
	return len(all) == 1 && at(all[0], "Name") == "FunctionName" && words(at(all[0], "Value")) == "Ref "+function
}

func errorAlarmFor(function string) string {
	short := strings.TrimSuffix(function, "Function")
	return fmt.Sprintf(`
  %[1]sErrors:
    Type: AWS::CloudWatch::Alarm
    Properties:
      AlarmName: !Sub ${AWS::StackName}-%[1]sErrors
      AlarmDescription: The function %[2]s crashes or runs out of time - infra/runbooks/function-errors.md
      Namespace: AWS/Lambda
      MetricName: Errors
      Dimensions: [{ Name: FunctionName, Value: !Ref %[3]s }]
      Statistic: Sum
      Period: 900
      ComparisonOperator: GreaterThanOrEqualToThreshold
      Threshold: 2
      EvaluationPeriods: 1
      TreatMissingData: notBreaching
      AlarmActions: [!Ref AlarmTopic]
      OKActions: [!Ref AlarmTopic]
`, short, strings.ToLower(short), function)
}

// alarmTopic: one topic, into which the account's alarms speak over TLS, heard by AlarmEmail.
func alarmTopic(t *Template) []string {
	var wrong []string
	if topics := t.ofType("AWS::SNS::Topic"); !slices.Equal(topics, []string{"AlarmTopic"}) {
		wrong = append(wrong, fmt.Sprintf("there are other topics than AlarmTopic: %v", topics))
	}
	for _, name := range t.ofType("AWS::SNS::Subscription") {
		if words(t.property(name, "Endpoint")) != "Ref AlarmEmail" || words(t.property(name, "Protocol")) != "email" || at(t.Resources[name], "Condition") != "HasAlarmEmail" {
			wrong = append(wrong, name+" tells somebody else than AlarmEmail")
		}
	}
	tls := false
	for _, name := range t.ofType("AWS::SNS::TopicPolicy") {
		for _, s := range statements(name, t.property(name, "PolicyDocument")) {
			switch {
			case s.effect == "Deny":
				tls = tls || words(at(s.raw, "Condition", "Bool", "aws:SecureTransport")) == "false" && s.raw["Principal"] == "*"
			case !forAlarms(s) || !slices.Equal(s.actions, []string{"sns:Publish"}):
				wrong = append(wrong, s.where+" lets in others than the alarms of this account")
			}
		}
	}
	if !tls {
		wrong = append(wrong, "AlarmTopic takes plain HTTP")
	}
	return wrong
}

// forAlarms tells a statement for the alarms of this account.
func forAlarms(s statement) bool {
	return words(at(s.raw, "Principal", "Service")) == "cloudwatch.amazonaws.com" && len(everybody(s.raw["Principal"])) == 1 &&
		words(at(s.raw, "Condition", "StringEquals", "aws:SourceAccount")) == "Ref AWS::AccountId"
}
