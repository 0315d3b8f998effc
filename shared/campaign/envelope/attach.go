package envelope

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/campaign"
	"madoguchi/shared/objects"
)

// LargestFiles is how many bytes the attachments of a campaign may have together: SES takes calls of 1 MB with an inline template, and
// beside the files, a third larger as base64, such a call holds both parts of the mail and the data of fifty recipients.
const LargestFiles = 500_000

// ErrFiles says that an attachment is not kept any more.
var ErrFiles = errors.New("an attachment is gone")

// Files reads the attachments of a campaign. Errors: ErrFiles, objects.ErrUnavailable.
func Files(ctx context.Context, bucket objects.Bucket, c *campaign.Campaign) ([]types.Attachment, error) {
	var all []types.Attachment
	for _, f := range c.Files {
		file, err := bucket.Get(ctx, f.Key, LargestFiles)
		if errors.Is(err, objects.ErrUnavailable) {
			return nil, fmt.Errorf("read attachment: %w", err)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFiles, err)
		}
		all = append(all, Attachment(f, file.Content))
	}
	return all, nil
}

// Attachment makes a file an attachment of a letter.
func Attachment(f campaign.File, content []byte) types.Attachment {
	return types.Attachment{FileName: &f.Name, ContentType: &f.Type, RawContent: content, ContentDisposition: types.AttachmentContentDispositionAttachment,
		ContentTransferEncoding: types.AttachmentContentTransferEncodingBase64}
}

// Test returns the letter as a test: the same in everything that is read, and told apart by its tag, so that nobody takes what SES
// reports of it for a subscriber's.
func (l *Letter) Test() *Letter {
	test := *l
	test.kind = "test"
	return &test
}
