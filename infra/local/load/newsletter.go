package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"madoguchi/infra/local/stack"
	"madoguchi/shared/config"
	"madoguchi/shared/policy"
	"madoguchi/shared/subscription"
	"madoguchi/shared/subscription/reception"
)

func init() {
	stack.RegisterLoader("business_categories", businessCategories)
	stack.RegisterLoader("subscribers", subscribers)
}

// strict decodes JSON and refuses members that nobody asked for: content that would be dropped silently.
func strict(content json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func newsletter(in stack.LoadContext) (*subscription.List, error) {
	return reception.Open(config.Map(in.Environment("NewsletterFunction")), policy.Get(policy.Newsletter), reception.Names{Table: "NEWSLETTER_TABLE"},
		in.DynamoDB, time.Now)
}

func press(in stack.LoadContext) (*subscription.List, error) {
	return reception.Open(config.Map(in.Environment("PressFunction")), policy.Get(policy.Press),
		reception.Names{Table: "PRESS_TABLE", Approval: "PRESS_APPROVAL"}, in.DynamoDB, time.Now)
}

// businessCategories replaces the list of categories of business: [{value, label}].
func businessCategories(_ context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	var categories []subscription.Category
	if err := strict(content, &categories); err != nil {
		return nil, &stack.LoadError{Reason: "must be a list of {value, label} and nothing else"}
	}
	var wrong *subscription.CategoryError
	if err := subscription.CheckCategories(categories); errors.As(err, &wrong) {
		return nil, &stack.LoadError{Place: wrong.Place, Reason: wrong.Reason}
	}
	list, err := newsletter(in)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (int, error) { return len(categories), list.SaveCategories(ctx, categories) }, nil
}

const (
	maxSubscribers = 10_000_000
	// perWrite is how many made-up subscribers lie in memory at once.
	perWrite = 1000
)

// subscribers makes confirmed synthetic subscribers: {list, count}.
func subscribers(_ context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	var wanted struct {
		List  policy.Code `json:"list"`
		Count int         `json:"count"`
	}
	if err := strict(content, &wanted); err != nil {
		return nil, &stack.LoadError{Reason: "must be {list, count} and nothing else"}
	}
	switch {
	case wanted.List != policy.Newsletter && wanted.List != policy.Press:
		return nil, &stack.LoadError{Place: ".list", Reason: fmt.Sprintf("must be %q or %q", policy.Newsletter, policy.Press)}
	case wanted.Count < 1 || wanted.Count > maxSubscribers:
		return nil, &stack.LoadError{Place: ".count", Reason: fmt.Sprintf("must be 1 to %d", maxSubscribers)}
	}
	open := newsletter
	if wanted.List == policy.Press {
		open = press
	}
	list, err := open(in)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (int, error) {
		categories, err := list.CategoryCodes(ctx)
		if err != nil {
			return 0, err
		}
		var pending []subscription.Subscriber
		for n := 1; n <= wanted.Count; n++ {
			s, err := list.Synthetic(n, categories)
			if err != nil {
				return 0, err
			}
			if pending = append(pending, s); len(pending) == perWrite || n == wanted.Count {
				if err := list.StoreSynthetic(ctx, pending); err != nil {
					return 0, err
				}
				pending = pending[:0]
			}
		}
		return wanted.Count, nil
	}, nil
}
