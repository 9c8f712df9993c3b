package demo

import (
	"archive/zip"
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// app is the application as its developers keep it: an appspec.yml, hooks, a page.
//
//go:embed app
var app embed.FS

// brokenPage is the mistake in v3: its page asks for a value that nobody knows.
//
//go:embed broken/page.html
var brokenPage []byte

// A fault is what is wrong with a version.
type fault int

const (
	sound  fault = iota
	broken       // it starts, but answers 500
	tardy        // it answers late
)

// lateness is how late: well beyond what the alarm allows.
const lateness = "300ms"

// bundle zips the application in that version.
func bundle(version string, f fault) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	err := fs.WalkDir(app, "app", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := app.ReadFile(name)
		if err != nil {
			return err
		}
		if f == broken && path.Base(name) == "page.html" {
			content = brokenPage
		}
		return addFile(w, strings.TrimPrefix(name, "app/"), content)
	})
	if err == nil {
		err = addFile(w, "web/version", []byte(version+"\n"))
	}
	if err == nil && f == tardy {
		err = addFile(w, "web/delay", []byte(lateness+"\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", version, err)
	}
	return out.Bytes(), nil
}

func addFile(w *zip.Writer, name string, content []byte) error {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate}
	header.SetMode(0o644)
	if strings.HasSuffix(name, ".sh") {
		header.SetMode(0o755)
	}
	out, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}
