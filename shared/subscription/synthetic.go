package subscription

import (
	"context"
	"errors"
	"fmt"

	"madoguchi/shared/address"
	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
)

// ChannelSynthetic marks subscribers who are nobody: load for measuring, made by the local stack.
const ChannelSynthetic = "synthetic"

// Synthetic returns the n-th (from 1) made-up confirmed subscriber: s000001@example.jp, spread over all prefectures and
// the given categories. It goes through the checks of the form; no mail is promised and no evidence claimed.
func (l *List) Synthetic(n int, categories []string) (Subscriber, error) {
	prefectures := form.Prefectures()
	post := form.Post{Values: map[string]string{
		"email": fmt.Sprintf("s%06d@example.jp", n), "name": fmt.Sprintf("見本 %d", n), "organization": fmt.Sprintf("見本団体%d", n%1000),
		"prefecture": prefectures[n%len(prefectures)].Value, "business_category": categories[n%len(categories)],
	}}
	options := make([]form.Option, len(categories))
	for i, category := range categories {
		options[i] = form.Option{Value: category}
	}
	values, wrong := form.Validate(declared(l.Service, options), post, policy.Japanese)
	if len(wrong) > 0 {
		return Subscriber{}, fmt.Errorf("synthetic subscriber: field %s: %s", wrong[0].Field, wrong[0].Code)
	}
	to, err := address.Parse(values["email"])
	if err != nil {
		return Subscriber{}, errors.New("synthetic subscriber: address does not parse")
	}
	now := l.Now()
	person := to.Key(l.AddressKey)
	s := Subscriber{PK: person[:2], Person: person, State: Confirmed, Email: values["email"], Fields: without(values, "email"),
		Proof: Proof{Ref: fmt.Sprintf("S%06d", n), Policy: policy.Version, FormVersion: l.Service.FormVersion, Language: policy.Japanese,
			Channel: ChannelSynthetic, OpenedAt: stamp(now), SubmittedAt: stamp(now)},
		ConfirmedAt: stamp(now), ExpiresAt: l.Periods.Expiry("confirmed", now).Unix()}
	s.Marks = l.marks(s)
	return s, nil
}

// StoreSynthetic writes made-up subscribers, in batches; what is there under the same address is replaced.
func (l *List) StoreSynthetic(ctx context.Context, all []Subscriber) error {
	return record.PutAll(ctx, l.Client, l.Table, all)
}
