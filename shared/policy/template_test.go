package policy

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// template returns the deployment template; these tests read it as text, because the package imports no YAML.
func template(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks cuts a section of the template into its entries: name -> text.
func blocks(t *testing.T, section string) map[string]string {
	t.Helper()
	text := template(t)
	_, text, ok := strings.Cut(text, "\n"+section+":\n")
	if !ok {
		t.Fatalf("template.yaml has no section %s", section)
	}
	if end := regexp.MustCompile(`(?m)^\S`).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	found := map[string]string{}
	heads := regexp.MustCompile(`(?m)^  ([A-Za-z0-9]+):`).FindAllStringSubmatchIndex(text, -1)
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		found[text[h[2]:h[3]]] = text[h[0]:end]
	}
	if len(found) == 0 {
		t.Fatalf("section %s of template.yaml has no entries", section)
	}
	return found
}

func value(block, key string) string {
	m := regexp.MustCompile(`(?m)^ +` + key + `: *"?([^"\n]*)"?$`).FindStringSubmatch(block)
	if m == nil {
		return ""
	}
	return m[1]
}

// camel turns ORGANIZATION_NAME_JA into OrganizationNameJa.
func camel(variable string) string {
	var b strings.Builder
	for _, word := range strings.Split(variable, "_") {
		b.WriteString(word[:1] + strings.ToLower(word[1:]))
	}
	return b.String()
}

// R2: one organisation record; what tests and documents show is what the template deploys.
func TestDefaultOrganizationIsTheTemplates(t *testing.T) {
	parameters := blocks(t, "Parameters")
	org := reflect.ValueOf(DefaultOrganization())
	for i := range org.NumField() {
		tag := org.Type().Field(i).Tag.Get("env")
		switch v := org.Field(i).Interface().(type) {
		case Text:
			same(t, value(parameters[camel(tag+"_JA")], "Default"), v.JA)
			same(t, value(parameters[camel(tag+"_EN")], "Default"), v.EN)
		case string:
			same(t, value(parameters[camel(tag)], "Default"), v)
			if v == "" {
				t.Errorf("%s is empty", tag)
			}
		default:
			t.Errorf("%s has type %T", tag, v)
		}
	}
	same(t, "OrganizationNameJa", camel("ORGANIZATION_NAME_JA"))
}

// The template refuses what the program would refuse, and deploys the decided periods (R: decisions; hard case 25).
func TestRetentionParametersAreTheTemplates(t *testing.T) {
	parameters := blocks(t, "Parameters")
	compared := 0
	for _, s := range Services() {
		if s.Table == "" {
			continue // its parameters come with its function
		}
		for _, r := range s.Retention {
			unit, _ := unitOf(r.Parameter)
			block := parameters[camel(r.Parameter)]
			for key, want := range map[string]time.Duration{"Default": r.Default, "MinValue": r.Min, "MaxValue": r.Max} {
				same(t, (want / unit).String(), time.Duration(number(t, value(block, key))).String())
				compared++
			}
		}
	}
	if compared < 15 {
		t.Errorf("compared %d values, the newsletter alone has 15", compared)
	}
}

func number(t *testing.T, text string) (n int64) {
	t.Helper()
	if !regexp.MustCompile(`^\d+$`).MatchString(text) {
		t.Errorf("template.yaml: %q is no number", text)
	}
	for _, c := range text {
		n = n*10 + int64(c-'0')
	}
	return n
}

// kept are the types of resources that keep something.
var kept = []string{"AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable", "AWS::S3::Bucket", "AWS::Logs::LogGroup", "AWS::SecretsManager::Secret",
	"AWS::SQS::Queue", "AWS::Cognito::UserPool", "AWS::SSM::Parameter", "AWS::Kinesis::Stream", "AWS::KinesisFirehose::DeliveryStream"}

// The inventory names every place that keeps something, and none that does not exist.
func TestStoresAreTheTemplates(t *testing.T) {
	resources := blocks(t, "Resources")
	var want, got []string
	for name, block := range resources {
		if slices.Contains(kept, value(block, "Type")) {
			want = append(want, name)
		}
	}
	for _, st := range Stores() {
		got = append(got, st.Resources...)
		for _, text := range []Text{st.Name, st.Holds, st.Why, st.Keeps, st.People} {
			if text.JA == "" || text.EN == "" {
				t.Errorf("store %s: a text is missing", st.Code)
			}
		}
		if st.Service != "" {
			same(t, []string{Get(st.Service).Table}, st.Resources)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	same(t, want, got)
	for _, s := range Services() {
		if s.Table != "" && !slices.ContainsFunc(Stores(), func(st Store) bool { return st.Service == s.Code }) {
			t.Errorf("%s has a table but no store", s.Code)
		}
	}
}

// The functions that the inventory names are those whose role lets them in, and the copies are those that are kept.
func TestStoreFunctionsAreTheTemplates(t *testing.T) {
	same(t, number(t, value(blocks(t, "Parameters")["RecoveryDays"], "Default")), int64(copiesDays))
	resources := blocks(t, "Resources")
	for _, st := range Stores() {
		for _, resource := range st.Resources {
			block := resources[resource]
			if value(block, "Type") == "AWS::DynamoDB::Table" {
				same(t, st.Copies, strings.Contains(block, "PointInTimeRecoveryEnabled: true"))
				same(t, st.Copies, strings.Contains(block, "RecoveryPeriodInDays: !Ref RecoveryDays"))
			}
		}
		if len(st.Functions) == 0 {
			continue
		}
		var got []string
		for name, block := range resources {
			role, isRole := strings.CutSuffix(name, "Role")
			if !isRole {
				continue
			}
			for _, resource := range st.Resources {
				if strings.Contains(block, "!GetAtt "+resource+".") || strings.Contains(block, "${"+resource+".") {
					got = append(got, strings.ToLower(role))
					break
				}
			}
		}
		slices.Sort(got)
		if !slices.Equal(st.Functions, got) {
			t.Errorf("store %s: the inventory names %v, the template lets in %v", st.Code, st.Functions, got)
		}
	}
}
