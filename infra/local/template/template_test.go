package template

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
)

// parse reads a template that consists of the given sections and one function whose variable V has the given value.
func parse(t *testing.T, sections, value string, o Options) (*Template, error) {
	t.Helper()
	text := sections + `
Resources:
  Table: { Type: "AWS::DynamoDB::Table", Properties: { AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }], KeySchema: [{ AttributeName: pk, KeyType: HASH }] } }
  Named: { Type: "AWS::DynamoDB::Table", Properties: { TableName: own-name, KeySchema: [] } }
  Keys: { Type: "AWS::SecretsManager::Secret", Properties: { GenerateSecretString: { SecretStringTemplate: '{"old":"x"}', GenerateStringKey: new, PasswordLength: 20, ExcludePunctuation: true } } }
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: f
      Environment: { Variables: { V: ` + value + ` } }
`
	return Parse([]byte(text), o)
}

func TestBuckets(t *testing.T) {
	const resources = `
Parameters: { Told: { Type: String, Default: "true" } }
Resources:
  Inbox: { Type: "AWS::S3::Bucket", Properties: { NotificationConfiguration: { EventBridgeConfiguration: {} } } }
  Photos: { Type: "AWS::S3::Bucket" }
  Some: { Type: "AWS::S3::Bucket", Properties: { BucketName: some-photos, NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: !Ref Told } } } }
  Silent: { Type: "AWS::S3::Bucket", Properties: { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: false } } } }
  F:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: f, Environment: { Variables: { NAME: !Ref Some, ARN: !Sub "${Some.Arn}/*" } } }
`
	got, err := Parse([]byte(resources), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Bucket{{"madoguchi-inbox", true}, {"madoguchi-photos", false}, {"madoguchi-silent", false}, {"some-photos", true}}
	if diff := cmp.Diff(want, got.Buckets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"NAME": "some-photos", "ARN": "arn:aws:s3:::some-photos/*"}, got.Functions[0].Environment); diff != "" {
		t.Error(diff)
	}
}

