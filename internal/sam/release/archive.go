package release

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxArchive is how much Lambda takes with a call, in bytes; more has to be in S3.
const maxArchive = 50 << 20

// archive is a zip file, or a folder as one. The same files always make the same archive, so
// that a release without changes publishes no version.
func archive(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var made []byte
	if info.IsDir() {
		made, err = zipFolder(path)
	} else {
		made, err = os.ReadFile(path)
	}
	switch {
	case err != nil:
		return nil, err
	case len(made) > maxArchive:
		return nil, fmt.Errorf("%s makes %d MiB, and Lambda takes %d: put it into S3 and let CodeUri be s3://BUCKET/KEY", path, len(made)>>20, maxArchive>>20)
	case !info.IsDir() && !bytes.HasPrefix(made, []byte("PK")):
		return nil, fmt.Errorf("%s is neither a folder nor a zip file", path)
	}
	return made, nil
}

func zipFolder(folder string) ([]byte, error) {
	var out bytes.Buffer
	w, files := zip.NewWriter(&out), 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := os.Stat(path) // what a symbolic link leads to
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file", path)
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		files++
		content, err := os.Open(path)
		if err != nil {
			return err
		}
		defer content.Close()
		return add(w, filepath.ToSlash(name), info.Mode().Perm(), content)
	})
	if err != nil {
		return nil, err
	}
	if files == 0 {
		return nil, fmt.Errorf("%s is empty: build the function first", folder)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// epoch is when every file was made, as far as archives are concerned.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func add(w *zip.Writer, name string, mode fs.FileMode, content io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch}
	h.SetMode(0o644 | mode&0o111) // whoever runs it may read it
	out, err := w.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return err
}

// inlineArchive is the archive of a program that the template holds itself.
func inlineArchive(handler, runtime, program string) ([]byte, error) {
	module, _, ok := strings.Cut(handler, ".")
	if !ok || module == "" || strings.ContainsAny(module, "/\\") {
		return nil, errors.New("the Handler of a function with InlineCode is FILE.FUNCTION, such as index.handler")
	}
	var suffix string
	switch {
	case strings.HasPrefix(runtime, "python"):
		suffix = ".py"
	case strings.HasPrefix(runtime, "nodejs"):
		suffix = ".js"
	default:
		return nil, fmt.Errorf("InlineCode is for Python and Node.js, not for the runtime %s", runtime)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	if err := add(w, module+suffix, 0o644, strings.NewReader(program)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
