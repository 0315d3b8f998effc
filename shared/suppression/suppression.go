// Package suppression is SES's own list of addresses that list mail is kept from: SES adds to it what bounced or complained, for
// the whole account (design: "Life of a campaign"). Ours, by keyed hashes and list, is in shared/subscription.
package suppression

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
)

// Entry is one address on the list. It is never logged.
type Entry struct {
	Address   string
	Complaint bool // else a bounce
	At        time.Time
}

// Account is the list of the account. Its errors name SES's code and never the address, which SES repeats in its messages and
// which is part of the URL.
type Account struct{ Client *sesv2.Client }

// attemptTimeout bounds one call: SES answers in well under a second.
const attemptTimeout = 5 * time.Second

// Open returns the list of the process's account. All its calls may be repeated, and the SDK does so.
func Open(ctx context.Context) (Account, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return Account{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	return Account{sesv2.NewFromConfig(cfg, func(o *sesv2.Options) {
		o.HTTPClient = awshttp.NewBuildableClient().WithTimeout(attemptTimeout)
	})}, nil
}

// Remove takes an address off the list; one that is not there is off it already.
func (a Account) Remove(ctx context.Context, address string) error {
	_, err := a.Client.DeleteSuppressedDestination(ctx, &sesv2.DeleteSuppressedDestinationInput{EmailAddress: &address})
	if absent(err) {
		return nil
	}
	return failed("remove from SES's suppression list", err)
}

// Find tells whether an address is on the list, and since when.
func (a Account) Find(ctx context.Context, address string) (Entry, bool, error) {
	out, err := a.Client.GetSuppressedDestination(ctx, &sesv2.GetSuppressedDestinationInput{EmailAddress: &address})
	switch {
	case absent(err):
		return Entry{}, false, nil
	case err != nil:
		return Entry{}, false, failed("look into SES's suppression list", err)
	case out.SuppressedDestination == nil:
		return Entry{}, false, nil
	}
	d := out.SuppressedDestination
	return entry(d.EmailAddress, d.Reason, d.LastUpdateTime), true, nil
}

// Since hands over what was added since a moment, page by page; the zero moment stands for everything. It ends with the first
// error of take.
func (a Account) Since(ctx context.Context, from time.Time, take func([]Entry) error) error {
	input := &sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(pageSize)}
	if !from.IsZero() {
		input.StartDate = &from
	}
	for {
		out, err := a.Client.ListSuppressedDestinations(ctx, input)
		if err != nil {
			return failed("list SES's suppression list", err)
		}
		page := make([]Entry, len(out.SuppressedDestinationSummaries))
		for i, s := range out.SuppressedDestinationSummaries {
			page[i] = entry(s.EmailAddress, s.Reason, s.LastUpdateTime)
		}
		if err := take(page); err != nil {
			return err
		}
		if aws.ToString(out.NextToken) == "" {
			return nil
		}
		input.NextToken = out.NextToken
	}
}

// pageSize keeps an answer, and what is done about it, small.
const pageSize = 100

func entry(address *string, reason types.SuppressionListReason, at *time.Time) Entry {
	return Entry{aws.ToString(address), reason == types.SuppressionListReasonComplaint, aws.ToTime(at)}
}

func absent(err error) bool {
	var none *types.NotFoundException
	return errors.As(err, &none)
}

// failed keeps of an error what is nobody's: SES's code, or that there was no answer.
func failed(operation string, err error) error {
	var refused smithy.APIError
	var response *awshttp.ResponseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return fmt.Errorf("%s: %s", operation, refused.ErrorCode())
	case errors.As(err, &response) && response.HTTPStatusCode() != 0:
		return fmt.Errorf("%s: %s", operation, http.StatusText(response.HTTPStatusCode()))
	}
	return fmt.Errorf("%s: no answer", operation)
}
