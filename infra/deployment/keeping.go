package deployment

import (
	"fmt"
	"slices"
	"strings"
)

// replaceable are the tables whose loss harms nobody, each with the reason; they need no recovery and no retention.
var replaceable = map[string]string{
	"AccessTable": "page views of 90 days: their sums stand in CountersTable, and a copy would keep IP addresses longer than the notice says",
	"StaffTable":  "sessions of hours and accounts as the identity provider knows them: a lost one is a new sign-in, a restored one would let in who has signed out",
	"GuardTable":  "spent tokens and counters of at most 48 hours: a lost one lets a form be sent twice, a restored one would keep network hashes for weeks",
}

// memoryless are the tables of which nobody may be able to tell what was written when, each with the reason: no stream, no copies
// of earlier states, no insights into keys. They are kept from deletion like all others.
var memoryless = map[string]string{
	"AnswersTable":     "with the moment of an answer and that of a spent invitation, whoever has both tables knows who gave it (shared/questionnaire)",
	"InvitationsTable": "an earlier state tells when a person's invitation was spent; what is lost is a link, and the counts stay",
}

// remembers says which features of a table would tell what was written when.
func remembers(t *Template, name string) []string {
	var wrong []string
	for _, feature := range []struct{ what, where, on string }{
		{"a stream", "StreamSpecification", "StreamViewType"}, {"a Kinesis stream", "KinesisStreamSpecification", "StreamArn"},
		{"copies of earlier states", "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"},
		{"contributor insights", "ContributorInsightsSpecification", "Enabled"},
	} {
		if on := t.property(name, feature.where, feature.on); on != nil && on != false {
			wrong = append(wrong, fmt.Sprintf("%s has %s: %s", name, feature.what, memoryless[name]))
		}
	}
	return wrong
}

// tables: every table expires its items by expires_at and is encrypted; one that cannot be lost can be recovered, and is
// not deleted with the stack.
func tables(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::DynamoDB::Table") {
		say := func(format string, args ...any) { wrong = append(wrong, name+" "+fmt.Sprintf(format, args...)) }
		if t.property(name, "TimeToLiveSpecification", "AttributeName") != "expires_at" || t.property(name, "TimeToLiveSpecification", "Enabled") != true {
			say("does not expire its items by expires_at")
		}
		if t.property(name, "ResourcePolicy") != nil {
			say("has a policy of its own: access is a matter of the roles")
		}
		if replaceable[name] != "" {
			continue
		}
		if memoryless[name] != "" {
			wrong = append(wrong, remembers(t, name)...)
		} else {
			if t.property(name, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				say("has no point-in-time recovery")
			}
			if words(t.property(name, "PointInTimeRecoverySpecification", "RecoveryPeriodInDays")) != "Ref RecoveryDays" {
				say("keeps its copies for another time than RecoveryDays")
			}
		}
		if t.property(name, "DeletionProtectionEnabled") != true {
			say("is not protected from deletion")
		}
		wrong = append(wrong, notRetained(t, name)...)
	}
	return wrong
}

func notRetained(t *Template, name string) []string {
	var wrong []string
	for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if at(t.Resources[name], policy) != "Retain" {
			wrong = append(wrong, fmt.Sprintf("%s has no %s: Retain", name, policy))
		}
	}
	return wrong
}

// unversioned are the buckets whose objects may be lost by a mistake, each with the reason. All others keep what is overwritten or
// deleted for a while, and then let go of it.
var unversioned = map[string]string{
	"ImportFilesBucket": "lists that an office can send again; a version would outlive the day that staff are told",
	"FailuresBucket":    "keys of outbox rows that the sweep finds again without them; a version would outlive the 14 days",
}

