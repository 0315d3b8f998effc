package dynamodb

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// withheld is how long an answer is kept back at most, for callers that never give up.
const withheld = time.Minute

// Proxy stands between the functions and the engine. It is an http.Handler; calls are told apart by the access key id of their
// signature, and only those whose key IsFunction approves are counted and disturbed.
type Proxy struct {
	isFunction func(accessKeyID string) bool
	forward    *httputil.ReverseProxy

	faults faults

	mu    sync.Mutex
	calls map[string]map[string]int // access key id -> operation -> n
}

// NewProxy makes a proxy before the engine at target.
func NewProxy(target string, isFunction func(accessKeyID string) bool) (*Proxy, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{isFunction: isFunction, calls: map[string]map[string]int{}}
	p.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
			MaxIdleConnsPerHost: 256,
			DisableCompression:  true, // what the engine sends is passed on as it is
		},
		BufferPool: &buffers{},
		ErrorLog:   log.New(io.Discard, "", 0), // callers that go away are not worth a line
	}
	return p, nil
}

// Calls returns the counted calls by access key id and operation.
func (p *Proxy) Calls() map[string]map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make(map[string]map[string]int, len(p.calls))
	for key, ops := range p.calls {
		out[key] = maps.Clone(ops)
	}
	return out
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := accessKey(r.Header.Get("Authorization"))
	if !p.isFunction(key) {
		p.forward.ServeHTTP(w, r)
		return
	}
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	p.count(key, op)
	switch p.faults.next(op) {
	case faultNone:
		p.forward.ServeHTTP(w, r)
	case faultDown:
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	case faultConflict:
		conflict(w, r, op)
	case faultThrottle:
		throttle(w, op)
	case faultLostAnswer:
		p.loseAnswer(w, r)
	}
}

func (p *Proxy) count(key, op string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[key] == nil {
		p.calls[key] = map[string]int{}
	}
	p.calls[key][op]++
}

// accessKey takes the id out of "AWS4-HMAC-SHA256 Credential=<id>/20260101/...".
func accessKey(authorization string) string {
	_, rest, ok := strings.Cut(authorization, "Credential=")
	if !ok {
		return ""
	}
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// conflict answers as DynamoDB does when another transaction holds one of the items. Nothing is written.
func conflict(w http.ResponseWriter, r *http.Request, op string) {
	const text = "Transaction is ongoing for the item"
	if op != "TransactWriteItems" {
		fail(w, "TransactionConflictException", map[string]any{"message": text})
		return
	}
	var body struct{ TransactItems []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.TransactItems) == 0 {
		fail(w, "SerializationException", map[string]any{"message": "not a transaction"})
		return
	}
	reasons := make([]map[string]any, len(body.TransactItems))
	codes := make([]string, len(reasons))
	for i := range reasons {
		reasons[i], codes[i] = map[string]any{"Code": "None"}, "None"
	}
	reasons[0], codes[0] = map[string]any{"Code": "TransactionConflict", "Message": text}, "TransactionConflict"
	fail(w, "TransactionCanceledException", map[string]any{
		"Message":             "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]",
		"CancellationReasons": reasons,
	})
}

// throttle answers as DynamoDB does when a table gives no more. The SDK tries again by itself.
func throttle(w http.ResponseWriter, op string) {
	if strings.HasPrefix(op, "Transact") {
		fail(w, "ThrottlingException", map[string]any{"message": "Throughput exceeds the current capacity of your table or index."})
		return
	}
	fail(w, "ProvisionedThroughputExceededException", map[string]any{
		"message": "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
	})
}

func fail(w http.ResponseWriter, kind string, members map[string]any) {
	namespace := "com.amazonaws.dynamodb.v20120810#"
	if kind == "ThrottlingException" || kind == "SerializationException" {
		namespace = "com.amazon.coral.availability#"
	}
	members["__type"] = namespace + kind
	body, _ := json.Marshal(members)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amzn-Requestid", rand.Text())
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write(body)
}

// loseAnswer lets the engine do the work, and its caller wait until it gives up.
func (p *Proxy) loseAnswer(_ http.ResponseWriter, r *http.Request) {
	caller := r.Context()
	// The work must be done even if the caller is quicker to give up than the engine to answer.
	p.forward.ServeHTTP(discard{http.Header{}}, r.WithContext(context.WithoutCancel(caller)))
	select {
	case <-caller.Done():
	case <-time.After(withheld):
	}
	panic(http.ErrAbortHandler)
}

// discard is the ResponseWriter of an answer that is lost.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// buffers lets the reverse proxy use its copying buffers again.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, 32<<10)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
