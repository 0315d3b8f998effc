package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"

	"go.yaml.in/yaml/v3"

	"madoguchi/infra/local/template"
)

// hostName is how containers call this machine.
const hostName = "host.docker.internal"

// localTemplate returns a copy of a built template in which each function's settings are the values that the local services
// know (the SAM CLI resolves no secret and knows other table names), with the services' addresses and keys that name the
// function. A function that the local stack does not know is an error: it would run with half of its settings.
func localTemplate(built []byte, functions []template.Function, endpoints map[string]string) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(built, &document); err != nil {
		return nil, fmt.Errorf("read the built template: %w", err)
	}
	if len(document.Content) == 0 {
		return nil, errors.New("read the built template: it is empty")
	}
	services, err := fromContainers(endpoints)
	if err != nil {
		return nil, err
	}
	settings := map[string]map[string]string{}
	for _, f := range functions {
		all := maps.Clone(f.Environment)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, services)
		// The same form as the local stack's keys: its proxy and its SES count by function.
		all["AWS_ACCESS_KEY_ID"], all["AWS_SECRET_ACCESS_KEY"] = "local."+f.Name+".sam", "local"
		settings[f.Name] = all
	}
	resources := at(document.Content[0], "Resources")
	if resources == nil {
		return nil, errors.New("read the built template: it has no Resources")
	}
	for i := 0; i+1 < len(resources.Content); i += 2 {
		name, resource := resources.Content[i].Value, resources.Content[i+1]
		if kind := at(resource, "Type"); kind == nil || kind.Value != "AWS::Serverless::Function" {
			continue
		}
		values, known := settings[name]
		properties := at(resource, "Properties")
		if !known || properties == nil {
			return nil, fmt.Errorf("the local services do not know the function %s of the built template", name)
		}
		delete(settings, name)
		set(properties, "Environment", mapping("Variables", variables(values)))
	}
	if len(settings) > 0 {
		return nil, fmt.Errorf("the built template lacks the functions %v: build it anew", slices.Sorted(maps.Keys(settings)))
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	if err := encoder.Encode(&document); err != nil {
		return nil, fmt.Errorf("write the local template: %w", err)
	}
	return out.Bytes(), nil
}

// fromContainers turns the services' addresses into what a container sees.
func fromContainers(endpoints map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for variable, address := range endpoints {
		u, err := url.Parse(address)
		if err != nil || u.Port() == "" {
			return nil, fmt.Errorf("%s=%s is not an address with a port", variable, address)
		}
		// Links into S3 are also for the browser, which knows a bridge's address but not the containers' name for it.
		if ip := net.ParseIP(u.Hostname()); variable != "AWS_ENDPOINT_URL_S3" || ip == nil || ip.IsLoopback() {
			u.Host = hostName + ":" + u.Port()
		}
		out[variable] = u.String()
	}
	return out, nil
}

// at returns a member of a mapping, nil where there is none.
func at(node *yaml.Node, name string) *yaml.Node {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

// set replaces or adds a member of a mapping.
func set(node *yaml.Node, name string, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			node.Content[i+1] = value
			return
		}
	}
	node.Content = append(node.Content, scalar(name), value)
}

func mapping(name string, value *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{scalar(name), value}}
}

func variables(values map[string]string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		node.Content = append(node.Content, scalar(name), scalar(values[name]))
	}
	return node
}

// scalar is a text whatever it looks like: "300" must not become a number, nor "no" a truth value.
func scalar(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: yaml.DoubleQuotedStyle}
}
