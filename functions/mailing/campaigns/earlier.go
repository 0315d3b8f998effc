package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"madoguchi/shared/campaign"
	"madoguchi/shared/policy"
)

// judgeFollows holds a correction to the same kind and event, and to a campaign that is over.
func (e *editor) judgeFollows(ctx context.Context, d *draft, j *judged) error {
	if d.Follows == nil || d.Follows.Campaign == "" {
		return nil
	}
	f := d.Follows.Follows
	if f.Whom == "" {
		f.Whom = campaign.ToAccepted
	}
	if f.Whom != campaign.ToAccepted && f.Whom != campaign.ToFailed && f.Whom != campaign.ToUnsent {
		j.wrong.add("follows.whom", "choice", "一覧にある値から選んでください。", "Please choose from the list.")
		return nil
	}
	earlier, err := e.store.Get(ctx, f.Campaign)
	switch {
	case errors.Is(err, campaign.ErrNotFound):
		j.wrong.add("follows.campaign", "unknown", "元の配信が見つかりません。", "There is no such campaign.")
	case err != nil:
		return fmt.Errorf("read the earlier campaign: %w", err)
	case earlier.Kind != j.campaign.Kind || earlier.Event != j.campaign.Event:
		j.gate = true
		j.wrong.add("follows.campaign", "policy", "元の配信と同じ種類（同じイベント）の配信だけができます。", "It must be of the same kind, and about the same event, as the earlier one.")
	case !earlier.State.Over():
		j.wrong.add("follows.campaign", "not_over", "元の配信がまだ終わっていません。終わってから作成してください。", "The earlier campaign is not over yet.")
	default:
		j.campaign.Follows = &f
		if f.Whom == campaign.ToAccepted {
			j.campaign.Correction = cmp.Or(j.lines("follows.correction", d.Follows.Correction, policy.Text{}), "先にお送りした「"+earlier.Title+"」についての訂正です。")
		}
	}
	return nil
}

// judgeAgainAsked warns where the registrants of an event were asked for its questionnaire by another campaign: this one reminds them.
func (e *editor) judgeAgainAsked(ctx context.Context, j *judged) error {
	if j.campaign.Kind != policy.QuestionnaireInvite || j.campaign.Follows != nil || len(j.wrong) > 0 {
		return nil
	}
	recent, _, err := e.store.List(ctx, policy.QuestionnaireInvite, mostEvents, "")
	if err != nil {
		return fmt.Errorf("look for earlier invitations: %w", err)
	}
	for _, one := range recent {
		if one.Event == j.campaign.Event && one.ID != j.campaign.ID && (one.Frozen > 0 || one.State == campaign.Scheduled) {
			j.warnings.add("event", "invited_before", "このイベントのアンケートは、別の配信「"+one.Title+"」でもお願いしています。まだ回答していない方には、もう一度届きます。",
				"Another campaign asks for this questionnaire too: \""+one.Title+"\". Who has not answered is asked again.")
			return nil
		}
	}
	return nil
}
