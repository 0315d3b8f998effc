package template

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Secrets keeps the values of the template's AWS::SecretsManager::Secret resources. They are made once, so that tokens
// and keyed hashes stay valid over restarts.
type Secrets interface {
	// Value returns the SecretString of a secret, and makes it from declared when there is none yet.
	Value(id string, declared SecretDeclaration) (string, error)
}

// SecretDeclaration is GenerateSecretString (or SecretString) of a secret.
type SecretDeclaration struct {
	Fixed     string // SecretString; where it is set the rest does not matter
	Template  string // SecretStringTemplate: a JSON object
	Key       string // GenerateStringKey: the member of Template that gets the random text
	Length    int    // PasswordLength
	Forbidden string // characters that may not appear
}

// SecretDir keeps each secret in a file of its own, readable by the owner alone.
type SecretDir string

// Value reads or makes a secret.
func (d SecretDir) Value(id string, declared SecretDeclaration) (string, error) {
	if declared.Fixed != "" {
		return declared.Fixed, nil
	}
	path := filepath.Join(string(d), id+".json")
	data, err := os.ReadFile(path)
	if err == nil {
		return string(data), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read secret %s: %w", id, err)
	}
	value, err := declared.generate()
	if err != nil {
		return "", fmt.Errorf("make secret %s: %w", id, err)
	}
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return "", fmt.Errorf("keep secret %s: %w", id, err)
	}
	if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
		return "", fmt.Errorf("keep secret %s: %w", id, err)
	}
	return value, nil
}

const (
	letters     = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits      = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

// generate follows GenerateSecretString: a random text alone, or as one member of the template.
func (s SecretDeclaration) generate() (string, error) {
	var alphabet []rune
	for _, c := range letters + digits + punctuation {
		if !strings.ContainsRune(s.Forbidden, c) {
			alphabet = append(alphabet, c)
		}
	}
	if len(alphabet) == 0 {
		return "", errors.New("every character is excluded")
	}
	var b strings.Builder
	for range s.Length {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b.WriteRune(alphabet[n.Int64()])
	}
	if s.Key == "" {
		return b.String(), nil
	}
	m := map[string]string{}
	if err := json.Unmarshal([]byte(s.Template), &m); err != nil {
		return "", fmt.Errorf("SecretStringTemplate: %w", err)
	}
	m[s.Key] = b.String()
	out, err := json.Marshal(m)
	return string(out), err
}

// dynamic is a dynamic reference: {{resolve:secretsmanager:ID:SecretString:key:stage:version}}, the end optional.
var dynamic = regexp.MustCompile(`\{\{resolve:secretsmanager:([^:}]+)(?::SecretString(?::([^:}]*))?[^}]*)?\}\}`)

// secrets replaces the dynamic references in a value.
func (r *resolver) secrets(value string) (string, error) {
	var failed error
	out := dynamic.ReplaceAllStringFunc(value, func(m string) string {
		parts := dynamic.FindStringSubmatch(m)
		v, err := r.secret(parts[1], parts[2])
		if err != nil && failed == nil {
			failed = err
		}
		return v
	})
	return out, failed
}

func (r *resolver) secret(id, key string) (string, error) {
	resource, ok := r.resources[id].(map[string]any)
	if !ok || text(resource["Type"]) != "AWS::SecretsManager::Secret" {
		return "", fmt.Errorf("%s is not a secret of this template", id)
	}
	if r.options.Secrets == nil {
		return "", fmt.Errorf("secret %s: no place for secrets was given", id)
	}
	v, err := r.resolve(resource["Properties"])
	if err != nil {
		return "", err
	}
	generate := member(v, "GenerateSecretString")
	declared := SecretDeclaration{
		Fixed:     text(member(v, "SecretString")),
		Template:  text(member(generate, "SecretStringTemplate")),
		Key:       text(member(generate, "GenerateStringKey")),
		Forbidden: text(member(generate, "ExcludeCharacters")),
	}
	if truth(member(generate, "ExcludePunctuation")) {
		declared.Forbidden += punctuation
	}
	if truth(member(generate, "ExcludeNumbers")) {
		declared.Forbidden += digits
	}
	if declared.Length, err = integer("PasswordLength", member(generate, "PasswordLength"), 32); err != nil {
		return "", err
	}
	value, err := r.options.Secrets.Value(id, declared)
	if err != nil || key == "" {
		return value, err
	}
	members := map[string]string{}
	if err := json.Unmarshal([]byte(value), &members); err != nil {
		return "", fmt.Errorf("secret %s is not a JSON object of texts", id)
	}
	found, ok := members[key]
	if !ok {
		return "", fmt.Errorf("secret %s has no member %q", id, key)
	}
	return found, nil
}
