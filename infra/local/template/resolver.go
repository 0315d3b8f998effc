package template

import (
	"fmt"
	"strings"
)

// resolver gives names their values.
type resolver struct {
	raw        map[string]any
	resources  map[string]any
	parameters map[string]any
	conditions map[string]any // name -> bool, or pending while it is worked out
	options    Options
}

type pending struct{}

func (r *resolver) condition(name string) (bool, error) {
	switch known := r.conditions[name].(type) {
	case bool:
		return known, nil
	case pending:
		return false, fmt.Errorf("condition %s refers to itself", name)
	}
	declared, ok := member(r.raw, "Conditions", name).(call)
	if !ok {
		return false, fmt.Errorf("no condition %s", name)
	}
	r.conditions[name] = pending{}
	v, err := r.call(declared)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	r.conditions[name] = truth(v)
	return truth(v), nil
}

// exists says whether the condition of a resource, if it has one, holds.
func (r *resolver) exists(id string) (bool, error) {
	name := text(member(r.resources, id, "Condition"))
	if name == "" {
		return true, nil
	}
	return r.condition(name)
}

// ref is the value of a parameter, a pseudo parameter, or the physical name of a resource.
func (r *resolver) ref(name string) (any, error) {
	if v, ok := r.parameters[name]; ok {
		return v, nil
	}
	switch name {
	case "AWS::NoValue":
		return none{}, nil
	case "AWS::Region":
		return Region, nil
	case "AWS::AccountId":
		return Account, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::StackName":
		return stackName, nil
	case "AWS::StackId":
		return "arn:aws:cloudformation:" + Region + ":" + Account + ":stack/" + stackName + "/local", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	}
	resource, ok := r.resources[name].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("neither a parameter nor a resource is called %s", name)
	}
	// The names that AWS would choose hold a random part; these are stable, so that data survive a restart.
	switch text(resource["Type"]) {
	case "AWS::DynamoDB::Table":
		return r.named(resource, "TableName", stackName+"-"+name)
	case "AWS::SES::ConfigurationSet":
		return r.named(resource, "Name", stackName+"-"+name)
	case "AWS::S3::Bucket":
		return r.named(resource, "BucketName", strings.ToLower(stackName+"-"+name))
	case "AWS::Logs::LogGroup":
		return r.named(resource, "LogGroupName", stackName+"-"+name)
	default:
		return name, nil // a secret, too: in AWS its ARN, which a dynamic reference takes just as well
	}
}

func (r *resolver) named(resource map[string]any, property, otherwise string) (any, error) {
	v, err := r.resolve(member(resource, "Properties", property))
	if err != nil || v == nil {
		return otherwise, err
	}
	return v, nil
}

// attribute is GetAtt: ARNs where the local stack has such a thing, else a text that shows where it came from.
func (r *resolver) attribute(id, name string) (any, error) {
	resource, ok := r.resources[id].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no resource %s", id)
	}
	physical, err := r.ref(id)
	if err != nil {
		return nil, err
	}
	kind := text(resource["Type"])
	switch {
	case kind == "AWS::Serverless::Function" && name == "Arn":
		return Function{Name: id}.ARN(), nil
	case kind == "AWS::DynamoDB::Table" && (name == "Arn" || name == "StreamArn"):
		arn := "arn:aws:dynamodb:" + Region + ":" + Account + ":table/" + text(physical)
		if name == "StreamArn" {
			arn += streamSuffix
		}
		return arn, nil
	case kind == "AWS::S3::Bucket" && name == "Arn":
		return "arn:aws:s3:::" + text(physical), nil // bucket names are unique without account and region
	case name == "Arn":
		service, _, _ := strings.Cut(strings.TrimPrefix(kind, "AWS::"), "::")
		return "arn:aws:" + strings.ToLower(service) + ":" + Region + ":" + Account + ":" + text(physical), nil
	default:
		return text(physical) + "." + name, nil
	}
}

// streamSuffix ends the stream ARN of a table. The label is known only once the table exists; the stream trigger looks it up.
const streamSuffix = "/stream/latest"
