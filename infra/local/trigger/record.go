package trigger

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"madoguchi/infra/local/template"
)

// convert gives a change of a stream the shape that Lambda passes on (events.DynamoDBEventRecord). What is in it - keys, new, old
// image - follows the table's StreamViewType.
func convert(r types.Record, streamARN string) (record, error) {
	d := r.Dynamodb
	if d == nil || d.SequenceNumber == nil {
		return record{}, fmt.Errorf("change %s holds no data", aws.ToString(r.EventID))
	}
	change := map[string]any{
		"SequenceNumber": *d.SequenceNumber, "SizeBytes": aws.ToInt64(d.SizeBytes), "StreamViewType": d.StreamViewType,
	}
	if d.ApproximateCreationDateTime != nil {
		change["ApproximateCreationDateTime"] = d.ApproximateCreationDateTime.Unix()
	}
	for name, item := range map[string]map[string]types.AttributeValue{"Keys": d.Keys, "NewImage": d.NewImage, "OldImage": d.OldImage} {
		if item == nil {
			continue
		}
		attributes, err := attributeMap(item)
		if err != nil {
			return record{}, err
		}
		change[name] = attributes
	}
	event := map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": r.EventName, "eventVersion": aws.ToString(r.EventVersion),
		"eventSource": "aws:dynamodb", "awsRegion": template.Region, "dynamodb": change,
		// The engine has a region of its own.
		"eventSourceARN": strings.Replace(streamARN, ":dynoxide:", ":"+template.Region+":", 1),
	}
	if r.UserIdentity != nil { // deleted by TTL
		event["userIdentity"] = map[string]any{"type": aws.ToString(r.UserIdentity.Type), "principalId": aws.ToString(r.UserIdentity.PrincipalId)}
	}
	out, err := json.Marshal(event)
	if err != nil {
		return record{}, fmt.Errorf("change %s: %w", aws.ToString(r.EventID), err)
	}
	return record{sequence: *d.SequenceNumber, at: aws.ToTime(d.ApproximateCreationDateTime), json: out}, nil
}

func attributeMap(item map[string]types.AttributeValue) (map[string]any, error) {
	out := make(map[string]any, len(item))
	for name, v := range item {
		a, err := attribute(v)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		out[name] = a
	}
	return out, nil
}

// attribute is DynamoDB's own JSON of a value: {"S": "..."}; bytes are base64, as encoding/json writes them.
func attribute(v types.AttributeValue) (map[string]any, error) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}, nil
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}, nil
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}, nil
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}, nil
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}, nil
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}, nil
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}, nil
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}, nil
	case *types.AttributeValueMemberM:
		m, err := attributeMap(v.Value)
		return map[string]any{"M": m}, err
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, e := range v.Value {
			a, err := attribute(e)
			if err != nil {
				return nil, err
			}
			list[i] = a
		}
		return map[string]any{"L": list}, nil
	}
	return nil, fmt.Errorf("unknown kind %T", v)
}
