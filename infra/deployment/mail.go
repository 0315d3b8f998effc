package deployment

import (
	"fmt"
	"slices"
)

// mailIdentity: DKIM with a long key, a MAIL FROM domain whose fault loses no mail, TLS to every mailbox provider, events that tell
// what became of a mail and none that tell who read it.
func mailIdentity(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::SES::EmailIdentity") {
		if t.property(name, "DkimAttributes", "SigningEnabled") != true {
			wrong = append(wrong, name+" does not sign (DKIM)")
		}
		if length := words(t.property(name, "DkimSigningAttributes", "NextSigningKeyLength")); length != "RSA_2048_BIT" {
			wrong = append(wrong, fmt.Sprintf("%s signs with %s", name, length))
		}
		for _, from := range list(t.property(name, "MailFromAttributes")) {
			if at(from, "BehaviorOnMxFailure") != "USE_DEFAULT_VALUE" {
				wrong = append(wrong, name+" refuses mail when a DNS record is lost")
			}
		}
	}
	for _, set := range t.ofType("AWS::SES::ConfigurationSet") {
		if t.property(set, "DeliveryOptions", "TlsPolicy") != "REQUIRE" {
			wrong = append(wrong, set+" mails without TLS")
		}
		if t.property(set, "TrackingOptions") != nil || t.property(set, "VdmOptions") != nil {
			wrong = append(wrong, set+" tracks readers")
		}
		told := false
		for _, destination := range t.ofType("AWS::SES::ConfigurationSetEventDestination") {
			told = told || words(t.property(destination, "ConfigurationSetName")) == "Ref "+set && t.property(destination, "EventDestination", "Enabled") == true
		}
		if !told {
			wrong = append(wrong, set+" has no event destination")
		}
	}
	for _, destination := range t.ofType("AWS::SES::ConfigurationSetEventDestination") {
		if slices.ContainsFunc(list(t.property(destination, "EventDestination", "MatchingEventTypes")), func(v any) bool {
			return v == "OPEN" || v == "CLICK"
		}) {
			wrong = append(wrong, destination+" tracks readers")
		}
	}
	return wrong
}

// knowsEdge: every function has the edge's secret from the parameter, which is never shown.
func knowsEdge(t *Template) []string {
	var wrong []string
	if at(t.Parameters, "OriginSecrets", "NoEcho") != true {
		wrong = append(wrong, "OriginSecrets is shown")
	}
	for _, function := range t.ofType("AWS::Lambda::Function") {
		if words(t.property(function, "Environment", "Variables", "ORIGIN_SECRETS")) != "Ref OriginSecrets" {
			wrong = append(wrong, function+" does not know the edge's secret")
		}
	}
	return wrong
}
