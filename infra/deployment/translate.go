// Package deployment proves what template.yaml deploys. It looks at the template as SAM transforms it, because SAM adds
// resources, roles and managed policies that the file does not show, and holds it to rules: who may touch which table,
// how long it is kept, what the public can reach. Its tests prove each rule on a template that breaks it.
package deployment

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the script that runs SAM's translator
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed translate.py
var script []byte

// Template is a template after SAM's transformation: plain CloudFormation, as JSON decodes it.
type Template struct {
	Parameters map[string]any
	Conditions map[string]any
	Resources  map[string]any
	Outputs    map[string]any
	Written    []string          // logical names of the resources that the file itself declares; SAM made the others
	Code       map[string]string // function -> its folder
}

// translation is one element of the script's answer.
type translation struct {
	Error    string            `json:"error"`
	Template *Template         `json:"template"`
	Written  []string          `json:"written"`
	Code     map[string]string `json:"code"`
}

// Translator runs SAM's translator.
type Translator struct {
	Python      string   // the Python of the SAM CLI's environment
	Environment []string // its environment variables; nil: this process's
	Cache       string   // folder of earlier answers, named by the content of script and template; "" keeps none
}

// Translate returns each template as SAM transforms it, in the order of texts. A template that SAM refuses is an error,
// with SAM's own words.
func (tr Translator) Translate(ctx context.Context, texts ...[]byte) ([]*Template, error) {
	answers := make([]*Template, len(texts))
	var ask []string
	var places []int
	for i, text := range texts {
		known, err := tr.cached(text)
		if err != nil {
			return nil, err
		}
		if answers[i] = known; known == nil {
			ask, places = append(ask, string(text)), append(places, i)
		}
	}
	if len(ask) == 0 {
		return answers, nil
	}
	fresh, err := tr.run(ctx, ask)
	if err != nil {
		return nil, err
	}
	for n, i := range places {
		if fresh[n].Error != "" {
			return nil, fmt.Errorf("translate template %d: %s", i, fresh[n].Error)
		}
		if err := tr.keep(texts[i], fresh[n]); err != nil {
			return nil, err
		}
		answers[i] = fresh[n].whole()
	}
	return answers, nil
}

func (tr Translator) run(ctx context.Context, texts []string) ([]translation, error) {
	question, err := json.Marshal(texts)
	if err != nil {
		return nil, fmt.Errorf("translate templates: %w", err)
	}
	command := exec.CommandContext(ctx, tr.Python, "-c", string(script))
	var out, faults bytes.Buffer
	command.Env = tr.Environment
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(question), &out, &faults
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("run SAM's translator: %w\n%s", err, faults.Bytes())
	}
	var answers []translation
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		return nil, fmt.Errorf("read the answer of SAM's translator: %w", err)
	}
	if len(answers) != len(texts) {
		return nil, fmt.Errorf("SAM's translator gave %d answers for %d templates", len(answers), len(texts))
	}
	return answers, nil
}

func (t translation) whole() *Template {
	t.Template.Written, t.Template.Code = t.Written, t.Code
	return t.Template
}

func (tr Translator) file(text []byte) string {
	sum := sha256.New()
	sum.Write(script)
	sum.Write([]byte{0})
	sum.Write(text)
	return filepath.Join(tr.Cache, hex.EncodeToString(sum.Sum(nil)[:16])+".json")
}

// cached returns nil where the answer is not known yet.
func (tr Translator) cached(text []byte) (*Template, error) {
	if tr.Cache == "" {
		return nil, nil
	}
	data, err := os.ReadFile(tr.file(text))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a kept translation: %w", err)
	}
	var t translation
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("read a kept translation, which may be deleted: %s: %w", tr.file(text), err)
	}
	return t.whole(), nil
}

func (tr Translator) keep(text []byte, t translation) error {
	if tr.Cache == "" {
		return nil
	}
	data, err := json.Marshal(t)
	if err == nil {
		err = os.MkdirAll(tr.Cache, 0o755)
	}
	// Written beside and renamed: a killed process leaves no half of an answer.
	half := tr.file(text) + "." + rand.Text()
	if err == nil {
		err = os.WriteFile(half, data, 0o644)
	}
	if err == nil {
		err = os.Rename(half, tr.file(text))
	}
	if err != nil {
		return fmt.Errorf("keep a translation: %w", err)
	}
	return nil
}
