package subscription

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"madoguchi/shared/form"
	"madoguchi/shared/policy"
	"madoguchi/shared/record"
	"madoguchi/shared/text"
)

// Category is one category of business (業種), of the list that staff keep (R18).
type Category struct {
	Value string `dynamodbav:"value" json:"value"` // code, stored with subscribers: a-z, 0-9, _ and -
	Label string `dynamodbav:"label" json:"label"` // Japanese
}

// DefaultCategories is the list that ships; staff replace it.
func DefaultCategories() []Category {
	return []Category{
		{"manufacturing", "製造業"}, {"trade", "商社・卸売・小売"}, {"finance", "金融・保険"}, {"logistics", "運輸・物流"},
		{"construction", "建設・不動産"}, {"information", "情報通信"}, {"tourism", "旅行・宿泊・飲食"}, {"energy", "資源・エネルギー"},
		{"agriculture", "農林水産・食品"}, {"consulting", "コンサルティング・専門サービス"}, {"media", "報道・出版・広告"},
		{"education", "学校・研究機関"}, {"government", "官公庁・自治体・国際機関"}, {"association", "業界団体・非営利団体"},
		{"student", "学生"}, {"other", "その他"},
	}
}

// categoriesItem is the list in the list's own table.
type categoriesItem struct {
	PK       string     `dynamodbav:"pk"`
	SK       string     `dynamodbav:"sk"`
	Version  int64      `dynamodbav:"version"` // Unix milliseconds of the change
	Category []Category `dynamodbav:"items"`
}

const (
	settingsPartition = "settings"
	// categoriesFor is how long a process may go on with the list that it has read (design: 30 seconds).
	categoriesFor = 30 * time.Second
	// A page does not wait long for the list, and does not ask again at once where it did not come.
	categoriesWait  = 800 * time.Millisecond
	categoriesAgain = 5 * time.Second
)

// Categories keeps the list in the process.
type Categories struct {
	List *List

	mu     sync.Mutex
	read   time.Time
	cached []form.Option
}

// Options returns the choices. Where the store is out of reach the last list known goes on, at first the one that ships:
// a visitor can fill the form in, and sending it says what is the matter.
func (c *Categories) Options(ctx context.Context) []form.Option {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.List.Now()
	if c.cached != nil && now.Sub(c.read) < categoriesFor {
		return c.cached
	}
	ctx, cancel := context.WithTimeout(ctx, categoriesWait)
	defer cancel()
	list, err := c.List.categories(ctx)
	c.read = now
	if err != nil {
		c.read = now.Add(categoriesAgain - categoriesFor)
		if c.cached != nil {
			return c.cached
		}
		list = DefaultCategories()
	}
	options := make([]form.Option, len(list))
	for i, category := range list {
		options[i] = form.Option{Value: category.Value, Label: policy.Text{JA: category.Label}}
	}
	c.cached = options
	return options
}

// categories reads the list, or returns the one that ships where staff have kept none.
func (l *List) categories(ctx context.Context) ([]Category, error) {
	var item categoriesItem
	found, err := record.Get(ctx, l.Client, l.Table, record.Key(settingsPartition, string(policy.BusinessCategories)), l.Now(), &item)
	if err == nil && !found {
		return DefaultCategories(), nil
	}
	return item.Category, err
}

// CategoryCodes returns the codes of the list as it is now. The error is record.ErrUnavailable.
func (l *List) CategoryCodes(ctx context.Context) ([]string, error) {
	list, err := l.categories(ctx)
	codes := make([]string, len(list))
	for i, category := range list {
		codes[i] = category.Value
	}
	return codes, err
}

// CategoryError says what is wrong with a list of categories, and where ("[3].value", "" for all of it).
type CategoryError struct{ Place, Reason string }

func (e *CategoryError) Error() string {
	return string(policy.BusinessCategories) + e.Place + ": " + e.Reason
}

// CheckCategories tells what is wrong with a list before it is stored. The error is a *CategoryError.
func CheckCategories(list []Category) error {
	if len(list) == 0 {
		return &CategoryError{"", "at least one category is needed"}
	}
	seen := map[string]bool{}
	for i, category := range list {
		place := fmt.Sprintf("[%d]", i)
		if category.Value == "" || len(category.Value) > 40 || strings.Trim(category.Value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
			return &CategoryError{place + ".value", "1 to 40 of a-z, 0-9, _ and - are allowed"}
		}
		if seen[category.Value] {
			return &CategoryError{place + ".value", "occurs twice"}
		}
		seen[category.Value] = true
		if label, err := text.Line(category.Label); err != nil || label == "" || text.TooLong(label, 60, 600) {
			return &CategoryError{place + ".label", "one line of 1 to 60 characters is needed"}
		}
	}
	return nil
}

// SaveCategories stores a new list. The error is CheckCategories' or record.ErrUnavailable.
func (l *List) SaveCategories(ctx context.Context, list []Category) error {
	if err := CheckCategories(list); err != nil {
		return err
	}
	_, err := record.Put(ctx, l.Client, l.Table, categoriesItem{PK: settingsPartition, SK: string(policy.BusinessCategories),
		Version: l.Now().UnixMilli(), Category: list}, record.Condition{})
	return err
}
