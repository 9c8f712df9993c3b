package lambda_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

// failure is what Lambda answers in the place of a function that failed.
type failure struct{ ErrorType, ErrorMessage string }

// fails calls a function that must fail, and returns how it did.
func (w *world) fails(t *testing.T, name, event string) (failure, *sdk.InvokeOutput) {
	t.Helper()
	out := w.invoke(t, name, event)
	if aws.ToString(out.FunctionError) != "Unhandled" || out.StatusCode != 200 {
		t.Fatalf("%s: error %v, status %d, answer %s", event, aws.ToString(out.FunctionError), out.StatusCode, out.Payload)
	}
	var f failure
	if err := json.Unmarshal(out.Payload, &f); err != nil {
		t.Fatalf("%s: %s", event, out.Payload)
	}
	return f, out
}

// TestFailuresAreOfOneCall: however a function fails, its caller gets Lambda's words, and the
// next call is served.
func TestFailuresAreOfOneCall(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop", func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(1) })
	for _, c := range []struct{ event, errorType, message string }{
		{`{"Do":"error","Text":"out of stock"}`, "errorString", `^out of stock$`},
		{`{"Do":"panic","Text":"boom"}`, "string", `^boom$`},
		{`{"Do":"exit","Amount":7}`, "Runtime.ExitError", `^RequestId: [-0-9a-f]{36} Error: Runtime exited with error: exit status 7$`},
		{`{"Do":"exit","Amount":0}`, "Runtime.ExitError", `^RequestId: [-0-9a-f]{36} Error: Runtime exited without providing a reason$`},
		{`{"Do":"hang"}`, "Sandbox.Timedout", `^RequestId: [-0-9a-f]{36} Error: Task timed out after 1.00 seconds$`},
		{`{"Do":"answer","Amount":7000000}`, "Function.ResponseSizeTooLarge", `Response payload size exceeded maximum allowed payload size \(6291556 bytes\).$`},
		{`{"Do":"allocate","Amount":300}`, "Runtime.OutOfMemory", `Runtime exited with error: signal: killed$`},
	} {
		got, out := w.fails(t, "shop", c.event)
		if got.ErrorType != c.errorType || !regexp.MustCompile(c.message).MatchString(got.ErrorMessage) {
			t.Errorf("%s: %+v", c.event, got)
		}
		if log := tail(t, out); !strings.HasPrefix(log, "START RequestId: ") || !strings.Contains(log, "\nREPORT RequestId: ") {
			t.Errorf("%s logged %q", c.event, log)
		}
		if k := w.describe(t, "shop"); k.Version != "$LATEST" {
			t.Errorf("after %s: %+v", c.event, k)
		}
	}
}

// TestFunctionsThatCannotStart: what is wrong with an archive is said when it is called, as at
// AWS, and a new archive mends it.
func TestFunctionsThatCannotStart(t *testing.T) {
	w := newWorld(t)
	type file = lambdatest.File
	for i, c := range []struct {
		files              []file
		errorType, message string
	}{
		{[]file{{Name: "main", Mode: 0o755, Content: []byte("x")}}, "Runtime.InvalidEntrypoint", "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"},
		{[]file{{Name: "bootstrap", Mode: 0o644, Content: []byte("x")}}, "Runtime.InvalidEntrypoint", "Error: fork/exec /var/task/bootstrap: permission denied"},
		{[]file{{Name: "bootstrap", Mode: 0o755, Content: []byte("\x7fELF")}}, "Runtime.InvalidEntrypoint", "Error: fork/exec /var/task/bootstrap: exec format error"},
		{[]file{{Name: "bootstrap", Mode: 0o755, Content: []byte("#!/no/such/shell\n")}}, "Runtime.InvalidEntrypoint", "Error: fork/exec /var/task/bootstrap: no such file or directory"},
		{[]file{{Name: "bootstrap", Mode: 0o755, Content: []byte("#!/bin/sh\necho missing setting >&2\nexit 4\n")}}, "Runtime.ExitError", "exit status 4"},
	} {
		name := fmt.Sprintf("bad-%d", i)
		w.create(t, name, func(in *sdk.CreateFunctionInput) { in.Code = zipped(lambdatest.Zip(t, c.files...)) })
		got, out := w.fails(t, name, `{}`)
		if got.ErrorType != c.errorType || !strings.HasSuffix(got.ErrorMessage, c.message) {
			t.Errorf("%s: %+v", name, got)
		}
		if i == 4 && !strings.Contains(tail(t, out), "missing setting\n") {
			t.Errorf("the log does not have what the program printed: %q", tail(t, out))
		}
		if _, err := w.UpdateFunctionCode(t.Context(), &sdk.UpdateFunctionCodeInput{FunctionName: &name, S3Bucket: aws.String("code"), S3Key: aws.String("function")}); err != nil {
			t.Fatal(err)
		}
		w.describe(t, name)
	}
}

