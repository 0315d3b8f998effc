package deployment

import (
	"fmt"
	"slices"
	"strings"
)

// edgeRules hold infra/edge.yaml. It is a small stack with other resources, so that the rules of template.yaml say little of it;
// those on parameters and size are shared.
var edgeRules = []rule{
	{"known types", "a new kind of resource is first thought about", edgeTypes},
	{"firewall", "an edge without one hides the visitors and stops nobody", firewall},
	{"TLS", "nothing personal over an open line, on either side of the edge (R96)", edgeTLS},
	{"origin secret", "by the API's own address one would get round the firewall", originSecret},
	{"nothing kept", "CloudFront's and the firewall's logs hold addresses, links with tokens, cookies (R45)", nothingKept},
	{"nothing cached", "a form holds a token, the page behind a link a person", nothingCached},
	{"forwarded", "language, type and address of a visitor arrive; cookies of no use stay outside (R98)", forwarded},
	{"parameters", "a wrong value is refused before anything is created", parameters},
}

// CheckEdge returns every breach of every rule of the edge.
func CheckEdge(t *Template) []Finding {
	var found []Finding
	for _, r := range edgeRules {
		for _, what := range r.look(t) {
			found = append(found, Finding{Rule: r.name, What: what})
		}
	}
	return found
}

const (
	distribution  = "AWS::CloudFront::Distribution"
	originPolicy  = "AWS::CloudFront::OriginRequestPolicy"
	webACL        = "AWS::WAFv2::WebACL"
	cachingIsOff  = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad" // AWS's policy CachingDisabled
	leastTLS      = "TLSv1.2_2021"
	commonRules   = "AWSManagedRulesCommonRuleSet"
	secretsHeader = "X-Origin-Secret" // shared/web
)

func edgeTypes(t *Template) []string {
	var wrong []string
	for _, name := range t.names() {
		if !slices.Contains([]string{distribution, originPolicy, webACL}, t.kind(name)) {
			wrong = append(wrong, fmt.Sprintf("%s is an %s", name, t.kind(name)))
		}
	}
	for _, kind := range []string{distribution, webACL} {
		if len(t.ofType(kind)) != 1 {
			wrong = append(wrong, fmt.Sprintf("there are %d of %s", len(t.ofType(kind)), kind))
		}
	}
	return wrong
}

// settled are the managed rules that only count, each with the reason.
var settled = map[string]string{
	"SizeRestrictions_BODY":   "blocks from 8 kB; a form takes 100 (shared/form), and the rule too-large stops what is far beyond",
	"CrossSiteScripting_BODY": "people quote pages; what is typed is escaped where it is shown",
	"GenericLFI_BODY":         "people write paths; what is typed is in no file name",
	"GenericRFI_BODY":         "people write addresses; what is typed is never fetched",
	"EC2MetaDataSSRF_BODY":    "as GenericRFI_BODY",
	"NoUserAgent_HEADER":      "a mailbox provider's one-click unsubscription (RFC 8058) need not have one",
}

