package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// pauseImage is what the container that holds a task's network is made of: one program of some
// 140 bytes, which waits for ever. It is made here, for nothing is pulled that nobody asked for.
const pauseImage = "slipway-pause:1"

// pauses are programs that wait for ever, in machine code.
var pauses = map[string]struct {
	machine uint16 // in ELF
	code    []byte
}{
	// mov eax, 34 (pause); syscall; jmp to the begin
	"amd64": {62, []byte{0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7}},
	// mov x0..x3, 0; mov x8, 73 (ppoll); svc 0; b to the begin
	"arm64": {183, []byte{
		0x00, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x80, 0xd2, 0x02, 0x00, 0x80, 0xd2, 0x03, 0x00, 0x80, 0xd2,
		0x28, 0x09, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4, 0xfa, 0xff, 0xff, 0x17,
	}},
}

// pauseProgram is a static ELF executable: its header, one segment, the code.
func pauseProgram(arch string) ([]byte, error) {
	p, ok := pauses[arch]
	if !ok {
		return nil, fmt.Errorf("tasks with the network mode awsvpc are not available on %s", arch)
	}
	const base, headers = 0x400000, 64 + 56
	size := uint64(headers + len(p.code))
	var b bytes.Buffer
	b.Write([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, v := range []any{
		uint16(2), p.machine, uint32(1), uint64(base + headers), uint64(64), uint64(0), uint32(0), // executable, version, entry, segments, sections
		uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0),
		uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(0x1000), // loaded, readable and executable
	} {
		binary.Write(&b, binary.LittleEndian, v) // to memory
	}
	b.Write(p.code)
	return b.Bytes(), nil
}

// ensurePause imports the image, unless it is there.
func (e *Engine) ensurePause(ctx context.Context) error {
	_, err := e.client.ImageInspect(ctx, pauseImage)
	if err == nil || !errdefs.IsNotFound(err) {
		return err
	}
	program, err := pauseProgram(runtime.GOARCH)
	if err != nil {
		return err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "pause", Mode: 0o755, Size: int64(len(program))}); err != nil {
		return err
	}
	if _, err := w.Write(program); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	out, err := e.client.ImageImport(ctx, client.ImageImportSource{Source: &archive, SourceName: "-"}, pauseImage,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/pause"]`}})
	if err != nil {
		return fmt.Errorf("import the image %s: %w", pauseImage, err)
	}
	defer out.Close()
	_, err = io.Copy(io.Discard, out)
	return err
}
