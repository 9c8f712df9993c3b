// Package installer is what a host downloads to get its agent: the bucket that AWS keeps for
// that in every region, aws-codedeploy-REGION, which aws deploy install reads.
//
//	latest/install        a shell script with the agent's program behind it; ./install auto
//	latest/slipway-agent  the program alone
//
// The script knows the server that it was fetched from, so that the host calls there, and
// whose specifications it may trust. It needs nothing but a shell: no second download, no keys.
package installer

import (
	"bytes"
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

//go:embed install.sh
var script string

// Bucket is the name of the bucket of a region.
func Bucket(region string) string { return "aws-codedeploy-" + region }

// An Installer makes the bucket's objects.
type Installer struct {
	// Program is the file of the agent for the hosts, an ELF program for Linux.
	Program string
	// SignerCA is the certificate, in PEM, that signs deployment specifications.
	SignerCA []byte
	// ServerCA is what hosts need to trust the server's HTTPS, in PEM; empty when their
	// system trusts it, or for plain HTTP.
	ServerCA []byte
}

// An Object is the content of a key. It must be closed.
type Object struct {
	io.ReadSeeker
	io.Closer
	modified time.Time
}

// Modified is when the agent's program was last replaced.
func (o *Object) Modified() time.Time { return o.modified }

// absent says what is not there, and is fs.ErrNotExist.
type absent string

func (a absent) Error() string   { return string(a) }
func (absent) Is(err error) bool { return err == fs.ErrNotExist }

// Open returns an object for a client that reached the server at the URL endpoint. The error
// is fs.ErrNotExist, with words for the caller, for what is not there.
func (i Installer) Open(key, endpoint string) (*Object, error) {
	if key != "latest/install" && key != "latest/slipway-agent" {
		return nil, absent("there is no such key here, only latest/install and latest/slipway-agent")
	}
	program, err := os.Open(i.Program)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent("the server has no agent to install, there is no file " + i.Program +
			"; put slipway-agent there, or start the server with --agent-program")
	}
	if err != nil {
		return nil, fmt.Errorf("open the agent's program: %w", err)
	}
	info, err := program.Stat()
	if err != nil {
		return nil, errors.Join(err, program.Close())
	}
	var head []byte
	if key == "latest/install" {
		if head, err = i.script(program, info.Size(), endpoint); err != nil {
			return nil, errors.Join(err, program.Close())
		}
	}
	whole := io.NewSectionReader(joined{head, program}, 0, int64(len(head))+info.Size())
	return &Object{whole, program, info.ModTime()}, nil
}

// script fills in what differs between servers.
func (i Installer) script(program io.ReaderAt, size int64, endpoint string) ([]byte, error) {
	machine, err := machineOf(program)
	if err != nil {
		return nil, fmt.Errorf("read the agent's program %s: %w", i.Program, err)
	}
	if strings.ContainsAny(endpoint, "'\n") {
		return nil, fmt.Errorf("the server cannot be reached at %q", endpoint)
	}
	return []byte(strings.NewReplacer(
		"@MACHINE@", machine.uname, "@ARCHITECTURE@", machine.debian,
		"@SIZE@", strconv.FormatInt(size, 10), "@ENDPOINT@", endpoint,
		"@SIGNER_CA@\n", pem(i.SignerCA), "@SERVER_CA@\n", pem(i.ServerCA),
	).Replace(script)), nil
}

func pem(text []byte) string {
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return ""
	}
	return string(text) + "\n"
}

// machine is a kind of processor, as uname -m and as Debian call it.
type machine struct{ uname, debian string }

func machineOf(program io.ReaderAt) (machine, error) {
	header, err := elf.NewFile(program)
	if err != nil {
		return machine{}, fmt.Errorf("it is no program for Linux: %w", err)
	}
	machines := map[elf.Machine]machine{
		elf.EM_X86_64:  {"x86_64", "amd64"},
		elf.EM_AARCH64: {"aarch64", "arm64"},
	}
	m, ok := machines[header.Machine]
	if !ok {
		return m, fmt.Errorf("it is for %v, and hosts are x86_64 or aarch64", header.Machine)
	}
	return m, nil
}

// joined is a head and then a file.
type joined struct {
	head []byte
	tail io.ReaderAt
}

func (j joined) ReadAt(p []byte, off int64) (int, error) {
	size := int64(len(j.head))
	if off >= size {
		return j.tail.ReadAt(p, off-size)
	}
	n := copy(p, j.head[off:])
	if n == len(p) {
		return n, nil
	}
	more, err := j.tail.ReadAt(p[n:], 0)
	return n + more, err
}