// TestFloodOfLogs: the caller gets the last 4 KiB, and the log file has a bounded part.
func TestFloodOfLogs(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	out := w.invoke(t, "shop", `{"Do":"flood","Amount":20000}`)
	log := tail(t, out)
	if len(log) != 4096 || !strings.Contains(log, "\nEND RequestId: ") || !strings.HasPrefix(log, "xxx") {
		t.Errorf("the tail has %d bytes: …%q", len(log), log[max(0, len(log)-200):])
	}
	text, err := os.ReadFile(filepath.Join(w.cfg.Dir, "log", "shop.log"))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 2<<20 || !strings.Contains(string(text), "bytes of this call's log were left out]") {
		t.Errorf("the log file has %d bytes", len(text))
	}
	for range 8 {
		w.invoke(t, "shop", `{"Do":"flood","Amount":2000}`)
	}
	info, err := os.Stat(filepath.Join(w.cfg.Dir, "log", "shop.log"))
	if err != nil || info.Size() > 6<<20 {
		t.Errorf("the log file has %d bytes: %v", info.Size(), err)
	}
	if _, err := os.Stat(filepath.Join(w.cfg.Dir, "log", "shop.log.1")); err != nil {
		t.Error(err)
	}
}

// TestCallsAtTheSameTime: each has a process to itself, and there are no more than there may
// be.
func TestCallsAtTheSameTime(t *testing.T) {
	const most = 4
	w := newWorld(t, func(c *lambda.Config) { c.Max = most })
	w.create(t, "shop")
	w.create(t, "other")
	w.describe(t, "other") // idle ones make way
	type answer struct {
		k   known
		err error
	}
	answers := make(chan answer, most+2)
	var calls sync.WaitGroup
	for range most + 2 {
		calls.Go(func() {
			var a answer
			out, err := w.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("shop"), Payload: []byte(`{"Do":"sleep","Amount":1500}`)})
			if a.err = err; err == nil {
				a.err = json.Unmarshal(out.Payload, &a.k)
			}
			answers <- a
		})
	}
	calls.Wait()
	close(answers)
	served, busy := map[string]bool{}, 0
	for a := range answers {
		if a.err != nil {
			refused(t, a.err, "TooManyRequestsException", "Rate Exceeded.")
			busy++
			continue
		}
		if a.k.Calls != 1 {
			t.Errorf("a call shared a process: %+v", a.k)
		}
		served[a.k.Environment["AWS_LAMBDA_LOG_STREAM_NAME"]] = true
	}
	if len(served) != most || busy != 2 {
		t.Errorf("%d were served and %d refused", len(served), busy)
	}
}

// TestOneCallerNeedsOneProcess: a caller that calls again as soon as it has its answer never
// waits for another process to start.
func TestOneCallerNeedsOneProcess(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	first := w.describe(t, "shop")
	for range 200 {
		w.call(t, "shop", `{"Do":"log"}`)
	}
	if last := w.describe(t, "shop"); last.Calls != first.Calls+201 {
		t.Errorf("the process has seen %d calls", last.Calls)
	}
}

// TestNothingOutlivesItsEnvironment: what a function has started ends with it.
func TestNothingOutlivesItsEnvironment(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	w.call(t, "shop", `{"Do":"child"}`)
	if left := sleepers(t); len(left) == 0 {
		t.Fatal("the function's child does not run")
	}
	w.stop()
	for _, pid := range sleepers(t) {
		t.Errorf("process %d is left", pid)
	}
	entries, err := os.ReadDir(filepath.Join(w.cfg.Dir, "environments"))
	if err != nil || len(entries) > 0 {
		t.Errorf("%d directories are left: %v", len(entries), err)
	}
}

// sleepers are the processes that run "sleep 1000" below this one.
func sleepers(t *testing.T) (found []int) {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		text, err := os.ReadFile(file)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && string(text) == "/bin/sleep\x001000\x00" && syscall.Kill(pid, 0) == nil {
			found = append(found, pid)
		}
	}
	return found
}

