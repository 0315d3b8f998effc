package deployment

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// deployment is what samconfig.toml says of one environment's sam deploy.
type deployment struct {
	Global struct {
		Parameters struct {
			Stack string `json:"stack_name"`
		} `json:"parameters"`
	} `json:"global"`
	Deploy struct {
		Parameters struct {
			Region    string   `json:"region"`
			Confirm   bool     `json:"confirm_changeset"`
			Overrides []string `json:"parameter_overrides"`
		} `json:"parameters"`
	} `json:"deploy"`
}

// Issue B item 3: a trial and production are stacks of their own in Japan; what each sets is a parameter within its limits, and
// production never logs or keeps as a trial does.
func TestConfigurations(t *testing.T) {
	root, source, tr := world(t)
	command := exec.CommandContext(t.Context(), tr.Python, "-c", "import json,sys,tomllib; c=tomllib.load(open(sys.argv[1],'rb')); print(json.dumps({k:v for k,v in c.items() if k!='version'}))",
		filepath.Join(root, "samconfig.toml"))
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var configurations map[string]deployment
	if err := json.Unmarshal(out, &configurations); err != nil {
		t.Fatal(err)
	}
	translated, err := tr.Translate(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	trial, production := configurations["default"], configurations["prod"]
	if trial.Global.Parameters.Stack == production.Global.Parameters.Stack || len(configurations) != 2 {
		t.Errorf("the configurations %v", configurations)
	}
	for name, c := range configurations {
		if c.Deploy.Parameters.Region != "ap-northeast-1" || !c.Deploy.Parameters.Confirm {
			t.Errorf("%s: %+v", name, c.Deploy.Parameters)
		}
		for _, override := range c.Deploy.Parameters.Overrides {
			parameter, value, _ := strings.Cut(override, "=")
			if !takes(translated[0].Parameters[parameter], value) {
				t.Errorf("%s: the template does not take %s", name, override)
			}
		}
	}
	if !slices.Contains(trial.Deploy.Parameters.Overrides, "RecoveryDays=1") || len(production.Deploy.Parameters.Overrides) != 0 {
		t.Errorf("trial %q, production %q", trial.Deploy.Parameters.Overrides, production.Deploy.Parameters.Overrides)
	}
	if takes(translated[0].Parameters["RecoveryDays"], "36") || takes(translated[0].Parameters["LogLevel"], "ALL") || takes(translated[0].Parameters["Spare"], "1") ||
		takes(translated[0].Parameters["OriginSecrets"], "short") || takes(translated[0].Parameters["MailFromDomain"], "no domain") {
		t.Error("values out of range are taken")
	}
}

// takes says whether CloudFormation would take a value for a parameter.
func takes(parameter any, value string) bool {
	if parameter == nil {
		return false
	}
	if allowed := list(at(parameter, "AllowedValues")); len(allowed) > 0 {
		return slices.ContainsFunc(allowed, func(v any) bool { return words(v) == value })
	}
	if pattern := words(at(parameter, "AllowedPattern")); pattern != "" {
		return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(value)
	}
	if at(parameter, "Type") == "Number" {
		n, err := strconv.ParseFloat(value, 64)
		least, _ := at(parameter, "MinValue").(float64)
		most, _ := at(parameter, "MaxValue").(float64)
		return err == nil && n >= least && n <= most
	}
	return true
}
