package environment

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// memoryEvery is how often the memory of environments at work is looked at.
const memoryEvery = 50 * time.Millisecond

// watchMemory ends environments that use more than their function may. An idle one was
// looked at while it worked.
func (r *Runner) watchMemory() {
	for _, e := range r.all() {
		if e.isIdle() {
			continue
		}
		if used := e.measure(); used > int64(e.function.Memory)<<20 {
			e.mu.Lock()
			e.over = true
			e.mu.Unlock()
			go e.end()
		}
	}
}

func (e *environment) isIdle() bool {
	e.runner.mu.Lock()
	defer e.runner.mu.Unlock()
	return e.state == idle
}

// measure returns what the processes of the environment have in memory, in bytes.
func (e *environment) measure() int64 {
	var used int64
	for _, pid := range children(e.box.Pid()) { // the sandbox's own init is not the function's
		used += resident(pid)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.memory = max(e.memory, used)
	return used
}

// peak is the most that was seen; a short first call is looked at here.
func (e *environment) peak() int64 {
	e.mu.Lock()
	seen := e.memory
	e.mu.Unlock()
	if seen == 0 && e.box != nil {
		return e.measure()
	}
	return seen
}

// resident is what a process and those below it have in memory.
func resident(pid int) int64 {
	var size, pages int64
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0 // it has ended
	}
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	used := pages * int64(os.Getpagesize())
	for _, child := range children(pid) {
		used += resident(child)
	}
	return used
}

// children are the processes that any thread of the process has started.
func children(pid int) []int {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil
	}
	var found []int
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			var child int
			if _, err := fmt.Sscan(field, &child); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}
