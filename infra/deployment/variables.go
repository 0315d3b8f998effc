package deployment

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"madoguchi/infra/local/build"
)

// Reads are the settings that a function reads from its environment.
type Reads struct {
	Required map[string]bool
	Optional map[string]bool
}

var (
	missing  = regexp.MustCompile(`\b([A-Z][A-Z0-9_]+) is (?:missing|not set)`)
	optional = regexp.MustCompile(`env:"([A-Z0-9_]+),optional"`)
	lookedUp = regexp.MustCompile(`\benv\("([A-Z0-9_]+)"\)`)
	comment  = regexp.MustCompile(`(?m)^\s*//.*$`)
)

// ofPlatform begins the settings that Lambda itself makes.
const ofPlatform = "AWS_"

// FunctionReads finds out what each function reads: folders is function -> folder below root, as Template.Code holds it.
// What is required the program says itself, when it starts with nothing set; what is optional stands in the tags of the
// packages that it is made of. The programs are built into out.
func FunctionReads(ctx context.Context, root, out string, folders map[string]string) (map[string]Reads, error) {
	binaries, err := build.Functions(ctx, root, out, slices.Sorted(maps.Values(folders)))
	if err != nil {
		return nil, fmt.Errorf("find what the functions read: %w", err)
	}
	all := map[string]Reads{}
	for function, folder := range folders {
		required, err := requires(ctx, binaries[folder])
		if err != nil {
			return nil, fmt.Errorf("find what %s reads: %w", function, err)
		}
		may, err := mayRead(ctx, root, folder)
		if err != nil {
			return nil, fmt.Errorf("find what %s may read: %w", function, err)
		}
		for name := range required {
			delete(may, name)
		}
		all[function] = Reads{Required: required, Optional: may}
	}
	return all, nil
}

// requires starts a function with an empty environment and reads the names from its complaint.
func requires(ctx context.Context, binary string) (map[string]bool, error) {
	command := exec.CommandContext(ctx, binary)
	command.Env = []string{}
	out, err := command.Output()
	if err == nil {
		return nil, fmt.Errorf("%s started without any setting", binary)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		var entry struct {
			Error string `json:"error"`
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		for _, m := range missing.FindAllStringSubmatch(entry.Error, -1) {
			names[m[1]] = true
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s named no missing setting: %q", binary, out)
	}
	return names, nil
}

// mayRead searches this module's packages that a function is made of.
func mayRead(ctx context.Context, root, folder string) (map[string]bool, error) {
	command := exec.CommandContext(ctx, "go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{$dir := .Dir}}{{range .GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{end}}`, "./"+filepath.ToSlash(folder))
	command.Dir = root
	files, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("list the packages of %s: %w", folder, err)
	}
	names := map[string]bool{}
	for file := range strings.FieldsSeq(string(files)) {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read a source file: %w", err)
		}
		source = comment.ReplaceAll(source, nil)
		for _, m := range slices.Concat(optional.FindAllSubmatch(source, -1), lookedUp.FindAllSubmatch(source, -1)) {
			if name := string(m[1]); !strings.HasPrefix(name, ofPlatform) {
				names[name] = true
			}
		}
	}
	return names, nil
}

// CheckVariables compares what each function is given with what it reads, both ways.
func CheckVariables(t *Template, reads map[string]Reads) []Finding {
	var wrong []string
	for _, function := range t.ofType("AWS::Lambda::Function") {
		r, known := reads[function]
		if !known {
			wrong = append(wrong, "nobody knows what "+function+" reads")
			continue
		}
		given, _ := t.property(function, "Environment", "Variables").(map[string]any)
		for name := range given {
			if !r.Required[name] && !r.Optional[name] {
				wrong = append(wrong, function+" is given "+name+", which it does not read")
			}
		}
		for _, names := range []map[string]bool{r.Required, r.Optional} {
			for name := range names {
				if given[name] == nil {
					wrong = append(wrong, function+" reads "+name+", which is not set")
				}
			}
		}
	}
	slices.Sort(wrong)
	var found []Finding
	for _, what := range wrong {
		found = append(found, Finding{Rule: "variables", What: what})
	}
	return found
}
