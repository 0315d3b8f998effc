package runtime

import (
	"bytes"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// environment is what Lambda gives a function: the declared variables and its own, and nothing of this machine's.
func (proc *process) environment(r *Runtime) []string {
	f := proc.pool.function
	env := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
	}
	maps.Copy(env, f.Environment)
	maps.Copy(env, r.options.Environment)
	maps.Copy(env, map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          r.address + "/" + proc.token,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      "local/[$LATEST]" + strconv.Itoa(proc.number),
		"AWS_EXECUTION_ENV":               "AWS_Lambda_provided.al2023",
		"AWS_ACCESS_KEY_ID":               proc.accessKey(),
		"AWS_SECRET_ACCESS_KEY":           SecretKey,
		"_HANDLER":                        f.Handler,
		"LAMBDA_TASK_ROOT":                filepath.Dir(f.Binary),
	})
	if f.LogFormat != "" {
		env["AWS_LAMBDA_LOG_FORMAT"] = f.LogFormat
	}
	if f.LogLevel != "" {
		env["AWS_LAMBDA_LOG_LEVEL"] = f.LogLevel
	}
	list := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// accessKey names function and process, so that the local services know who calls (/_local/functions.json).
func (proc *process) accessKey() string {
	return keyPrefix + proc.pool.function.Name + "." + strconv.Itoa(proc.number)
}

// copyOutput writes what the function writes to its log file and hands on each line.
func (proc *process) copyOutput(from io.Reader) {
	const keep, longest = 4 << 10, 64 << 10
	buffer := make([]byte, 32<<10)
	var rest []byte
	for {
		n, err := from.Read(buffer)
		chunk := buffer[:n]
		if n > 0 {
			if proc.pool.output != nil {
				_, _ = proc.pool.output.Write(chunk)
			}
			proc.mu.Lock()
			proc.tail = append(proc.tail, chunk...)
			proc.tail = proc.tail[max(0, len(proc.tail)-keep):]
			proc.mu.Unlock()
		}
		rest = append(rest, chunk...)
		for {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				break
			}
			proc.line(rest[:i])
			rest = rest[i+1:]
		}
		if len(rest) > longest || (err != nil && len(rest) > 0) {
			proc.line(rest)
			rest = nil
		}
		if err != nil {
			return
		}
	}
}

func (proc *process) line(line []byte) {
	if on := proc.pool.runtime.options.OnLine; on != nil && strings.TrimSpace(string(line)) != "" {
		on(proc.pool.function.Name, line)
	}
}
