package deployment

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/infra/tools"
)

// world is the template with all its broken copies, translated at once.
func world(t *testing.T) (root string, source []byte, tr Translator) {
	t.Helper()
	root, err := tools.Root()
	if err != nil {
		t.Fatal(err)
	}
	sam, err := tools.SAM(t.Context(), os.Stderr)
	var missing *tools.Missing
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if source, err = os.ReadFile(filepath.Join(root, "template.yaml")); err != nil {
		t.Fatal(err)
	}
	return root, source, Translator{Python: filepath.Join(filepath.Dir(sam), "python"), Environment: tools.SAMEnvironment(), Cache: filepath.Join(root, ".cache", "deployment")}
}

// Issue B item 4: the template as SAM transforms it holds to every rule.
func TestTemplate(t *testing.T) {
	root, source, tr := world(t)
	translated, err := tr.Translate(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	template := translated[0]
	for _, r := range rules {
		t.Run(strings.ReplaceAll(r.name, " ", "-"), func(t *testing.T) {
			for _, what := range r.look(template) {
				t.Errorf("%s (%s)", what, r.why)
			}
		})
	}
	reads, err := FunctionReads(t.Context(), root, t.TempDir(), template.Code)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range CheckVariables(template, reads) {
		t.Error(f)
	}
	t.Run("a missing variable and one too many", func(t *testing.T) {
		broken := slices.Clone(source)
		broken = []byte(replaced(t, string(broken), "          ADDRESS_KEY: !Sub", "          HASH_KEY: !Sub"))
		broken = []byte(replaced(t, string(broken), "          ALLOWED_ORIGINS: !Ref AllowedOrigins\n", ""))
		translated, err := tr.Translate(t.Context(), broken)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range CheckVariables(translated[0], reads) {
			got = append(got, f.What)
		}
		want := []string{
			"NewsletterFunction is given HASH_KEY, which it does not read",
			"NewsletterFunction reads ADDRESS_KEY, which is not set",
			"NewsletterFunction reads ALLOWED_ORIGINS, which is not set",
		}
		if !slices.Equal(want, got) {
			t.Errorf("want %q\ngot %q", want, got)
		}
	})
}

// Every rule catches a template that breaks it: a rule that finds nothing wrong anywhere proves nothing.
func TestBrokenTemplates(t *testing.T) {
	_, source, tr := world(t)
	var texts [][]byte
	broken := slices.Concat(broken, brokenAlarms)
	for _, b := range broken {
		text := string(source)
		for i := 0; i < len(b.change); i += 2 {
			text = replaced(t, text, b.change[i], b.change[i+1])
		}
		texts = append(texts, []byte(replaced(t, text, "\nOutputs:\n", "\n"+b.add+"\nOutputs:\n")))
	}
	translated, err := tr.Translate(t.Context(), texts...)
	if err != nil {
		t.Fatal(err)
	}
	proved := map[string]bool{}
	for i, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			found := Check(translated[i])
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Rule == b.rule && strings.Contains(f.What, b.says) }) {
				t.Errorf("rule %q did not say %q; found: %v", b.rule, b.says, found)
			}
		})
		proved[b.rule] = true
	}
	for _, r := range rules {
		if !proved[r.name] {
			t.Errorf("no broken template proves the rule %q", r.name)
		}
	}
}

// replaced changes the first occurrence; a change that changes nothing is a defect of the test.
func replaced(t *testing.T, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("template.yaml no longer holds %q", old)
	}
	return strings.Replace(text, old, with, 1)
}

// SAM's own refusal arrives with its words.
func TestRefusedTemplate(t *testing.T) {
	_, source, tr := world(t)
	_, err := tr.Translate(t.Context(), []byte(replaced(t, string(source), "{ ApiId: !Ref Api, Path: /health, Method: ANY }", "{ ApiId: !Ref Api, Path: /health }")))
	if err == nil || !strings.Contains(err.Error(), "Health") {
		t.Errorf("want SAM's refusal of the event Health, got %v", err)
	}
}
