package bundle

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"os/user"
	"strconv"
)

// readTar reads an archive in one goroutine (and unpacks gzip there) and its members in another.
func readTar(ctx context.Context, f io.Reader, t *tree) error {
	in := bufio.NewReaderSize(&contextReader{ctx, f}, 256<<10)
	var stream io.Reader = in
	if head, _ := in.Peek(2); string(head) == "\x1f\x8b" {
		gz, err := gzip.NewReader(in)
		if err != nil {
			return &readError{err}
		}
		stream = gz
	}
	ahead := readAhead(stream)
	defer ahead.Close()
	end := &trailer{r: ahead}
	r := tar.NewReader(end)
	owners := newOwners()
	for {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return &readError{err}
		}
		if err := errors.Join(t.budget.entry(), addTarMember(t, header, r, owners)); err != nil {
			return err
		}
	}
	if !end.seen() {
		return &readError{io.ErrUnexpectedEOF}
	}
	// What follows the last member carries gzip's checksum.
	if _, err := io.Copy(io.Discard, &boundedReader{end, t.budget}); err != nil {
		return &readError{err}
	}
	return nil
}

func addTarMember(t *tree, h *tar.Header, content io.Reader, owners *owners) error {
	m := member{name: h.Name, mode: h.FileInfo().Mode(), modTime: h.ModTime, owner: owners.find(h)}
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		return t.addFile(m, h.Size, content)
	case tar.TypeDir:
		return t.addDir(m)
	case tar.TypeSymlink:
		return t.addLink(m, h.Linkname)
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeLink:
		return t.addHardLink(m, h.Linkname)
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return &RefusedError{h.Name, "is a device or a named pipe", "Leave it out of the archive and create it in an AfterInstall script."}
	}
	return &RefusedError{h.Name, "is of an unknown type (" + strconv.QuoteRune(rune(h.Typeflag)) + ")", "Build the archive from regular files, folders and symbolic links."}
}

// A trailer watches for the zero blocks that end a tar archive. The library takes a missing end
// for a good one, so an archive cut between two members would pass as complete.
type trailer struct {
	r     io.Reader
	zeros int
}

func (t *trailer) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	tail := 0
	for tail < n && p[n-1-tail] == 0 {
		tail++
	}
	if tail == n {
		t.zeros += tail
	} else {
		t.zeros = tail
	}
	return n, err
}

func (t *trailer) seen() bool { return t.zeros >= 512 }

// Owners finds the user and group of a member: by name if this host knows it, else by number.
// Only root can give files away, so for others the answer is always nil.
type owners struct {
	root          bool
	users, groups map[string]int
}

func newOwners() *owners {
	return &owners{root: os.Geteuid() == 0, users: map[string]int{}, groups: map[string]int{}}
}

func (o *owners) find(h *tar.Header) *owner {
	if !o.root {
		return nil
	}
	return &owner{
		uid: cached(o.users, h.Uname, h.Uid, func(name string) (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}),
		gid: cached(o.groups, h.Gname, h.Gid, func(name string) (string, error) {
			g, err := user.LookupGroup(name)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		}),
	}
}

func cached(known map[string]int, name string, number int, lookup func(string) (string, error)) int {
	if name == "" {
		return number
	}
	if id, ok := known[name]; ok && id >= 0 {
		return id
	} else if ok {
		return number
	}
	known[name] = -1
	text, err := lookup(name)
	if err != nil {
		return number
	}
	if id, err := strconv.Atoi(text); err == nil {
		known[name] = id
		return id
	}
	return number
}
