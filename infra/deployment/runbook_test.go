package deployment

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	physical   = regexp.MustCompile(`\bphysical "?([A-Z][A-Za-z]+)`)
	logGroup   = regexp.MustCompile(`logs tail /madoguchi/([a-z]+)`)
	pageLink   = regexp.MustCompile(`\]\(([^)#:]+\.md)(?:#[^)]*)?\)`)
	namedAlarm = regexp.MustCompile("(?m)^Alarms? `([A-Za-z…]+)`")
)

// Issue B item 3: each alarm has its page and each page its alarm. A page says what there is to say in the same order, its
// commands name what the template deploys, its links lead somewhere, and the operator's manual lists it.
func TestRunbooks(t *testing.T) {
	root, source, tr := world(t)
	translated, err := tr.Translate(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	template := translated[0]
	alarmsOf := map[string][]string{}
	for _, alarm := range template.ofType("AWS::CloudWatch::Alarm") {
		alarmsOf[template.Runbook(alarm)] = append(alarmsOf[template.Runbook(alarm)], alarm)
	}
	files, err := filepath.Glob(filepath.Join(root, "infra/runbooks/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	manual := read(t, filepath.Join(root, "docs/operate.md"))
	var pages []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		pages = append(pages, name)
		t.Run(name, func(t *testing.T) {
			for _, fault := range faultsOfPage(template, filepath.Dir(file), read(t, file), alarmsOf[name]) {
				t.Error(fault)
			}
			if !strings.Contains(manual, "](../infra/runbooks/"+name+".md)") {
				t.Error("docs/operate.md does not list it")
			}
		})
	}
	for name, alarms := range alarmsOf {
		if !slices.Contains(pages, name) {
			t.Errorf("%v: there is no infra/runbooks/%s.md", alarms, name)
		}
	}
	if len(pages) == 0 {
		t.Fatal("no page")
	}

	// Each check on a page that breaks it.
	whole := read(t, filepath.Join(root, "infra/runbooks/mail-waiting.md"))
	for _, test := range []struct {
		name, old, with string
		alarms          []string
		want            string
	}{
		{"no alarm", "", "", nil, "no alarm names the page"},
		{"another alarm", "Alarm `MailWaiting`", "Alarm `MailStands`", []string{"MailWaiting"}, "the page is about MailStands"},
		{"no end", "**Over**", "Over", []string{"MailWaiting"}, "**Over**"},
		{"no command", "```sh", "```", []string{"MailWaiting"}, "no command"},
		{"gone resource", "physical OutboxTable", "physical MailTable", []string{"MailWaiting"}, "MailTable is no resource"},
		{"gone log group", "/madoguchi/mailer", "/madoguchi/postman", []string{"MailWaiting"}, "no log group postman"},
		{"dead link", "](mail-given-up.md)", "](mail-lost.md)", []string{"MailWaiting"}, "mail-lost.md"},
	} {
		t.Run("broken: "+test.name, func(t *testing.T) {
			found := faultsOfPage(template, filepath.Join(root, "infra/runbooks"), strings.ReplaceAll(whole, test.old, test.with), test.alarms)
			if !slices.ContainsFunc(found, func(fault string) bool { return strings.Contains(fault, test.want) }) {
				t.Errorf("want %q, found %q", test.want, found)
			}
		})
	}
}

func faultsOfPage(t *Template, folder, text string, alarms []string) []string {
	var wrong []string
	if len(alarms) == 0 {
		wrong = append(wrong, "no alarm names the page")
	}
	about := namedAlarm.FindStringSubmatch(text)
	switch {
	case about == nil:
		wrong = append(wrong, "the page does not begin with its alarm")
	case about[1] == "…Errors": // one for each function
	case !slices.Equal(alarms, []string{about[1]}):
		wrong = append(wrong, "the page is about "+about[1]+", and is named by others")
	}
	place := 0
	for _, part := range []string{"**Means", "**Affected", "**Look at", "**Do", "**Over"} {
		at := strings.Index(text, "\n"+part)
		if at < place {
			wrong = append(wrong, part+"** is missing, or not in its place")
		}
		place = at
	}
	if !strings.Contains(text, "```sh\n") {
		wrong = append(wrong, "the page holds no command")
	}
	for _, m := range physical.FindAllStringSubmatch(text, -1) {
		if t.Resources[m[1]] == nil {
			wrong = append(wrong, m[1]+" is no resource")
		}
	}
	var groups []string
	for _, group := range t.ofType("AWS::Logs::LogGroup") {
		groups = append(groups, strings.TrimPrefix(words(t.property(group, "LogGroupName")), "Sub /${AWS::StackName}/"))
	}
	for _, m := range logGroup.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(groups, m[1]) {
			wrong = append(wrong, "there is no log group "+m[1])
		}
	}
	for _, m := range pageLink.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(folder, m[1])); err != nil {
			wrong = append(wrong, "the link to "+m[1]+" leads nowhere")
		}
	}
	return wrong
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the rule "function alarms" tells to paste is what it asks for.
func TestErrorAlarmFor(t *testing.T) {
	_, source, tr := world(t)
	text := replaced(t, string(source), "  SiteErrors:\n", "  SpareErrors:\n")
	text = replaced(t, text, "{ Name: FunctionName, Value: !Ref SiteFunction }", "{ Name: FunctionName, Value: !Ref MailerFunction }")
	text = replaced(t, text, "${AWS::StackName}-SiteErrors", "${AWS::StackName}-SpareErrors")
	text = replaced(t, text, "\nOutputs:\n", "\n"+errorAlarmFor("SiteFunction")+"\nOutputs:\n")
	translated, err := tr.Translate(t.Context(), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range slices.Concat(alarms(translated[0]), functionAlarms(translated[0])) {
		t.Error(fault)
	}
}
