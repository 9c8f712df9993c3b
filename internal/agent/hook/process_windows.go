package hook

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/slipway/slipway/internal/appspec"
)

// A group is a script's process and all that it starts: a job object. A child that the script
// started before it was put into the job, within the first microseconds, is not part of it.
type group struct {
	job    windows.Handle
	leader uint32
}

// An identity would be how a script gets to run as somebody else, which Windows does not have:
// runas and sudo are ignored, as AWS's agent does.
type identity struct{ env, prefix []string }

func switchUser(appspec.Script) (identity, error) { return identity{}, nil }

// attributes give a command a console group of its own, so that it can be sent a break.
func (i identity) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// groupOf puts a command that was started into a job of its own.
func groupOf(cmd *exec.Cmd) (*group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("make a job object: %w", err)
	}
	process, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(cmd.Process.Pid))
	if err == nil {
		err = windows.AssignProcessToJobObject(job, process)
		_ = windows.CloseHandle(process)
	}
	// A script that has ended already cannot be assigned any more, and need not be.
	if err != nil && !errors.Is(err, windows.ERROR_ACCESS_DENIED) && !errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		_ = windows.CloseHandle(job)
		return nil, fmt.Errorf("put the script into a job object: %w", err)
	}
	return &group{job, uint32(cmd.Process.Pid)}, nil
}

// close lets go of the job; its processes live on.
func (g *group) close() { _ = windows.CloseHandle(g.job) }

// terminate sends a break, which console programs may heed.
func (g *group) terminate() { _ = windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, g.leader) }

func (g *group) kill() { _ = windows.TerminateJobObject(g.job, 137) }

// gone says that no process of the job is left.
func (g *group) gone() bool {
	var accounting struct {
		userTime, kernelTime, periodUser, periodKernel int64
		pageFaults, total, active, terminated          uint32
	}
	err := windows.QueryInformationJobObject(g.job, windows.JobObjectBasicAccountingInformation,
		uintptr(unsafe.Pointer(&accounting)), uint32(unsafe.Sizeof(accounting)), nil)
	return err == nil && accounting.active == 0
}

// interpreted says how a script is run that Windows cannot run directly.
func interpreted(path string) []string { return []string{"cmd.exe", "/c", path} }

// invocation is the command line of a script.
func invocation(path string) []string {
	if strings.EqualFold(filepath.Ext(path), ".ps1") {
		return []string{"powershell.exe", "-ExecutionPolicy", "Bypass", "-File", path}
	}
	return []string{path}
}

func exitCode(exit *exec.ExitError) string { return fmt.Sprint(exit.ExitCode()) }

func errorName(errno syscall.Errno) string { return fmt.Sprintf("E%d", uint32(errno)) }

// leftOpen says which streams are open.
func leftOpen(_, open []string) string {
	return "a background process keeps its " + strings.Join(open, " and ")
}

// Who holds a pipe cannot be told on Windows.
func (s *streams) inodes() map[string]bool    { return nil }
func holders(inodes map[string]bool) []string { return nil }
