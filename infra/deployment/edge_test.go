package deployment

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// brokenEdges are copies of infra/edge.yaml with one fault each, as broken is of template.yaml.
var brokenEdges = []struct{ name, old, with, rule, says string }{
	{"bucket for logs", "\nOutputs:", "\n  Logs: { Type: AWS::S3::Bucket }\n\nOutputs:", "known types", "Logs is an AWS::S3::Bucket"},
	{"no firewall", "        WebACLId: !GetAtt Firewall.Arn\n", "", "firewall", "Distribution has no firewall"},
	{"regional firewall", "Scope: CLOUDFRONT", "Scope: REGIONAL", "firewall", "not made for CloudFront"},
	{"rate that only counts", "Action: { Block: { CustomResponse: { ResponseCode: 429", "Action: { Count: { CustomResponse: { ResponseCode: 429", "firewall", "does not limit the rate"},
	{"any size", "Name: content-length", "Name: content-type", "firewall", "does not limit the size"},
	{"common rules that only count", "          OverrideAction: { None: {} }\n", "          OverrideAction: { Count: {} }\n", "firewall", "does not apply AWSManagedRulesCommonRuleSet"},
	{"rule left out", "Name: NoUserAgent_HEADER", "Name: CrossSiteScripting_QUERYARGUMENTS", "firewall", "does not apply CrossSiteScripting_QUERYARGUMENTS"},
	{"forms of 8 kB", "                - { Name: SizeRestrictions_BODY, ActionToUse: { Count: {} } }\n", "", "firewall", "blocks forms"},
	{"old TLS", "TLSv1.2_2021", "TLSv1_2016", "TLS", `takes "TLSv1_2016"`},
	{"plain HTTP", "ViewerProtocolPolicy: redirect-to-https", "ViewerProtocolPolicy: allow-all", "TLS", `lets "allow-all" in`},
	{"plain HTTP to the API", "OriginProtocolPolicy: https-only", "OriginProtocolPolicy: match-viewer", "TLS", "asks the API"},
	{"old TLS to the API", "OriginSSLProtocols: [TLSv1.2]", "OriginSSLProtocols: [TLSv1, TLSv1.2]", "TLS", "asks the API"},
	{"no secret", "HeaderName: X-Origin-Secret", "HeaderName: X-Origin", "origin secret", "does not send the secret"},
	{"secret in the file", "HeaderValue: !Ref OriginSecret", "HeaderValue: abcdefghijklmnopqrstuvwxyz0123456789", "origin secret", "does not send the secret"},
	{"secret that is shown", "    NoEcho: true\n", "", "origin secret", "is shown"},
	{"log of queries and cookies", "        WebACLId", "        Logging: { Bucket: logs.s3.amazonaws.com, IncludeCookies: true }\n        WebACLId", "nothing kept", "Distribution keeps a log"},
	{"log in real time", "          OriginRequestPolicyId: !Ref ToForms\n", "          OriginRequestPolicyId: !Ref ToForms\n          RealtimeLogConfigArn: arn\n", "nothing kept", "log in real time"},
	{"samples", "SampledRequestsEnabled: false, MetricName: known-bad", "SampledRequestsEnabled: true, MetricName: known-bad", "nothing kept", "keeps samples"},
	{"log of the firewall", "\nOutputs:", "\n  Log: { Type: AWS::WAFv2::LoggingConfiguration }\n\nOutputs:", "known types", "Log is an AWS::WAFv2::LoggingConfiguration"},
	{"kept pages", "CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad", "CachePolicyId: 658327ea-f89d-4fab-a63d-7e88639e58f6", "nothing cached", "keeps pages"},
	{"kept errors", "{ ErrorCode: 403, ErrorCachingMinTTL: 0 }", "{ ErrorCode: 403, ErrorCachingMinTTL: 10 }", "nothing cached", "keeps the answer 403"},
	{"the visitor's host", "Headers: [Host]", "Headers: [Via]", "forwarded", "ToForms does not forward"},
	{"no queries", "QueryStringBehavior: all", "QueryStringBehavior: none", "forwarded", "ToForms drops queries"},
	{"all cookies", "CookieBehavior: whitelist", "CookieBehavior: all", "forwarded", `forwards "all" cookies`},
	{"parameter without limits", "    MaxValue: 1000000\n", "", "parameters", "RequestsPerFiveMinutes takes any value"},
}

// Issue B items 3 and 4: the edge holds to its rules, and each rule catches what breaks it.
func TestEdge(t *testing.T) {
	root, _, tr := world(t)
	source, err := os.ReadFile(filepath.Join(root, "infra", "edge.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	texts := [][]byte{source}
	for _, b := range brokenEdges {
		texts = append(texts, []byte(replaced(t, string(source), b.old, b.with)))
	}
	translated, err := tr.Translate(t.Context(), texts...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range CheckEdge(translated[0]) {
		t.Error(f)
	}
	proved := map[string]bool{}
	for i, b := range brokenEdges {
		t.Run(b.name, func(t *testing.T) {
			found := CheckEdge(translated[i+1])
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == b.rule && strings.Contains(f.What, b.says) }) {
				t.Errorf("rule %q did not say %q; found: %v", b.rule, b.says, found)
			}
		})
		proved[b.rule] = true
	}
	for _, r := range edgeRules {
		if !proved[r.name] {
			t.Errorf("no broken copy proves the rule %q", r.name)
		}
	}
}
