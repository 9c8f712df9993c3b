package environment

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// What X-Amz-Function-Error says.
const (
	unhandled = "Unhandled"
	handled   = "Handled"
)

// A call is an invocation on its way to a process.
type call struct {
	Call
	deadline time.Time
	outcome  chan Result // holds one
}

// invoke has the process do one call, which it has to itself. It is not taken where the process
// has ended before.
func (e *environment) invoke(c Call) (result Result, taken bool) {
	began := time.Now()
	work := &call{Call: c, deadline: began.Add(e.function.Timeout), outcome: make(chan Result, 1)}
	e.output.begin(startLine(c, e.function))
	e.mu.Lock()
	e.current = work
	e.mu.Unlock()
	e.calls <- work
	late := time.NewTimer(e.function.Timeout)
	defer late.Stop()
	select {
	case result = <-work.outcome:
	case <-e.box.Done():
		select {
		case <-e.calls:
			return Result{}, false
		default:
			result = e.lastWord(work)
		}
	case <-late.C:
		e.end()
		result = errorResult("Sandbox.Timedout", c, "Error: Task timed out after %.2f seconds", e.function.Timeout.Seconds())
	}
	result.Duration = time.Since(began)
	e.output.drain()
	result.Log = e.output.finish(endLines(c, e.function, result.Duration, e.initTook, e.peak()))
	e.initTook = 0
	e.runner.answered(e)
	return result, true
}

// lastWord is what a process that has ended had to say before.
func (e *environment) lastWord(work *call) Result {
	select {
	case result := <-work.outcome:
		return result
	default:
		return e.exitResult(work.Call)
	}
}

// errorResult is an error that the environment reports in the function's place.
func errorResult(kind string, c Call, format string, args ...any) Result {
	payload, _ := json.Marshal(struct { // texts always encode
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, fmt.Sprintf("RequestId: %s ", c.ID) + fmt.Sprintf(format, args...)})
	return Result{Payload: payload, Error: unhandled}
}

func startLine(c Call, f Function) string {
	return fmt.Sprintf("START RequestId: %s Version: %s\n", c.ID, f.Version)
}

// endLines end what a call has logged. Of a process's first call init is how long it took to
// start.
func endLines(c Call, f Function, took, init time.Duration, memory int64) string {
	text := fmt.Sprintf("END RequestId: %s\nREPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		c.ID, c.ID, milliseconds(took), math.Ceil(milliseconds(took)), f.Memory, memory>>20)
	if init > 0 {
		text += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(init))
	}
	return text + "\n"
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
