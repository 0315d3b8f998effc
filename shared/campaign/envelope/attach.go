package envelope

import (
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"madoguchi/shared/campaign"
)

// Attach makes a file an attachment of a letter.
func Attach(f campaign.File, content []byte) types.Attachment {
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
