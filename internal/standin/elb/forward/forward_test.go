package forward_test

import (
	"testing"

	"github.com/slipway/slipway/internal/standin/elb/forward"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
)

func TestContract(t *testing.T) {
	planetest.Run(t, func(*testing.T) plane.Engine { return forward.New(forward.Config{}) })
}
