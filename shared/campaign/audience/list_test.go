package audience

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/shared/campaign"
	"madoguchi/shared/subscription"
)

// The states and keys are those of the lists; none is forgotten, and only the confirmed receive mail (R19, R22).
func TestStatesAreThoseOfTheLists(t *testing.T) {
	want := map[string]string{string(subscription.Confirmed): "", string(subscription.Unconfirmed): campaign.LeftUnconfirmed,
		string(subscription.Pending): campaign.LeftPending, string(subscription.Unsubscribed): campaign.LeftUnsubscribed,
		string(subscription.Bounced): campaign.LeftBounced}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Error(diff)
	}
	if leftBy(string(subscription.Moved)) != campaign.LeftGone || leftBy("") != campaign.LeftGone {
		t.Error("a state that is none of a subscriber's receives mail")
	}
	person := "0123456789abcdef0123456789abcdef"
	if !reflect.DeepEqual(subscription.Key(person), key(person)) {
		t.Errorf("the key is %v", key(person))
	}
}
