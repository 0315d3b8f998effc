package deployment

import "fmt"

// receipts: every rule by which SES takes in mail scans it, names its recipients, and writes with a role that SES gets for this
// account alone. A bucket policy would do as well, but then the key of the data had to be open to SES, too.
func receipts(t *Template) []string {
	var wrong []string
	for _, name := range t.ofType("AWS::SES::ReceiptRule") {
		if t.property(name, "Rule", "ScanEnabled") != true {
			wrong = append(wrong, name+" does not scan for spam and viruses: there would be no verdicts (R39)")
		}
		if len(list(t.property(name, "Rule", "Recipients"))) == 0 {
			wrong = append(wrong, name+" takes mail for any address")
		}
		for _, action := range list(t.property(name, "Rule", "Actions")) {
			roles := t.references(at(action, "S3Action", "IamRoleArn"))
			if len(roles) != 1 || t.kind(roles[0]) != "AWS::IAM::Role" {
				wrong = append(wrong, name+" writes without a role of ours")
				continue
			}
			for _, s := range statements(roles[0], t.property(roles[0], "AssumeRolePolicyDocument")) {
				if words(at(s.raw, "Condition", "StringEquals", "aws:SourceAccount")) != "Ref AWS::AccountId" {
					wrong = append(wrong, fmt.Sprintf("%s is lent to SES for any account", roles[0]))
				}
			}
		}
	}
	return wrong
}
