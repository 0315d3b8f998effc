package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	"madoguchi/infra/local/runtime"
)

// meter asks the engine what each call of a function costs. It stands before the counting proxy and adds the request for the
// consumed capacity to the call; the answer is passed on as it is, the SDK takes no notice. It is on for runs whose times are not
// shown: the answer is read here once more.
type meter struct {
	next http.Handler

	mu sync.Mutex
	on bool
	of map[metered]capacity
}

// metered is what a capacity was used for.
type metered struct {
	signer           string // access key id of the process
	table, operation string
}

// capacity is in units of on-demand tables: a write of up to 1 kB, a consistent read of up to 4 kB.
type capacity struct {
	calls       int
	read, write float64
}

func (c capacity) plus(d capacity) capacity {
	return capacity{c.calls + d.calls, c.read + d.read, c.write + d.write}
}

// writes are the operations whose capacity is of writes.
var writes = map[string]bool{"PutItem": true, "UpdateItem": true, "DeleteItem": true, "BatchWriteItem": true, "TransactWriteItems": true}

func (m *meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	on := m.on
	m.mu.Unlock()
	if !on || !runtime.IsFunctionKey(signer(r)) {
		m.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	if asked, ok := bytes.CutPrefix(body, []byte("{")); ok {
		body = append([]byte(`{"ReturnConsumedCapacity":"TOTAL",`), asked...)
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	answer := httptest.NewRecorder()
	m.next.ServeHTTP(answer, r)
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	m.note(signer(r), op, answer.Body.Bytes())
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// signer is the access key id of a call's signature.
func signer(r *http.Request) string {
	_, rest, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(rest, "/")
	return key
}

// note adds up what an answer says: one table's capacity, or a list of them.
func (m *meter) note(signer, op string, answer []byte) {
	type consumed struct {
		TableName     string
		CapacityUnits float64
	}
	var out struct{ ConsumedCapacity json.RawMessage }
	if json.Unmarshal(answer, &out) != nil {
		return
	}
	var all []consumed
	if json.Unmarshal(out.ConsumedCapacity, &all) != nil {
		var one consumed
		if json.Unmarshal(out.ConsumedCapacity, &one) != nil {
			return
		}
		all = []consumed{one}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range all {
		used := capacity{calls: 1, read: c.CapacityUnits}
		if writes[op] {
			used = capacity{calls: 1, write: c.CapacityUnits}
		}
		key := metered{signer, c.TableName, op}
		m.of[key] = m.of[key].plus(used)
	}
}

// begin starts the meter anew.
func (m *meter) begin() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on, m.of = true, map[metered]capacity{}
}

// end stops it and returns what was used.
func (m *meter) end() map[metered]capacity {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.on = false
	return m.of
}
