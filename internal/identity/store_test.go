package identity_test

import (
	"testing"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
)

func TestMemoryStore(t *testing.T) {
	identitytest.Run(t, func() identity.Store { return identitytest.NewStore() })
}