// firewall: it is attached, limits rates and sizes, and applies AWS's common rules but for those that are argued.
func firewall(t *Template) []string {
	var wrong []string
	for _, d := range t.ofType(distribution) {
		if acl := strings.Fields(words(t.property(d, "DistributionConfig", "WebACLId"))); len(acl) != 2 || acl[0] != "GetAtt" || t.kind(strings.TrimSuffix(acl[1], ".Arn")) != webACL {
			wrong = append(wrong, d+" has no firewall")
		}
	}
	for _, name := range t.ofType(webACL) {
		if t.property(name, "Scope") != "CLOUDFRONT" {
			wrong = append(wrong, name+" is not made for CloudFront")
		}
		rate, size, common := false, false, false
		for _, r := range list(t.property(name, "Rules")) {
			_, blocks := at(r, "Action", "Block").(map[string]any)
			limit := at(r, "Statement", "RateBasedStatement", "Limit")
			rate = rate || blocks && words(limit) == "Ref RequestsPerFiveMinutes"
			size = size || blocks && strings.Contains(fmt.Sprint(at(r, "Statement")), "content-length")
			if at(r, "Statement", "ManagedRuleGroupStatement", "Name") != commonRules {
				continue
			}
			_, common = at(r, "OverrideAction", "None").(map[string]any)
			for _, o := range list(at(r, "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides")) {
				if n := words(at(o, "Name")); settled[n] == "" {
					wrong = append(wrong, fmt.Sprintf("%s does not apply %s", name, n))
				}
			}
			if !strings.Contains(fmt.Sprint(at(r, "Statement", "ManagedRuleGroupStatement", "RuleActionOverrides")), "SizeRestrictions_BODY") {
				wrong = append(wrong, name+" blocks forms of more than 8 kB")
			}
		}
		for what, has := range map[string]bool{"limit the rate": rate, "limit the size": size, "apply " + commonRules: common} {
			if !has {
				wrong = append(wrong, name+" does not "+what)
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}

func edgeTLS(t *Template) []string {
	var wrong []string
	for _, d := range t.ofType(distribution) {
		if least := words(t.property(d, "DistributionConfig", "ViewerCertificate", "MinimumProtocolVersion")); least != leastTLS {
			wrong = append(wrong, fmt.Sprintf("%s takes %q from visitors", d, least))
		}
		for _, b := range behaviours(t, d) {
			if p := words(at(b, "ViewerProtocolPolicy")); p != "redirect-to-https" && p != "https-only" {
				wrong = append(wrong, fmt.Sprintf("%s lets %q in", d, p))
			}
		}
		for _, o := range list(t.property(d, "DistributionConfig", "Origins")) {
			if at(o, "CustomOriginConfig", "OriginProtocolPolicy") != "https-only" || words(at(o, "CustomOriginConfig", "OriginSSLProtocols")) != "TLSv1.2" {
				wrong = append(wrong, d+" asks the API over less than TLS 1.2")
			}
		}
	}
	return wrong
}

// behaviours returns the default behaviour and all others.
func behaviours(t *Template, d string) []any {
	return append([]any{t.property(d, "DistributionConfig", "DefaultCacheBehavior")}, list(t.property(d, "DistributionConfig", "CacheBehaviors"))...)
}

func originSecret(t *Template) []string {
	var wrong []string
	if at(t.Parameters, "OriginSecret", "NoEcho") != true || at(t.Parameters, "OriginSecret", "Default") != nil {
		wrong = append(wrong, "OriginSecret is shown, or has a default that everybody knows")
	}
	for _, d := range t.ofType(distribution) {
		for _, o := range list(t.property(d, "DistributionConfig", "Origins")) {
			if !slices.ContainsFunc(list(at(o, "OriginCustomHeaders")), func(h any) bool {
				return at(h, "HeaderName") == secretsHeader && words(at(h, "HeaderValue")) == "Ref OriginSecret"
			}) {
				wrong = append(wrong, d+" does not send the secret")
			}
		}
	}
	return wrong
}

func nothingKept(t *Template) []string {
	var wrong []string
	for _, d := range t.ofType(distribution) {
		if t.property(d, "DistributionConfig", "Logging") != nil {
			wrong = append(wrong, d+" keeps a log")
		}
		for _, b := range behaviours(t, d) {
			if at(b, "RealtimeLogConfigArn") != nil {
				wrong = append(wrong, d+" keeps a log in real time")
			}
		}
	}
	for _, name := range t.ofType(webACL) {
		for _, v := range append(list(t.property(name, "Rules")), at(t.Resources[name], "Properties")) {
			if at(v, "VisibilityConfig", "SampledRequestsEnabled") != false {
				wrong = append(wrong, name+" keeps samples of requests")
			}
		}
	}
	return wrong
}

// keptErrors are the answers that CloudFront keeps unless it is told not to.
var keptErrors = []string{"400", "403", "404", "405", "414", "416", "500", "501", "502", "503", "504"}

func nothingCached(t *Template) []string {
	var wrong []string
	for _, d := range t.ofType(distribution) {
		for _, b := range behaviours(t, d) {
			if at(b, "CachePolicyId") != cachingIsOff {
				wrong = append(wrong, d+" keeps pages")
			}
		}
		var given []string
		for _, e := range list(t.property(d, "DistributionConfig", "CustomErrorResponses")) {
			if words(at(e, "ErrorCachingMinTTL")) == "0" && at(e, "ResponsePagePath") == nil {
				given = append(given, words(at(e, "ErrorCode")))
			}
		}
		for _, code := range keptErrors {
			if !slices.Contains(given, code) {
				wrong = append(wrong, fmt.Sprintf("%s keeps the answer %s", d, code))
			}
		}
	}
	return wrong
}

// forwarded: everything but the host; cookies by name, and all of them to staff pages only.
func forwarded(t *Template) []string {
	var wrong []string
	for _, d := range t.ofType(distribution) {
		for _, b := range behaviours(t, d) {
			policy, _ := strings.CutPrefix(words(at(b, "OriginRequestPolicyId")), "Ref ")
			config := t.property(policy, "OriginRequestPolicyConfig")
			if words(at(config, "HeadersConfig", "HeaderBehavior")) != "allExcept" || words(at(config, "HeadersConfig", "Headers")) != "Host" {
				wrong = append(wrong, policy+" does not forward every header but Host")
			}
			if words(at(config, "QueryStringsConfig", "QueryStringBehavior")) != "all" {
				wrong = append(wrong, policy+" drops queries: links in mail lead nowhere")
			}
			if cookies := words(at(config, "CookiesConfig", "CookieBehavior")); cookies != "whitelist" && at(b, "PathPattern") != "/staff/*" {
				wrong = append(wrong, fmt.Sprintf("%s forwards %q cookies to forms", policy, cookies))
			}
		}
	}
	return wrong
}
