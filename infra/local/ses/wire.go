package ses

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// The request and answer bodies of SES v2, as far as they are used; names are AWS's.

type sendEmailRequest struct {
	FromEmailAddress     string
	Destination          *destination
	ReplyToAddresses     []string
	ConfigurationSetName string
	EmailTags            []messageTag
	Content              struct {
		Raw      *struct{ Data []byte }
		Simple   *simpleMessage
		Template *messageTemplate
	}
}

type sendBulkEmailRequest struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	ConfigurationSetName string
	DefaultEmailTags     []messageTag
	DefaultContent       struct{ Template *messageTemplate }
	BulkEmailEntries     []bulkEntry
}

type bulkEntry struct {
	Destination             *destination
	ReplacementHeaders      []messageHeader
	ReplacementTags         []messageTag
	ReplacementEmailContent struct {
		ReplacementTemplate struct{ ReplacementTemplateData string }
	}
}

type destination struct {
	ToAddresses  []string
	CcAddresses  []string
	BccAddresses []string
}

type messageTag struct{ Name, Value string }

type messageHeader struct{ Name, Value string }

type content struct{ Data, Charset string }

type simpleMessage struct {
	Subject content
	Body    struct {
		Text *content
		Html *content //nolint:staticcheck // the name that the API uses in JSON
	}
	Headers     []messageHeader
	Attachments []attachment
}

type messageTemplate struct {
	TemplateName    string
	TemplateArn     string
	TemplateContent *templateContent
	TemplateData    string
	Headers         []messageHeader
	Attachments     []attachment
}

type templateContent struct {
	Subject string `json:",omitempty"`
	Text    string `json:",omitempty"`
	Html    string `json:",omitempty"` //nolint:staticcheck // the name that the API uses in JSON
}

type attachment struct {
	FileName           string
	RawContent         []byte
	ContentType        string
	ContentDisposition string
	ContentId          string //nolint:staticcheck // the name that the API uses in JSON
	ContentDescription string
}

type bulkResult struct {
	Status    string
	Error     string `json:",omitempty"`
	MessageId string `json:",omitempty"` //nolint:staticcheck // the name that the API uses in JSON
}

// apiError is an answer that the SDK turns into a typed error: the kind is the name of AWS's exception.
type apiError struct {
	status  int
	kind    string
	message string
}

func (e *apiError) Error() string { return e.kind + ": " + e.message }

func apiErrorf(status int, kind, format string, args ...any) *apiError {
	return &apiError{status: status, kind: kind, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *apiError {
	return apiErrorf(http.StatusBadRequest, "BadRequestException", format, args...)
}

func notFound(format string, args ...any) *apiError {
	return apiErrorf(http.StatusNotFound, "NotFoundException", format, args...)
}

// writeError answers with AWS's error shape; an error that is not an apiError is ours and becomes a 500.
func writeError(w http.ResponseWriter, err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = apiErrorf(http.StatusInternalServerError, "InternalServiceErrorException", "local SES: %v", err)
	}
	w.Header().Set("X-Amzn-Errortype", e.kind)
	writeJSON(w, e.status, map[string]string{"__type": e.kind, "message": e.message})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A caller that has gone cannot be told about it.
	_ = json.NewEncoder(w).Encode(body)
}

// maxRequest bytes of JSON: a message of 40 MB in base64 and what stands around it.
const (
	maxMessage = 40 << 20
	maxRequest = maxMessage/3*4 + 1<<20
)

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		return nil, badRequest("Message length is more than %d bytes long.", maxMessage)
	}
	if err != nil {
		return nil, fmt.Errorf("read request: %w", err)
	}
	return body, nil
}

func decode(body []byte, into any) error {
	if err := json.Unmarshal(body, into); err != nil {
		return apiErrorf(http.StatusBadRequest, "SerializationException", "%v", err)
	}
	return nil
}