// versions says what is wrong with the versions of a bucket's objects.
func (t *Template) versions(name string) string {
	kept := t.property(name, "VersioningConfiguration", "Status") == "Enabled"
	switch {
	case unversioned[name] != "" && kept:
		return name + " keeps versions, and is on the list of those that do not"
	case unversioned[name] != "":
		return ""
	case !kept:
		return name + " keeps no versions: a mistake loses what it holds"
	}
	for _, r := range list(t.property(name, "LifecycleConfiguration", "Rules")) {
		if at(r, "Status") == "Enabled" && (at(r, "NoncurrentVersionExpiration", "NoncurrentDays") != nil || at(r, "NoncurrentVersionExpirationInDays") != nil) {
			return ""
		}
	}
	return name + " keeps old versions for ever"
}

// lasting are the buckets whose objects stay until somebody takes them out, each with the reason; only their old versions end.
var lasting = map[string]string{
	"PhotosBucket": "the photo library itself: photos that were published, nothing of its users",
}

// ends says whether what a bucket holds has an end.
func (t *Template) ends(bucket string) bool {
	for _, r := range list(t.property(bucket, "LifecycleConfiguration", "Rules")) {
		if at(r, "Status") == "Enabled" && at(r, "ExpirationInDays") != nil {
			return true
		}
	}
	return lasting[bucket] != ""
}

// buckets: each is private, encrypted, refuses plain HTTP, and what it holds has an end.
func buckets(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::S3::Bucket") {
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if t.property(name, "PublicAccessBlockConfiguration", block) != true {
				wrong = append(wrong, name+" does not set "+block)
			}
		}
		if t.property(name, "AccessControl") != nil {
			wrong = append(wrong, name+" has an ACL")
		}
		if len(list(t.property(name, "BucketEncryption", "ServerSideEncryptionConfiguration"))) == 0 {
			wrong = append(wrong, name+" does not say how it is encrypted")
		}
		if !t.ends(name) {
			wrong = append(wrong, name+" keeps for ever")
		}
		if what := t.versions(name); what != "" {
			wrong = append(wrong, what)
		}
		if !t.tlsOnly(name) {
			wrong = append(wrong, name+" takes plain HTTP")
		}
	}
	return wrong
}

// tlsOnly says whether a bucket policy denies everything to everybody who comes without TLS.
func (t *Template) tlsOnly(bucket string) bool {
	for _, policy := range t.ofType("AWS::S3::BucketPolicy") {
		if words(t.property(policy, "Bucket")) != "Ref "+bucket {
			continue
		}
		for _, s := range statements(policy, t.property(policy, "PolicyDocument")) {
			if s.effect == "Deny" && s.raw["Principal"] == "*" && slices.Contains(s.actions, "s3:*") && len(s.resources) == 2 &&
				words(at(s.raw, "Condition", "Bool", "aws:SecureTransport")) == "false" {
				return true
			}
		}
	}
	return false
}

func logs(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::Logs::LogGroup") {
		if words(t.property(name, "RetentionInDays")) != "Ref LogRetentionDays" {
			wrong = append(wrong, name+" is not kept for LogRetentionDays")
		}
	}
	return wrong
}

// rotating are the secrets that may be lost with the stack, each with the reason.
var rotating = map[string]string{
	"FormKeys": "form tokens live for 24 hours: a new key only asks for the open forms again",
}

// secrets: made by AWS, never written in the file; those that cannot be replaced stay when the stack goes.
func secrets(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::SecretsManager::Secret") {
		if t.property(name, "SecretString") != nil {
			wrong = append(wrong, name+" has its value written in the file")
		}
		if length, _ := t.property(name, "GenerateSecretString", "PasswordLength").(float64); length < 43 {
			wrong = append(wrong, name+" has fewer than 43 random letters and digits (256 bits)")
		}
		if rotating[name] == "" {
			wrong = append(wrong, notRetained(t, name)...)
		}
	}
	for _, function := range t.ofType("AWS::Lambda::Function") {
		variables, _ := t.property(function, "Environment", "Variables").(map[string]any)
		for name, value := range variables {
			if (strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "_KEYS")) && !strings.Contains(words(value), "{{resolve:secretsmanager:") {
				wrong = append(wrong, fmt.Sprintf("%s: %s does not come from Secrets Manager", function, name))
			}
		}
	}
	slices.Sort(wrong)
	return wrong
}
