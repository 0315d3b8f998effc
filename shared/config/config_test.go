package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type settings struct {
	Table   string        `env:"TABLE"`
	Origins []string      `env:"ORIGINS,optional"`
	Name    text          `env:"ORG_NAME"`
	Keys    Keys          `env:"FORM_KEYS"`
	Address Key           `env:"ADDRESS_KEY"`
	Lease   time.Duration `env:"LEASE_SECONDS" min:"2" max:"300"`
	Rate    int           `env:"RATE" min:"0"`
	Grace   time.Duration `env:"GRACE_MINUTES"`
	Strict  bool          `env:"STRICT"`
	Nested  struct {
		URL string `env:"URL"`
	}
}

type text struct{ JA, EN string }

func complete() map[string]string {
	return map[string]string{
		"TABLE": "t", "ORG_NAME_JA": "センター", "ORG_NAME_EN": "Centre", "LEASE_SECONDS": "30", "GRACE_MINUTES": "15", "STRICT": "true", "RATE": "0", "URL": "https://x",
		"FORM_KEYS": strings.Repeat("a", 32) + "," + strings.Repeat("b", 40) + ",", "ADDRESS_KEY": strings.Repeat("k", 64),
	}
}

func TestLoad(t *testing.T) {
	got, err := Load[settings](Map(complete()))
	if err != nil {
		t.Fatal(err)
	}
	want := settings{Table: "t", Name: text{"センター", "Centre"}, Lease: 30 * time.Second, Grace: 15 * time.Minute, Strict: true,
		Keys: Keys{Key(strings.Repeat("a", 32)), Key(strings.Repeat("b", 40))}, Address: Key(strings.Repeat("k", 64))}
	want.Nested.URL = "https://x"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadNamesEverythingWrongAtOnce(t *testing.T) {
	env := complete()
	delete(env, "TABLE")
	delete(env, "ORG_NAME_EN")
	delete(env, "URL")
	env["LEASE_SECONDS"] = "1"
	env["RATE"] = "many"
	env["STRICT"] = "yes"
	env["FORM_KEYS"] = "short"
	_, err := Load[settings](Map(env))
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"TABLE is missing", "ORG_NAME_EN is missing", "URL is missing", "LEASE_SECONDS must be at least 2",
		"RATE must be a whole number", "STRICT must be true or false", "FORM_KEYS must hold keys of at least 32 characters"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("error does not say %q: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "ADDRESS_KEY") {
		t.Errorf("error names a setting that is right: %v", err)
	}
}

func TestKeysNeverPrintThemselves(t *testing.T) {
	secret := Key(strings.Repeat("s", 32))
	printed := fmt.Sprintf("%v %s %+v %#v %v", secret, secret, secret, secret, Keys{secret})
	if strings.Contains(printed, "ssss") || strings.Contains(printed, "115") {
		t.Errorf("a key is printed: %s", printed)
	}
}
