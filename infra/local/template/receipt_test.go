package template

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A rule that takes mail in is known by whom it is for and where it puts the mail; one that is off, or whose condition does not
// hold, is none.
func TestReceiptRules(t *testing.T) {
	const source = `
Parameters:
  Address: { Type: String, Default: office@example.jp }
Conditions:
  Never: !Equals [a, b]
Resources:
  Mails: { Type: "AWS::S3::Bucket" }
  Rule:
    Type: AWS::SES::ReceiptRule
    Properties:
      RuleSetName: set
      Rule:
        Enabled: true
        Recipients: [!Ref Address]
        Actions: [{ S3Action: { BucketName: !Ref Mails, ObjectKeyPrefix: mail/, IamRoleArn: !GetAtt Nowhere.Arn } }, { StopAction: { Scope: RuleSet } }]
  Off:
    Type: AWS::SES::ReceiptRule
    Properties: { RuleSetName: set, Rule: { Enabled: false, Actions: [{ S3Action: { BucketName: !Ref Mails } }] } }
  Absent:
    Type: AWS::SES::ReceiptRule
    Condition: Never
    Properties: { RuleSetName: set, Rule: { Enabled: true, Actions: [{ S3Action: { BucketName: !Ref Mails } }] } }
`
	got, err := Parse([]byte(source), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []ReceiptRule{{Recipients: []string{"office@example.jp"}, Bucket: "madoguchi-mails", Prefix: "mail/"}}
	if diff := cmp.Diff(want, got.ReceiptRules); diff != "" {
		t.Error(diff)
	}
}
