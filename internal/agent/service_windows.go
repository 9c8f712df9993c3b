package agent

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"

	"github.com/slipway/slipway/internal/agent/setup"
)

// serviceName is that of AWS's agent, for the tools that start and stop it.
const serviceName = "codedeployagent"

// serviceControl is install and uninstall on Windows: a service that starts with the system.
func serviceControl(o setup.Options, remove, start bool) error {
	manager, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("reach the service manager (this needs an administrator): %w", err)
	}
	defer manager.Disconnect()
	service, err := manager.OpenService(serviceName)
	there := err == nil
	switch {
	case remove && !there:
		return nil
	case remove:
		defer service.Close()
		_, _ = service.Control(svc.Stop) // it may be stopped
		return service.Delete()
	case !there:
		if service, err = createService(manager); err != nil {
			return err
		}
		o.Log("made the service " + serviceName)
	}
	defer service.Close()
	if start {
		err := service.Start()
		if !errors.Is(err, windows.ERROR_SERVICE_ALREADY_RUNNING) {
			return err
		}
	}
	return nil
}

func createService(manager *mgr.Mgr) (*mgr.Service, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	service, err := manager.CreateService(serviceName, binary, mgr.Config{
		StartType: mgr.StartAutomatic, DisplayName: "CodeDeploy Host Agent Service", Description: "Slipway agent: carries out deployments on this host",
	})
	if err != nil {
		return nil, fmt.Errorf("make the service %s: %w", serviceName, err)
	}
	restart := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: 5 * time.Second}}
	return service, service.SetRecoveryActions(restart, 86400)
}

// A windowsService answers the service manager.
type windowsService struct {
	serve func(stop <-chan os.Signal) error
	err   error
}

// Execute is called by the service manager; stop and shutdown count as the first signal.
func (w *windowsService) Execute(_ []string, requests <-chan svc.ChangeRequest, changes chan<- svc.Status) (bool, uint32) {
	const accepts = svc.AcceptStop | svc.AcceptShutdown
	stop, ended := make(chan os.Signal, 2), make(chan struct{})
	go func() {
		defer close(ended)
		w.err = w.serve(stop)
	}()
	changes <- svc.Status{State: svc.Running, Accepts: accepts}
	for {
		select {
		case <-ended:
			if w.err != nil {
				return true, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				changes <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				changes <- svc.Status{State: svc.StopPending, Accepts: accepts}
				select {
				case stop <- os.Interrupt:
				default:
				}
			}
		}
	}
}

// underManager runs the agent as a Windows service if the service manager has started it.
func underManager(serve func(stop <-chan os.Signal) error) (bool, error) {
	if is, err := svc.IsWindowsService(); err != nil || !is {
		return false, err
	}
	w := &windowsService{serve: serve}
	return true, errors.Join(svc.Run(serviceName, w), w.err)
}
