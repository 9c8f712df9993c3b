package sqlite_test

import (
	"os"
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

// The database holds the secrets of access keys: nobody but its owner reads any file of it.
func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "slipway.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateUser(t.Context(), identity.Record{User: identity.User{Name: "anna", Path: "/"}}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 {
		t.Fatalf("files are %v, %v; want a write-ahead log too", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", file, info.Mode(), err)
		}
	}
}
