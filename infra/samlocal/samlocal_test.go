package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"madoguchi/infra/local/template"
)

// builtTemplate is what sam build writes, in little: intrinsic functions are spelt out, and CodeUri leads into the build.
const builtTemplate = `
Parameters:
  Size: {Type: Number, Default: 3}
Resources:
  Form:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: Form
      Environment:
        Variables:
          KEY: {"Fn::Sub": "{{resolve:secretsmanager:${Keys}:SecretString:current}}"}
          TABLE: {Ref: Table}
  Plain:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: Plain}
  Table: {Type: AWS::DynamoDB::Table}
`

var knownFunctions = []template.Function{
	{Name: "Form", Environment: map[string]string{"KEY": "a: \"b\"\n{{c}}", "TABLE": "madoguchi-Table", "SIZE": "007", "WISH": "no"}},
	{Name: "Plain"},
}

func TestLocalTemplate(t *testing.T) {
	out, err := localTemplate([]byte(builtTemplate), knownFunctions, map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": "http://172.17.0.1:3001", "AWS_ENDPOINT_URL_S3": "http://172.17.0.1:3003",
	})
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(out, &tree); err != nil {
		t.Fatal(err)
	}
	function := func(code string, variables map[string]any) map[string]any {
		return map[string]any{"Type": "AWS::Serverless::Function", "Properties": map[string]any{
			"CodeUri": code, "Environment": map[string]any{"Variables": variables},
		}}
	}
	want := map[string]any{
		"Parameters": map[string]any{"Size": map[string]any{"Type": "Number", "Default": 3}},
		"Resources": map[string]any{
			"Form": function("Form", map[string]any{
				"KEY": "a: \"b\"\n{{c}}", "TABLE": "madoguchi-Table", "SIZE": "007", "WISH": "no",
				"AWS_ACCESS_KEY_ID": "local.Form.sam", "AWS_SECRET_ACCESS_KEY": "local",
				"AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:3001", "AWS_ENDPOINT_URL_S3": "http://172.17.0.1:3003",
			}),
			"Plain": function("Plain", map[string]any{
				"AWS_ACCESS_KEY_ID": "local.Plain.sam", "AWS_SECRET_ACCESS_KEY": "local",
				"AWS_ENDPOINT_URL_DYNAMODB": "http://host.docker.internal:3001", "AWS_ENDPOINT_URL_S3": "http://172.17.0.1:3003",
			}),
			"Table": map[string]any{"Type": "AWS::DynamoDB::Table"},
		},
	}
	if diff := cmp.Diff(want, tree); diff != "" {
		t.Error(diff)
	}
}

func TestObjectsOnALoopbackAddress(t *testing.T) {
	got, err := fromContainers(map[string]string{"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:3003"})
	if diff := cmp.Diff(map[string]string{"AWS_ENDPOINT_URL_S3": "http://host.docker.internal:3003"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestLocalTemplateRefuses(t *testing.T) {
	for _, c := range []struct {
		name, built string
		functions   []template.Function
		endpoint    string
		want        string
	}{
		{"nothing", "", knownFunctions, "http://a:1", "empty"},
		{"no YAML", "a: [", knownFunctions, "http://a:1", "read the built template"},
		{"no resources", "a: 1", knownFunctions, "http://a:1", "no Resources"},
		{"a list", "[1]", knownFunctions, "http://a:1", "no Resources"},
		{"a function that the services do not know", builtTemplate, knownFunctions[:1], "http://a:1", "Plain"},
		{"an old build", builtTemplate, append([]template.Function{{Name: "New"}}, knownFunctions...), "http://a:1", "[New]"},
		{"an address without a port", builtTemplate, knownFunctions, "http://a", "is not an address with a port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := localTemplate([]byte(c.built), c.functions, map[string]string{"AWS_ENDPOINT_URL_S3": c.endpoint})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestSAMEnvironment(t *testing.T) {
	got := samEnvironment([]string{
		"PATH=/bin", "HOME=/home/a", "GOPROXY=direct", "DOCKER_CERT_PATH=/c", "SAM_CLI_POLL_DELAY=1", "HTTPS_PROXY=p",
		"AWS_ACCESS_KEY_ID=own", "AWS_PROFILE=prod", "LOG_LEVEL=DEBUG", "PUBLIC_URL=https://forms.example.jp", "PATHS=1", "CGO_ENABLED=1",
	}, "/state")
	for _, name := range []string{"AWS_ACCESS_KEY_ID=own", "AWS_PROFILE=prod", "LOG_LEVEL=DEBUG", "PUBLIC_URL=https://forms.example.jp", "PATHS=1", "CGO_ENABLED=1"} {
		if slices.Contains(got, name) {
			t.Errorf("%s reaches the SAM CLI and takes the place of a setting", name)
		}
	}
	for _, name := range []string{"PATH=/bin", "HOME=/home/a", "GOPROXY=direct", "DOCKER_CERT_PATH=/c", "HTTPS_PROXY=p", "SAM_CLI_TELEMETRY=0", "CGO_ENABLED=0"} {
		if !slices.Contains(got, name) {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestStandInFiles(t *testing.T) {
	var archive bytes.Buffer
	if err := standInFiles(&archive, []byte("busybox")); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for r := tar.NewReader(&archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg && h.Mode&0o111 == 0 {
			t.Errorf("%s cannot be run", h.Name)
		}
		got[h.Name] = string(content) + h.Linkname
	}
	// What the SAM CLI's own Dockerfile and its start of a container use.
	want := map[string]string{
		"bin/": "", "opt/": "", "tmp/": "", "var/": "", "var/rapid/": "", "var/runtime/": "", "var/task/": "", "bin/busybox": "busybox",
		"bin/cat": "busybox", "bin/chmod": "busybox", "bin/cp": "busybox", "bin/mv": "busybox", "bin/rm": "busybox", "bin/sh": "busybox",
		"lambda-entrypoint.sh":  "#!/bin/sh\nexec /var/rapid/aws-lambda-rie /var/runtime/bootstrap\n",
		"var/runtime/bootstrap": "#!/bin/sh\nexec /var/task/bootstrap\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFree(t *testing.T) {
	addr, err := free("")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("%s is not free: %v", addr, err)
	}
	defer func() { _ = listener.Close() }()
	if _, err := free(addr); err == nil || !strings.Contains(err.Error(), "-addr") {
		t.Errorf("an address in use: %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"none", nil, `unknown command "": say up or down`},
		{"unknown", []string{"start"}, `unknown command "start": say up or down`},
		{"too many", []string{"up", "now"}, `unknown argument "now"`},
		{"flag", []string{"up", "-port", "1"}, "flag provided but not defined: -port"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := run(t.Context(), c.args, nil, io.Discard, io.Discard)
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
