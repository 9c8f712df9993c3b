package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
	"github.com/slipway/slipway/internal/store/sqlite"
)

func TestIdentityContract(t *testing.T) {
	identitytest.Run(t, func() identity.Store {
		s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}