// TestIdleEnvironmentsEnd, and the next call starts another.
func TestIdleEnvironmentsEnd(t *testing.T) {
	w := newWorld(t, func(c *lambda.Config) { c.Idle = 50 * time.Millisecond })
	w.create(t, "shop")
	first := w.describe(t, "shop")
	w.eventually(t, "an end of the environment", func() bool {
		entries, err := os.ReadDir(filepath.Join(w.cfg.Dir, "environments"))
		return err == nil && len(entries) == 0
	})
	if next := w.describe(t, "shop"); next.Environment["AWS_LAMBDA_LOG_STREAM_NAME"] == first.Environment["AWS_LAMBDA_LOG_STREAM_NAME"] {
		t.Error("the same environment again")
	}
}

// TestIsolation: a function sees its own code, which it cannot change, and not the server's
// files.
func TestIsolation(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	w.call(t, "shop", `{"Do":"write","Text":"/tmp/own"}`)
	for _, path := range []string{"/var/task/bootstrap", "/var/task/more", "/usr/bin/more2", "/etc/more", w.cfg.Dir + "/more"} {
		if out := w.invoke(t, "shop", fmt.Sprintf(`{"Do":"write","Text":%q}`, path)); out.FunctionError == nil {
			t.Errorf("the function can write %s", path)
		}
	}
}

// TestPlainProcesses: where the machine does not isolate, functions run all the same.
func TestPlainProcesses(t *testing.T) {
	w := newWorld(t, func(c *lambda.Config) { c.Plain = true })
	w.create(t, "shop")
	k := w.describe(t, "shop")
	if files, err := os.ReadDir(k.Environment["LAMBDA_TASK_ROOT"]); err != nil || len(files) != 1 {
		t.Errorf("the function's own directory has %v, %v", files, err)
	}
	if got, _ := w.fails(t, "shop", `{"Do":"exit","Amount":7}`); !strings.HasSuffix(got.ErrorMessage, "exit status 7") {
		t.Errorf("%+v", got)
	}
	w.call(t, "shop", `{"Do":"child"}`)
	w.stop()
	for _, pid := range sleepers(t) {
		t.Errorf("process %d is left", pid)
	}
}

// TestInterpretedFunctions: Node.js and Python, where the machine has them.
func TestInterpretedFunctions(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		runtime types.Runtime
		program string
		file    lambdatest.File
	}{
		{types.RuntimeNodejs20x, "/usr/bin/node", lambdatest.File{Name: "index.js", Mode: 0o644, Content: []byte(
			`exports.handler = async (event, context) => { console.log("seen"); if (event.fail) throw new TypeError("bad"); if (event.exit) process.exit(5); return {got: event.value, by: context.functionName} }`)}},
		{types.RuntimePython312, "/usr/bin/python3", lambdatest.File{Name: "index.py", Mode: 0o644, Content: []byte(
			"import os\ndef handler(event, context):\n    print('seen')\n    if event.get('fail'): raise TypeError('bad')\n    if event.get('exit'): os._exit(5)\n    return {'got': event.get('value'), 'by': context.function_name}\n")}},
	} {
		t.Run(string(c.runtime), func(t *testing.T) {
			if _, err := os.Stat(c.program); err != nil {
				t.Skip(err)
			}
			name := strings.ReplaceAll(string(c.runtime), ".", "-")
			w.create(t, name, func(in *sdk.CreateFunctionInput) {
				in.Runtime, in.Handler, in.Code = c.runtime, aws.String("index.handler"), zipped(lambdatest.Zip(t, c.file))
				in.MemorySize = aws.Int32(512)
			})
			out := w.invoke(t, name, `{"value":"ünï"}`)
			var got struct{ Got, By string }
			if err := json.Unmarshal(out.Payload, &got); err != nil || got.Got != "ünï" || got.By != name {
				t.Errorf("%s (%v): %s", out.Payload, err, tail(t, out))
			}
			if !strings.Contains(tail(t, out), "seen\n") {
				t.Errorf("log %q", tail(t, out))
			}
			if f, _ := w.fails(t, name, `{"fail":true}`); f != (failure{"TypeError", "bad"}) {
				t.Errorf("%+v", f)
			}
			if f, _ := w.fails(t, name, `{"exit":true}`); !strings.HasSuffix(f.ErrorMessage, "exit status 5") {
				t.Errorf("%+v", f)
			}
			if _, err := w.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: &name, Handler: aws.String("index.none")}); err != nil {
				t.Fatal(err)
			}
			if f, _ := w.fails(t, name, `{}`); f.ErrorType != "Runtime.HandlerNotFound" {
				t.Errorf("%+v", f)
			}
		})
	}
}
