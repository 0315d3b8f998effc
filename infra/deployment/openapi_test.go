package deployment

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/infra/local/build"
	"madoguchi/infra/local/template"
	"madoguchi/infra/tools"
	"madoguchi/shared/lambdahost"
	"madoguchi/shared/openapi"
)

// /openapi.json describes exactly the routes that the built functions answer: each program is asked for its own (contract:
// "describes all of it"). Staff pages are not part of it.
func TestDescribedRoutesAreTheFunctions(t *testing.T) {
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	stack, err := template.Load(filepath.Join(root, "template.yaml"), template.Options{Secrets: template.SecretDir(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	var public []template.Function
	for _, f := range stack.Functions {
		if len(f.Routes) > 0 {
			public, folders = append(public, f), append(folders, f.CodeURI)
		}
	}
	binaries, err := build.Functions(t.Context(), root, filepath.Join(root, ".cache", "functions"), folders)
	if err != nil {
		t.Fatal(err)
	}
	var answered []string
	for _, f := range public {
		program := exec.CommandContext(t.Context(), binaries[f.CodeURI], lambdahost.RoutesFlag)
		program.Stderr = os.Stderr
		program.Env = []string{"AWS_REGION=" + template.Region}
		for name, value := range f.Environment {
			program.Env = append(program.Env, name+"="+value)
		}
		out, err := program.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, out)
		}
		var routes []string
		if err := json.Unmarshal(out, &routes); err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, out)
		}
		for _, route := range routes {
			if !strings.Contains(route, " /staff") {
				answered = append(answered, strings.ReplaceAll(route, "{$}", ""))
			}
		}
	}
	described := openapi.Routes()
	slices.Sort(answered)
	slices.Sort(described)
	if diff := cmp.Diff(described, answered); diff != "" {
		t.Errorf("shared/openapi and the functions differ (-described +answered):\n%s", diff)
	}
}
