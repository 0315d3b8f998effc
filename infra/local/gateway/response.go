package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// answer is what goes back to the client.
type answer struct {
	status  int
	header  http.Header
	cookies []string
	body    []byte
}

// message is an answer of API Gateway itself.
func message(status int, text string) answer {
	body, _ := json.Marshal(map[string]string{"message": text})
	return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: body}
}

var (
	notFound     = message(http.StatusNotFound, "Not Found")
	tooLarge     = message(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	internal     = message(http.StatusInternalServerError, "Internal Server Error")
	notAvailable = message(http.StatusServiceUnavailable, "Service Unavailable")
)

// parse reads what a function returned, in both forms of payload format 2.0: an object with a statusCode, or anything else,
// which is then the body of a 200. An object with a statusCode that is wrong elsewhere is an error (500).
func parse(payload []byte) (answer, error) {
	var structured struct {
		StatusCode      json.RawMessage            `json:"statusCode"`
		Headers         map[string]json.RawMessage `json:"headers"`
		Cookies         []string                   `json:"cookies"`
		Body            string                     `json:"body"`
		IsBase64Encoded bool                       `json:"isBase64Encoded"`
	}
	payload = bytes.TrimSpace(payload)
	if !json.Valid(payload) {
		return answer{}, errors.New("the function's answer is not JSON")
	}
	if err := json.Unmarshal(payload, &structured); err != nil || structured.StatusCode == nil {
		if err != nil && bytes.HasPrefix(payload, []byte("{")) && bytes.Contains(payload, []byte(`"statusCode"`)) {
			return answer{}, fmt.Errorf("the function's answer: %w", err)
		}
		body := payload
		var text string
		if json.Unmarshal(payload, &text) == nil && string(payload) != "null" {
			body = []byte(text)
		}
		return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/json"}}, body: body}, nil
	}
	status, err := strconv.Atoi(strings.Trim(string(structured.StatusCode), `"`))
	if err != nil || status < 200 || status > 599 {
		return answer{}, fmt.Errorf("the function's answer: statusCode %s", structured.StatusCode)
	}
	a := answer{status: status, header: http.Header{}, cookies: structured.Cookies, body: []byte(structured.Body)}
	for name, raw := range structured.Headers {
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw) // numbers and truth values are taken as they are written
		}
		if dropped[strings.ToLower(name)] {
			continue
		}
		a.header.Set(name, text)
	}
	if a.header.Get("Content-Type") == "" && len(a.body) > 0 {
		a.header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	if structured.IsBase64Encoded {
		if a.body, err = base64.StdEncoding.DecodeString(structured.Body); err != nil {
			return answer{}, fmt.Errorf("the function's answer: body: %w", err)
		}
	}
	return a, nil
}

// dropped headers are those that API Gateway sets itself.
var dropped = map[string]bool{"connection": true, "content-length": true, "transfer-encoding": true, "date": true, "server": true, "upgrade": true}

func (a answer) write(w http.ResponseWriter, r *http.Request, id string) {
	h := w.Header()
	for name, values := range a.header {
		h[name] = values
	}
	for _, c := range a.cookies {
		h.Add("Set-Cookie", c)
	}
	h.Set("Apigw-Requestid", id)
	if a.header.Get("Content-Type") == "" {
		h["Content-Type"] = nil // none, rather than the guess of net/http
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		_, _ = io.Copy(w, bytes.NewReader(a.body))
	}
}
