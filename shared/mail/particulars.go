package mail

import (
	"encoding/json"
	"errors"

	"madoguchi/shared/policy"
)

// particulars is the key of a mail's data that holds them, as JSON.
const particulars = "receipt"

// Particulars are what a data receipt says beyond the service's declaration, where records of one service differ: the items
// that an event really asked for, and its partners (R32-R33). Texts are in the language of the mail.
type Particulars struct {
	Items []string            `json:"items"`
	Extra []policy.NoticeItem `json:"extra,omitempty"`
}

// Into puts the particulars into a mail's data.
func (p Particulars) Into(data map[string]string) {
	encoded, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings only
	}
	data[particulars] = string(encoded)
}

// Receipt returns the service as the mail's data receipt names it, and its further points.
func (m Mail) Receipt() (*policy.Service, []policy.NoticeItem, error) {
	service := policy.Get(m.Service)
	encoded := m.Data[particulars]
	if encoded == "" {
		return service, nil, nil
	}
	var p Particulars
	if json.Unmarshal([]byte(encoded), &p) != nil {
		return nil, nil, errors.New("particulars that cannot be read")
	}
	own := *service
	own.Fields = make([]policy.Field, len(p.Items))
	for i, label := range p.Items {
		own.Fields[i].Label = policy.Text{JA: label, EN: label}
	}
	return &own, p.Extra, nil
}
