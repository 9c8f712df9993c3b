// Package lambdatest makes functions for tests.
package lambdatest

import (
	"archive/zip"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// TrustPolicy lets Lambda assume a role.
const TrustPolicy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`

// A File is a member of an archive.
type File struct {
	Name    string
	Mode    os.FileMode
	Content []byte
	Stored  bool // as it is, without compression
}

// Zip makes an archive.
func Zip(t testing.TB, files ...File) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.Name, Method: zip.Deflate}
		if f.Stored {
			header.Method = zip.Store
		}
		header.SetMode(f.Mode)
		member, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := member.Write(f.Content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// built is test/function, once per process.
var built = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "function-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", program, "github.com/slipway/slipway/test/function")
	_, here, _, _ := runtime.Caller(0)
	build.Dir = filepath.Dir(here) // a server in this process leaves the module's directory
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "PWD="+build.Dir)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(program)
})

// Program is test/function, built with AWS's library for Go.
func Program(t testing.TB) []byte {
	t.Helper()
	program, err := built()
	if err != nil {
		t.Fatalf("build the function: %v", err)
	}
	return program
}

// Function is the archive of Program. It is not compressed: tests wait for it under the race
// detector.
func Function(t testing.TB, more ...File) []byte {
	t.Helper()
	return Zip(t, append([]File{{"bootstrap", 0o755, Program(t), true}}, more...)...)
}
