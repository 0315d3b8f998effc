package load

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"madoguchi/infra/local/stack"
	"madoguchi/shared/config"
	"madoguchi/shared/desk"
	"madoguchi/shared/policy"
	"madoguchi/shared/publications"
)

func init() { stack.RegisterLoader("publications", publicationDrafts) }

// publicationDrafts adds or replaces publications: [{id, title: {ja, en?}, language, stock, limit, about?, pages?, withdrawn?,
// thumbnail?}]. The stock is what can be asked for from then on.
func publicationDrafts(_ context.Context, in stack.LoadContext, content json.RawMessage) (stack.Apply, error) {
	var drafts []publications.Draft
	if err := strict(content, &drafts); err != nil {
		return nil, &stack.LoadError{Reason: "must be a list of {id, title: {ja, en}, language, stock, limit, about, pages, withdrawn, thumbnail} and nothing else"}
	}
	if err := publications.Check(drafts); err != nil {
		return nil, loadError(err)
	}
	env := config.Map(in.Environment("PublicationsFunction"))
	d, tables, err := desk.With[publications.Tables](env, policy.Get(policy.Publications), in.DynamoDB, time.Now)
	if err != nil {
		return nil, err
	}
	store := publications.Open(d, tables)
	return func(ctx context.Context) (int, error) { return len(drafts), store.Save(ctx, drafts) }, nil
}

// loadError puts what the store finds wrong in the words of the loader.
func loadError(err error) error {
	var all interface{ Unwrap() []error }
	if errors.As(err, &all) {
		var wrong []error
		for _, e := range all.Unwrap() {
			wrong = append(wrong, loadError(e))
		}
		return errors.Join(wrong...)
	}
	var draft *publications.DraftError
	if errors.As(err, &draft) {
		return &stack.LoadError{Place: draft.Place, Reason: draft.Reason}
	}
	return err
}
