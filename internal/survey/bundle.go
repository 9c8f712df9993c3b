package survey

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// A bundle larger than this, in bytes, is not looked at, and neither is one with more files.
const (
	largestBundle = 1 << 30
	mostFiles     = 1_000_000
)

// CheckBundle says what would fail on every host: an appspec that is not there or not valid, and
// files and scripts that it names and the bundle does not have.
// Where nothing would, the hosts themselves are asked what is in its way there. A deployment that
// moves traffic has no bundle, but functions that validate it.
func (s *Survey) CheckBundle(ctx context.Context, d deploy.Deployment, targets []deploy.Target) ([]control.Warning, error) {
	if d.Routed() {
		return s.checkFunctions(ctx, targets), nil
	}
	if d.Revision.S3 == nil {
		return nil, nil
	}
	b, err := s.open(ctx, *d.Revision.S3)
	if err != nil {
		return []control.Warning{{Text: fmt.Sprintf("The bundle could not be looked at: %v", err)}}, nil
	}
	var list []control.Warning
	for _, text := range b.faults() {
		list = append(list, control.Warning{Text: text})
	}
	if len(list) > 0 {
		return list, nil
	}
	return s.askHosts(ctx, d, b.size, targets), nil
}

// contents are what is in a bundle: its files and directories, as slash-separated paths, and
// the text of its appspec.
type contents struct {
	size    int64 // of the bundle, in bytes
	paths   map[string]bool
	name    string // of the appspec
	appspec []byte
}

// open fetches a bundle into a file of its own, which is gone when it returns.
func (s *Survey) open(ctx context.Context, at deploy.S3Location) (*contents, error) {
	body, err := s.Fetch(ctx, at)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	file, err := os.CreateTemp("", "slipway-plan-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	size, err := io.Copy(file, io.LimitReader(body, largestBundle+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("download it: %w", err)
	case size > largestBundle:
		return nil, fmt.Errorf("it is larger than %d MiB", largestBundle>>20)
	}
	b := &contents{size: size, paths: map[string]bool{}}
	if at.BundleType == "zip" {
		return b, b.readZip(file, size)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return b, b.readTar(file, at.BundleType == "tgz")
}

func (b *contents) readZip(file io.ReaderAt, size int64) error {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return fmt.Errorf("it is no zip archive: %w", err)
	}
	for _, f := range archive.File {
		open := func() (io.ReadCloser, error) { return f.Open() }
		if err := b.add(f.Name, open); err != nil {
			return err
		}
	}
	return nil
}

func (b *contents) readTar(file io.Reader, compressed bool) error {
	if compressed {
		plain, err := gzip.NewReader(file)
		if err != nil {
			return fmt.Errorf("it is not compressed with gzip: %w", err)
		}
		file = plain
	}
	archive := tar.NewReader(file)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("it is no tar archive: %w", err)
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(archive), nil }
		if err := b.add(h.Name, open); err != nil {
			return err
		}
	}
}

// appspecNames are tried by agents in this order.
var appspecNames = []string{appspec.DefaultName, "appspec.yaml"}

// add notes a file, with the directories that it is in, and reads it if it is the appspec.
func (b *contents) add(name string, open func() (io.ReadCloser, error)) error {
	name = clean(name)
	for dir := name; dir != "."; dir = path.Dir(dir) {
		b.paths[dir] = true
	}
	if len(b.paths) > mostFiles {
		return fmt.Errorf("it has more than %d files", mostFiles)
	}
	if !slices.Contains(appspecNames, name) || b.name == appspec.DefaultName {
		return nil
	}
	file, err := open()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer file.Close()
	const largest = 1 << 20
	text, err := io.ReadAll(io.LimitReader(file, largest))
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	b.name, b.appspec = name, bytes.TrimPrefix(text, []byte("\ufeff"))
	return nil
}

func clean(name string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
}

// faults are what would fail on every host.
func (b *contents) faults() (list []string) {
	if b.name == "" {
		return []string{"The bundle has no appspec.yml in its root: DownloadBundle fails on every host. " +
			"Archive the content of the directory, not the directory."}
	}
	spec, err := appspec.Parse(b.name, b.appspec)
	if err != nil {
		return []string{"DownloadBundle fails on every host: " + err.Error()}
	}
	for _, f := range spec.Files {
		if source := clean(f.Source); source != "" && !b.paths[source] {
			list = append(list, fmt.Sprintf("Install fails on every host: %s names the source %s, which is not in the bundle.", b.name, f.Source))
		}
	}
	for _, event := range appspec.Events() {
		for _, script := range spec.Hooks[event] {
			if !b.paths[clean(script.Location)] {
				list = append(list, fmt.Sprintf("%s fails on every host: %s names the script %s, which is not in the bundle.",
					event, b.name, script.Location))
			}
		}
	}
	return list
}
