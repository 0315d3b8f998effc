package runtime

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
)

// api is the Lambda Runtime API. Each process has its own base path, which is how it is known: the Runtime API itself names
// nobody. aws-lambda-go appends "/2018-06-01/..." to AWS_LAMBDA_RUNTIME_API.
func (r *Runtime) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{token}/2018-06-01/runtime/invocation/next", r.withProcess(next))
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/invocation/{id}/response", r.withProcess(response))
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/invocation/{id}/error", r.withProcess(invocationError))
	mux.HandleFunc("POST /{token}/2018-06-01/runtime/init/error", r.withProcess(initError))
	return mux
}

func (r *Runtime) withProcess(handle func(*process, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		proc := r.byToken[req.PathValue("token")]
		r.mu.Unlock()
		if proc == nil {
			problem(w, http.StatusForbidden, "Forbidden", "not a process of this runtime")
			return
		}
		handle(proc, w, req)
	}
}

// next waits, as long as it takes, for an invocation and hands it out.
func next(proc *process, w http.ResponseWriter, req *http.Request) {
	proc.pool.next(proc)
	select {
	case inv := <-proc.work:
		deadline, ok := proc.begin(inv)
		if !ok {
			proc.pool.again(inv)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", proc.pool.function.ARN)
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-"+hexID(12)+";Sampled=0")
		h.Set("Content-Length", strconv.Itoa(len(inv.event)))
		_, _ = w.Write(inv.event)
	case <-req.Context().Done():
	case <-proc.ended:
	}
}

func response(proc *process, w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, MaxPayload+1))
	if err != nil {
		problem(w, http.StatusBadRequest, "InvalidRequest", "the body ended early")
		return
	}
	if len(body) > MaxPayload {
		failed := &FunctionError{Type: "Function.ResponseSizeTooLarge", Message: "Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
		proc.finish(req.PathValue("id"), nil, failed)
		problem(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", failed.Message)
		return
	}
	accept(w, proc.finish(req.PathValue("id"), body, nil))
}

func invocationError(proc *process, w http.ResponseWriter, req *http.Request) {
	failed := functionError(io.LimitReader(req.Body, MaxPayload))
	accept(w, proc.finish(req.PathValue("id"), nil, failed))
}

// initError takes what a function says before it gives up starting; the process ends next, which is what counts.
func initError(_ *process, w http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(req.Body, MaxPayload))
	accept(w, true)
}

func accept(w http.ResponseWriter, ok bool) {
	if !ok {
		problem(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func problem(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"errorMessage":"`+message+`","errorType":"`+kind+`"}`)
}

// requestID is a random UUID, the form of Lambda's request ids.
func requestID() string {
	s := hexID(16)
	return s[:8] + "-" + s[8:12] + "-4" + s[13:16] + "-a" + s[17:20] + "-" + s[20:]
}

func hexID(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
