package haproxy_test

import (
	"os/exec"
	"testing"

	"github.com/slipway/slipway/internal/standin/elb/haproxy"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
)

func TestContract(t *testing.T) {
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Skip("haproxy is not installed: test/install-tools installs it")
	}
	planetest.Run(t, func(t *testing.T) plane.Engine {
		e, err := haproxy.New(haproxy.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
}
