package deployment

import (
	"encoding/json"
	"flag"
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
	"madoguchi/shared/staff"
)

// /openapi.json describes exactly the routes that the built functions answer: each program is asked for its own (contract:
// "describes all of it"). What staff may call is described by TestStaffDescribed.
func TestDescribedRoutesAreTheFunctions(t *testing.T) {
	var answered []string
	for _, out := range printed(t, lambdahost.RoutesFlag) {
		var routes []string
		if err := json.Unmarshal(out, &routes); err != nil {
			t.Fatalf("%v\n%s", err, out)
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

// printed is what each program behind the API prints of itself, in the order of the template.
func printed(t *testing.T, flag string) [][]byte {
	t.Helper()
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
		if len(f.Routes) > 0 && (flag == lambdahost.RoutesFlag || f.Environment["STAFF_TABLE"] != "") {
			public, folders = append(public, f), append(folders, f.CodeURI)
		}
	}
	binaries, err := build.Functions(t.Context(), root, filepath.Join(root, ".cache", "functions"), folders)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, f := range public {
		program := exec.CommandContext(t.Context(), binaries[f.CodeURI], flag)
		program.Stderr = os.Stderr
		program.Env = []string{"AWS_REGION=" + template.Region}
		for name, value := range f.Environment {
			program.Env = append(program.Env, name+"="+value)
		}
		out, err := program.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, out)
		}
		all = append(all, out)
	}
	return all
}

var update = flag.Bool("update", false, "write the description of staff's paths anew")

// /staff/openapi.json is what the programs behind /staff print of the routes that they handle, and of the types that these decode and
// encode: a route or a member that is new makes this fail until it is written anew with -update.
func TestStaffDescribed(t *testing.T) {
	var all []staff.Description
	for _, out := range printed(t, lambdahost.DescribeFlag) {
		var d staff.Description
		if err := json.Unmarshal(out, &d); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		all = append(all, d)
	}
	document, err := staff.Document(all)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "functions", "staff", "signin", "openapi.json")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("go test ./infra/deployment -run StaffDescribed -update (-programs +kept):\n%s", diff)
	}
	// The routes are those that the programs print as theirs, and every reference leads somewhere.
	var handled []string
	for _, out := range printed(t, lambdahost.RoutesFlag) {
		var routes []string
		if err := json.Unmarshal(out, &routes); err != nil {
			t.Fatal(err)
		}
		for _, route := range routes {
			if method, path, _ := strings.Cut(strings.ReplaceAll(route, "{$}", ""), " "); strings.HasPrefix(path, "/staff") {
				handled = append(handled, strings.ToLower(method)+" "+path)
			}
		}
	}
	var read struct {
		Paths      map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(got, &read); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range read.Paths {
		for method := range item {
			if method != "parameters" {
				described = append(described, method+" "+path)
			}
		}
	}
	slices.Sort(handled)
	slices.Sort(described)
	if diff := cmp.Diff(handled, described); diff != "" {
		t.Errorf("(-handled +described):\n%s", diff)
	}
	for part := range strings.SplitSeq(string(got), `"#/components/schemas/`) {
		if name, _, _ := strings.Cut(part, `"`); read.Components.Schemas[name] == nil && !strings.HasPrefix(part, "{") {
			t.Errorf("no schema is called %s", name)
		}
	}
}
