package s3

import (
	"crypto/subtle"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signed lets through what carries a signature. gofakes3 knows none, and a bucket that answers everybody would hide a page that
// leads straight to an object. Links are checked in full, since they are what leaves our hands; of a header, which only a program
// with a key can make, its presence is enough.
func (s *Server) signed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Query().Has("X-Amz-Signature"):
			if why := s.refuseLink(r); why != "" {
				deny(w, why)
				return
			}
		case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="):
			deny(w, "Access Denied")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxExpires is the longest life of a presigned link, seven days, in seconds.
const maxExpires = 7 * 24 * 60 * 60

// refuseLink says, in the words of S3, why a presigned link does not open; "" if it does.
func (s *Server) refuseLink(r *http.Request) string {
	query := r.URL.Query()
	signature := query.Get("X-Amz-Signature")
	at, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil {
		return "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
	}
	seconds, err := strconv.Atoi(query.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > maxExpires {
		return "X-Amz-Expires must be a number between 1 and 604800 seconds"
	}
	scope := strings.Split(query.Get("X-Amz-Credential"), "/") // key, day, region, service, aws4_request
	if len(scope) != 5 {
		return "the Credential is mal-formed"
	}
	query.Del("X-Amz-Signature")
	again := &http.Request{Method: r.Method, Host: r.Host, Header: http.Header{}, URL: &url.URL{
		Scheme: "http", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: query.Encode(),
	}}
	for name := range strings.SplitSeq(query.Get("X-Amz-SignedHeaders"), ";") {
		if name != "host" {
			again.Header.Set(name, r.Header.Get(name))
		}
	}
	uri, _, err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }).PresignHTTP(
		r.Context(), aws.Credentials{AccessKeyID: scope[0], SecretAccessKey: s.options.Secret}, again, "UNSIGNED-PAYLOAD", scope[3], scope[2], at)
	if err != nil {
		return "Access Denied"
	}
	expected, err := url.Parse(uri)
	if err != nil || subtle.ConstantTimeCompare([]byte(expected.Query().Get("X-Amz-Signature")), []byte(signature)) != 1 {
		return "The request signature we calculated does not match the signature you provided."
	}
	if s.options.Clock().After(at.Add(time.Duration(seconds) * time.Second)) {
		return "Request has expired"
	}
	return ""
}

func deny(w http.ResponseWriter, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}{Code: "AccessDenied", Message: message})
}