func TestValues(t *testing.T) {
	const sections = `
Parameters:
  Name: { Type: String, Default: abc }
  List: { Type: CommaDelimitedList, Default: "a, b" }
  Number: { Type: Number, Default: 007 }
Conditions:
  Yes: !Equals [!Ref Name, abc]
  No: !Not [!Condition Yes]
  Both: !And [!Condition Yes, !Not [!Condition No]]
  One: !Or [!Condition No, !Condition Yes]
Mappings: { Map: { a: { b: found } } }
`
	for _, c := range []struct{ name, value, want string }{
		{"text", `plain`, "plain"},
		{"number keeps its spelling", `0.50`, "0.50"},
		{"truth value", `true`, "true"},
		{"Ref", `!Ref Name`, "abc"},
		{"Ref, long form", `{ Ref: Name }`, "abc"},
		{"Ref of a number", `!Ref Number`, "007"},
		{"Ref of a list", `!Join ["-", !Ref List]`, "a-b"},
		{"Ref of a table", `!Ref Table`, "madoguchi-Table"},
		{"Ref of a table with a name", `!Ref Named`, "own-name"},
		{"pseudo parameter", `!Ref AWS::Region`, "ap-northeast-1"},
		{"GetAtt", `!GetAtt Table.Arn`, "arn:aws:dynamodb:ap-northeast-1:123456789012:table/madoguchi-Table"},
		{"GetAtt, list", `!GetAtt [F, Arn]`, "arn:aws:lambda:ap-northeast-1:123456789012:function:F"},
		{"Sub", `!Sub "${Name}/${Table.Arn}/${AWS::Partition}"`, "abc/arn:aws:dynamodb:ap-northeast-1:123456789012:table/madoguchi-Table/aws"},
		{"Sub, own names", `!Sub ["${x}${Name}", { x: !Ref Number }]`, "007abc"},
		{"Sub, literal", `!Sub "${!Name}"`, "${Name}"},
		{"Fn::Sub", `{ "Fn::Sub": "${Name}" }`, "abc"},
		{"Select of Split", `!Select [1, !Split [".", "a.b.c"]]`, "b"},
		{"If, true", `!If [Yes, !Ref Name, !Ref DoesNotExist]`, "abc"},
		{"If, false", `!If [No, !Ref DoesNotExist, other]`, "other"},
		{"And", `!If [Both, y, n]`, "y"},
		{"Or", `!If [One, y, n]`, "y"},
		{"FindInMap", `!FindInMap [Map, a, b]`, "found"},
		{"secret, fixed member", `"{{resolve:secretsmanager:Keys:SecretString:old}}"`, "x"},
		{"secret within text", `!Sub "<{{resolve:secretsmanager:${Keys}:SecretString:old}},{{resolve:secretsmanager:${Keys}:SecretString:old}}>"`, "<x,x>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(t, sections, c.value, Options{Secrets: SecretDir(t.TempDir())})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Functions[0].Environment["V"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestValuesThatCannotBeResolved(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"no such name", `!Ref Nothing`, "neither a parameter nor a resource is called Nothing"},
		{"no such resource", `!GetAtt Nothing.Arn`, "no resource Nothing"},
		{"unknown function", `!Cidr [a, b]`, "does not know this function"},
		{"no such condition", `!If [Nothing, a, b]`, "no condition Nothing"},
		{"outside the list", `!Select [3, [a]]`, "no element 3"},
		{"no such secret", `"{{resolve:secretsmanager:Other:SecretString:a}}"`, "Other is not a secret"},
		{"no such member", `"{{resolve:secretsmanager:Keys:SecretString:a}}"`, `no member "a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, "", c.value, Options{Secrets: SecretDir(t.TempDir())})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestConditionThatNeedsItself(t *testing.T) {
	_, err := parse(t, "Conditions: { A: !Not [!Condition B], B: !Not [!Condition A] }", "!If [A, 1, 2]", Options{})
	if err == nil || !strings.Contains(err.Error(), "refers to itself") {
		t.Errorf("error %v", err)
	}
}

func TestVariable(t *testing.T) {
	for parameter, want := range map[string]string{
		"FormMinimumSeconds": "FORM_MINIMUM_SECONDS", "PublicUrl": "PUBLIC_URL", "ApiURL": "API_URL", "URLOfApi": "URL_OF_API",
		"OrganizationNameJa": "ORGANIZATION_NAME_JA", "Level2Name": "LEVEL2_NAME", "x": "X",
	} {
		if got := Variable(parameter); got != want {
			t.Errorf("Variable(%s) = %s, want %s", parameter, got, want)
		}
	}
}

// Hard case 25 begins here: a retention below its minimum does not even start, unless a test wants to see the function refuse it.
func TestParameterChecks(t *testing.T) {
	const sections = `
Parameters:
  Days: { Type: Number, Default: 7, MinValue: 1, MaxValue: 30 }
  Kind: { Type: String, Default: a, AllowedValues: [a, b] }
  Address: { Type: String, Default: x@y, AllowedPattern: "[^@]+@[^@]+" }
  Office: { Type: String, Default: abc, MinLength: 1, MaxLength: 3 }
`
	for _, c := range []struct {
		name string
		env  map[string]string
		want string // part of the error; "" for none
	}{
		{"defaults", nil, ""},
		{"all allowed", map[string]string{"DAYS": "30", "KIND": "b", "ADDRESS": "a@b", "OFFICE": "日本局"}, ""},
		{"too small", map[string]string{"DAYS": "0"}, `parameter Days (DAYS="0"): must be at least 1`},
		{"too large", map[string]string{"DAYS": "31"}, "must be at most 30"},
		{"no number", map[string]string{"DAYS": "many"}, "must be a number"},
		{"not allowed", map[string]string{"KIND": "c"}, "must be one of a, b"},
		{"pattern holds for all of it", map[string]string{"ADDRESS": "a@b@c"}, "must match"},
		{"too short", map[string]string{"OFFICE": ""}, "at least 1"},
		{"too long", map[string]string{"OFFICE": "日本局长"}, "at most 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, sections, "x", Options{Environment: c.env})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if _, err := parse(t, sections, "x", Options{Environment: c.env, SkipChecks: true}); err != nil {
				t.Errorf("with SkipChecks: %v", err)
			}
		})
	}
	t.Run("every problem at once", func(t *testing.T) {
		_, err := parse(t, sections, "x", Options{Environment: map[string]string{"DAYS": "0", "KIND": "c"}})
		if err == nil || !strings.Contains(err.Error(), "Days") || !strings.Contains(err.Error(), "Kind") {
			t.Errorf("error %v", err)
		}
	})
}

func TestWhichValueAParameterGets(t *testing.T) {
	const sections = "Parameters: { PublicUrl: { Type: String, Default: template } }"
	for _, c := range []struct {
		name          string
		env, defaults map[string]string
		want          string
	}{
		{"the template's", nil, nil, "template"},
		{"this run's", nil, map[string]string{"PublicUrl": "run"}, "run"},
		{"the environment's", map[string]string{"PUBLIC_URL": "env"}, map[string]string{"PublicUrl": "run"}, "env"},
		{"an empty one counts", map[string]string{"PUBLIC_URL": ""}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(t, sections, "!Ref PublicUrl", Options{Environment: c.env, Defaults: c.defaults})
			if err != nil {
				t.Fatal(err)
			}
			if v := got.Functions[0].Environment["V"]; v != c.want {
				t.Errorf("%q, want %q", v, c.want)
			}
		})
	}
}

func TestSecretsStay(t *testing.T) {
	dir := t.TempDir()
	read := func(dir string) string {
		got, err := parse(t, "", `"{{resolve:secretsmanager:Keys:SecretString:new}}"`, Options{Secrets: SecretDir(dir)})
		if err != nil {
			t.Fatal(err)
		}
		return got.Functions[0].Environment["V"]
	}
	first := read(dir)
	if len(first) != 20 || strings.ContainsAny(first, punctuation) {
		t.Errorf("secret %q: want 20 letters and digits", first)
	}
	if again := read(dir); again != first {
		t.Errorf("after a restart the secret is another one: %q, %q", first, again)
	}
	if other := read(t.TempDir()); other == first {
		t.Error("two data folders have the same secret")
	}
	info, err := os.Stat(filepath.Join(dir, "Keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("secret file: %v, %v; only its owner may read it", info.Mode(), err)
	}
}

func TestFunction(t *testing.T) {
	got, err := Load(filepath.Join("..", "testdata", "template.yaml"), Options{
		Environment: map[string]string{"ALLOWED_ORIGINS": "https://a.example,https://b.example"}, Secrets: SecretDir(t.TempDir()),
	})
	if err != nil {
		t.Fatal(err)
	}
	cors := &CORS{AllowOrigins: []string{"https://a.example", "https://b.example"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"content-type"}, MaxAge: 60}
	echo, worker := got.Functions[0], got.Functions[1]
	if diff := cmp.Diff([]Route{
		{Function: "EchoFunction", Method: "GET", Path: "/echo/{name}/{proxy+}", CORS: cors},
		{Function: "EchoFunction", Method: "ANY", Path: "/echo", CORS: cors},
	}, echo.Routes); diff != "" {
		t.Error(diff)
	}
	if echo.Environment["GREETING"] != "hello" || echo.Environment["KEEP_DAYS"] != "7" {
		t.Errorf("global and own variables: %v", echo.Environment)
	}
	echo.Environment, echo.Routes = nil, nil
	if diff := cmp.Diff(Function{
		Name: "EchoFunction", CodeURI: "functions/echo", Handler: "bootstrap", Timeout: 2 * time.Second, MemoryMB: 256, AsyncRetries: 2,
	}, echo); diff != "" {
		t.Error(diff)
	}
	worker.Environment = nil
	if diff := cmp.Diff(Function{
		Name: "WorkerFunction", CodeURI: "functions/worker", Handler: "bootstrap", Timeout: 5 * time.Second, MemoryMB: 256, AsyncRetries: 2,
		Streams: []Stream{{
			Function: "WorkerFunction", Event: "Jobs", Table: "madoguchi-Jobs", FromBeginning: true, BatchSize: 5, MaximumRetries: 3,
			PartialAnswers: true, Filters: []string{`{"eventName":["INSERT"]}`},
		}},
		Schedules: []Schedule{{Function: "WorkerFunction", Event: "Hourly", Expression: "rate(1 hour)", Scheduler: true}},
		Rules: []Rule{{
			Function: "WorkerFunction", Event: "Arrived",
			Pattern: `{"detail":{"bucket":{"name":["madoguchi-inbox"]},"object":{"key":[{"prefix":"mail/"}]}},"detail-type":["Object Created"],"source":["aws.s3"]}`,
		}, {Function: "WorkerFunction", Event: "Mail", Pattern: `{"detail-type":["Email Sent"],"source":["aws.ses"]}`}},
	}, worker); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]ConfigurationSet{"madoguchi-Mails": {Suppressed: []string{}, Published: []string{"SEND"}}}, got.ConfigurationSets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"example.jp"}, got.Identities); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	got, err := Parse([]byte(`
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: true
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
      StreamSpecification: { StreamViewType: NEW_IMAGE }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }, { AttributeName: at, AttributeType: N }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      GlobalSecondaryIndexes:
        - { IndexName: by, KeySchema: [{ AttributeName: at, KeyType: HASH }], Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [a] } }
  Absent: { Type: AWS::DynamoDB::Table, Condition: Never, Properties: { KeySchema: !Ref Nothing } }
Conditions: { Never: !Equals [a, b] }
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Tables) != 1 {
		t.Fatalf("%d tables, want the one whose condition holds", len(got.Tables))
	}
	table := got.Tables[0]
	if table.Name != "madoguchi-T" || table.TTL != "expires_at" || !aws.ToBool(table.Create.StreamSpecification.StreamEnabled) {
		t.Errorf("table %+v", table)
	}
	index := table.Create.GlobalSecondaryIndexes[0]
	if aws.ToString(index.IndexName) != "by" || index.Projection.NonKeyAttributes[0] != "a" || len(table.Create.AttributeDefinitions) != 2 {
		t.Errorf("index %+v", index)
	}
}

