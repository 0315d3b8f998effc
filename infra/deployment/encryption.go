package deployment

import (
	"fmt"
	"slices"
)

// dataKey is the stack's own key.
const dataKey = "DataKey"

// alarmKey is the key of the alarms, in which nothing is kept: the only one that a service of AWS may use by itself.
const alarmKey = "AlarmKey"

// encryption: what keeps something, and the settings of the functions, are encrypted with our own key, which cannot be
// lost with the stack and is this account's alone.
func encryption(t *Template) []string {
	var wrong []string
	for _, name := range t.names() {
		var key any
		switch t.kind(name) {
		case "AWS::DynamoDB::Table":
			if t.property(name, "SSESpecification", "SSEEnabled") != true || t.property(name, "SSESpecification", "SSEType") != "KMS" {
				wrong = append(wrong, name+" is not encrypted with a key of KMS")
			}
			key = t.property(name, "SSESpecification", "KMSMasterKeyId")
		case "AWS::SecretsManager::Secret":
			key = t.property(name, "KmsKeyId")
		case "AWS::Lambda::Function":
			key = t.property(name, "KmsKeyArn")
		case "AWS::S3::Bucket":
			for _, r := range list(t.property(name, "BucketEncryption", "ServerSideEncryptionConfiguration")) {
				key = at(r, "ServerSideEncryptionByDefault", "KMSMasterKeyID")
			}
		case "AWS::SNS::Topic":
			if words(t.property(name, "KmsMasterKeyId")) != "Ref "+alarmKey {
				wrong = append(wrong, name+" is not encrypted with "+alarmKey)
			}
			continue
		case "AWS::KMS::Key":
			wrong = append(wrong, t.ownKey(name)...)
			continue
		default:
			continue
		}
		if words(key) != "GetAtt "+dataKey+".Arn" {
			wrong = append(wrong, fmt.Sprintf("%s is not encrypted with %s but with %q", name, dataKey, words(key)))
		}
	}
	for _, role := range t.ofType("AWS::IAM::Role") {
		for _, s := range t.granted(role) {
			direct := words(at(s.raw, "Condition", "StringEquals", "kms:ViaService")) == ""
			for _, action := range s.actions {
				if direct && slices.Contains([]string{"kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:CreateGrant"}, action) {
					wrong = append(wrong, fmt.Sprintf("%s: %s not only through the service that keeps the data", s.where, action))
				}
			}
		}
	}
	return wrong
}

// ownKey holds a key to the rules of the data's key.
func (t *Template) ownKey(name string) []string {
	var wrong []string
	if name != alarmKey {
		wrong = notRetained(t, name)
	}
	if t.property(name, "EnableKeyRotation") != true {
		wrong = append(wrong, name+" is never renewed")
	}
	if words(t.property(name, "PendingWindowInDays")) != "30" {
		wrong = append(wrong, name+" can be gone in fewer than 30 days")
	}
	for _, s := range statements(name, t.property(name, "KeyPolicy")) {
		for _, who := range everybody(s.raw["Principal"]) {
			if name == alarmKey && forAlarms(s) && len(s.actions) == 2 && slices.Contains(s.actions, "kms:Decrypt") && slices.Contains(s.actions, "kms:GenerateDataKey") {
				continue
			}
			if words(who) != "Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root" {
				wrong = append(wrong, fmt.Sprintf("%s lets in %s", s.where, words(who)))
			}
		}
	}
	return wrong
}
