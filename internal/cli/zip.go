package cli

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway/slipway/internal/appspec"
)

// zipFolder bundles a folder into a temporary file, which the caller closes and removes. It
// is positioned at its beginning. files counts what is in it, directories aside.
func zipFolder(folder string, noHidden bool) (bundle *os.File, files int, err error) {
	if err := checkAppspec(folder); err != nil {
		return nil, 0, err
	}
	bundle, err = os.CreateTemp("", "slipway-bundle-*.zip")
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			bundle.Close()
			os.Remove(bundle.Name())
		}
	}()
	w := zip.NewWriter(bundle)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == folder {
			return err
		}
		if noHidden && strings.HasPrefix(entry.Name(), ".") {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.IsDir() {
			files++
		}
		return zipEntry(w, folder, path)
	})
	if err != nil {
		return nil, 0, err
	}
	if err := w.Close(); err != nil {
		return nil, 0, err
	}
	_, err = bundle.Seek(0, io.SeekStart)
	return bundle, files, err
}

// checkAppspec finds a mistake in the appspec.yml now, rather than on every host later.
func checkAppspec(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return errors.New("it is not a folder")
	}
	for _, name := range []string{appspec.DefaultName, "appspec.yaml"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = appspec.Parse(name, text)
		}
		return err
	}
	return errors.New("there is no appspec.yml in it; it says which files go where and which hooks run")
}

// zipEntry adds one file, directory or symbolic link.
func zipEntry(w *zip.Writer, folder, path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(folder, path)
	if err != nil {
		return err
	}
	header, err := zip.FileInfoHeader(info)
	if err != nil {
		return err
	}
	header.Name, header.Method = filepath.ToSlash(name), zip.Deflate
	switch {
	case info.IsDir():
		header.Name += "/"
		header.Method = zip.Store
		_, err := w.CreateHeader(header)
		return err
	case info.Mode()&os.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return zipContent(w, header, strings.NewReader(filepath.ToSlash(target)))
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is neither a file, a directory nor a symbolic link", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return zipContent(w, header, f)
}

func zipContent(w *zip.Writer, header *zip.FileHeader, content io.Reader) error {
	out, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return err
}