// A function that silently never ran would be worse than a start that fails.
func TestUnknownEventIsAnError(t *testing.T) {
	_, err := Parse([]byte(`
Resources:
  F: { Type: AWS::Serverless::Function, Properties: { CodeUri: f, Events: { Q: { Type: SQS, Properties: {} } } } }
`), Options{})
	if err == nil || !strings.Contains(err.Error(), `resource F: event Q`) {
		t.Errorf("error %v", err)
	}
}

func TestBrokenTemplates(t *testing.T) {
	for _, text := range []string{"", "a: [", "- list"} {
		if _, err := Parse([]byte(text), Options{}); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yaml"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

// The project's own template must be one that the local stack can play.
func TestOwnTemplate(t *testing.T) {
	got, err := Load(filepath.Join("..", "..", "..", "template.yaml"), Options{Secrets: SecretDir(t.TempDir())})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Functions) == 0 || len(got.Tables) == 0 {
		t.Errorf("%d functions, %d tables", len(got.Functions), len(got.Tables))
	}
	for _, f := range got.Functions {
		if f.CodeURI == "" || len(f.Routes)+len(f.Streams)+len(f.Schedules)+len(f.Rules) == 0 {
			t.Errorf("function %s has no code or nothing that invokes it", f.Name)
		}
		if _, err := json.Marshal(f); err != nil {
			t.Error(err)
		}
	}
}
