package questionnaire

import (
	"time"

	"madoguchi/shared/event"
	"madoguchi/shared/policy"
)

// Of returns the questionnaire of an event, with the retention of its answers; false where the event asks nothing, has never
// been shown or does not take place.
func Of(e *event.Event, periods policy.Periods) (Questionnaire, bool) {
	if e.Questionnaire == nil || e.State != event.Published && e.State != "" {
		return Questionnaire{}, false
	}
	return Questionnaire{
		Event: e.ID, Version: e.Version, Anonymous: e.Questionnaire.Anonymous, Title: e.Title.Policy(), Languages: e.Languages(),
		Questions: e.Questions(), Ends: e.EndsAt, Opens: e.EndsAt.Add(time.Duration(e.Questionnaire.OpensAfterHours) * time.Hour),
		Expires: periods.Expiry("answered", e.EndsAt),
	}, true
}
