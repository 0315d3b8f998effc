package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"slices"

	"madoguchi/shared/campaign"
	"madoguchi/shared/campaign/envelope"
	"madoguchi/shared/objects"
	"madoguchi/shared/staff"
)

// keep stores a draft that was judged: a new campaign, or a new version of one. The ledger comes first.
func (e *editor) keep(ctx context.Context, d *draft, was *campaign.Campaign, j *judged) (campaign.Campaign, error) {
	c, author := j.campaign, staff.Of(ctx).ID
	if was == nil {
		c.ID, c.Author = campaign.NewID(), author
		if err := e.staff.Audit(ctx, "campaign.create", object(&c)); err != nil {
			return c, err
		}
		if err := e.keepFiles(ctx, d, &c); err != nil {
			return c, err
		}
		return e.store.Create(ctx, c, j.contents)
	}
	if err := e.staff.Audit(ctx, "campaign.save", object(was)); err != nil {
		return *was, err
	}
	if err := e.keepFiles(ctx, d, &c); err != nil {
		return *was, err
	}
	return e.store.Save(ctx, was.ID, author, j.contents, func(now *campaign.Campaign) error {
		if err := fits(d.Version, now); err != nil {
			return err
		}
		now.Segment, now.Follows, now.Correction, now.ReplyTo, now.EmbargoUntil = c.Segment, c.Follows, c.Correction, c.ReplyTo, c.EmbargoUntil
		if d.Attachments != nil {
			now.Files = c.Files
		}
		return nil
	})
}

// keepFiles puts new attachments into the bucket. The keys tell nothing; what no campaign names any more goes by the bucket's
// lifecycle.
func (e *editor) keepFiles(ctx context.Context, d *draft, c *campaign.Campaign) error {
	if d.Attachments == nil {
		return nil
	}
	c.Files = nil
	for _, f := range *d.Attachments {
		if f.kept != nil {
			c.Files = append(c.Files, *f.kept)
			continue
		}
		key := filesPrefix + c.ID + "/" + rand.Text()
		if err := e.files.Put(ctx, key, objects.Object{Content: f.Content, ContentType: f.Type}); err != nil {
			return fmt.Errorf("keep attachment: %w", err)
		}
		c.Files = append(c.Files, campaign.File{Name: f.Name, Type: f.Type, Size: len(f.Content), Key: key})
	}
	return nil
}

// filesPrefix begins the keys of attachments.
const filesPrefix = "campaigns/"

// copy makes a new draft that says the same.
func (e *editor) copy(w http.ResponseWriter, r *http.Request, c *campaign.Campaign) error {
	ctx := r.Context()
	contents, err := e.store.Contents(ctx, *c, c.Version)
	if err != nil {
		return err
	}
	fresh := campaign.Campaign{ID: campaign.NewID(), Kind: c.Kind, Event: c.Event, Segment: c.Segment, ReplyTo: c.ReplyTo, Author: staff.Of(ctx).ID}
	if err := e.staff.Audit(ctx, "campaign.copy", object(c)); err != nil {
		return err
	}
	for _, f := range c.Files {
		content, err := e.files.Get(ctx, f.Key, envelope.LargestFiles)
		if err != nil {
			continue // it is older than attachments are kept: the draft shows that there is none
		}
		key := filesPrefix + fresh.ID + "/" + rand.Text()
		if err := e.files.Put(ctx, key, content); err != nil {
			return fmt.Errorf("copy attachment: %w", err)
		}
		fresh.Files = append(fresh.Files, campaign.File{Name: f.Name, Type: f.Type, Size: f.Size, Key: key})
	}
	if fresh, err = e.store.Create(ctx, fresh, slices.Clone(contents)); err != nil {
		return err
	}
	return e.created(w, r, &fresh, true, nil)
}
