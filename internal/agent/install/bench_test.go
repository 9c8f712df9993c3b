package install_test

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/bundle"
	"github.com/slipway/slipway/internal/agent/install"
	"github.com/slipway/slipway/internal/appspec"
)

// Unpacking a revision and placing it, beside `tar x && cp -a` on the same disk. The two take turns;
// ratio is the median of the turns, ours divided by theirs, and ratio-min the best: below 1 is faster.
func BenchmarkUnpackAndPlace(b *testing.B) {
	for _, bench := range []struct {
		name, kind string
		write      func(*tar.Writer)
	}{
		{"10000 files of 4 KB, tar", bundle.Tar, writeSmallFiles},
		{"10000 files of 4 KB, tgz", bundle.Tgz, writeSmallFiles},
		{"one file of 500 MB, tar", bundle.Tar, writeLargeFile},
		{"one file of 500 MB, tgz", bundle.Tgz, writeLargeFile},
	} {
		b.Run(bench.name, func(b *testing.B) {
			dir := b.TempDir()
			archive := filepath.Join(dir, "bundle.tar")
			writeArchive(b, archive, bench.kind, bench.write)
			var ours, theirs, ratios []float64
			for b.Loop() {
				our := timed(func() { placeBySlipway(b, archive, bench.kind, filepath.Join(dir, "slipway")) })
				their := timed(func() { placeByTools(b, archive, filepath.Join(dir, "tools")) })
				ours, theirs, ratios = append(ours, our), append(theirs, their), append(ratios, our/their)
				clear := func(name string) error { return os.RemoveAll(filepath.Join(dir, name)) }
				if err := clear("slipway"); err != nil {
					b.Fatal(err)
				}
				if err := clear("tools"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(median(ours), "slipway-s")
			b.ReportMetric(median(theirs), "tar+cp-s")
			b.ReportMetric(median(ratios), "ratio")
			b.ReportMetric(slices.Min(ratios), "ratio-min")
		})
	}
}

func timed(f func()) (seconds float64) {
	start := time.Now()
	f()
	return time.Since(start).Seconds()
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

func placeBySlipway(b *testing.B, archive, kind, dir string) {
	instructions := filepath.Join(dir, "deployment-instructions")
	if err := os.MkdirAll(instructions, 0o755); err != nil {
		b.Fatal(err)
	}
	job := install.Job{
		Archive: filepath.Join(dir, "deployment-archive"), Instructions: instructions, Group: "g",
		Spec: &appspec.Spec{OS: "linux", Files: []appspec.File{{Source: "/", Destination: filepath.Join(dir, "app")}}},
	}
	if err := bundle.Unpack(b.Context(), archive, kind, job.Archive); err != nil {
		b.Fatal(err)
	}
	in, err := install.New(job)
	if err != nil {
		b.Fatal(err)
	}
	if err := in.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func placeByTools(b *testing.B, archive, dir string) {
	script := `mkdir -p "$2/archive" && tar xpf "$1" -C "$2/archive" && cp -a "$2/archive" "$2/app"`
	if out, err := exec.Command("sh", "-c", script, "sh", archive, dir).CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
}

func writeArchive(b *testing.B, path, kind string, write func(*tar.Writer)) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	var out io.Writer = f
	if kind == bundle.Tgz {
		gz := gzip.NewWriter(f)
		defer gz.Close()
		out = gz
	}
	w := tar.NewWriter(out)
	write(w)
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// text compresses about as well as programs do: words of a small vocabulary and some noise.
func text(size int) []byte {
	random := rand.New(rand.NewPCG(1, 2))
	words := make([][]byte, 2000)
	for i := range words {
		words[i] = fmt.Appendf(nil, "%x", random.Uint64()>>(random.IntN(6)*8))
	}
	var out []byte
	for len(out) < size {
		out = append(append(out, words[random.IntN(len(words))]...), byte(random.IntN(256)))
	}
	return out[:size]
}

func writeMember(w *tar.Writer, name string, data ...[]byte) {
	size := 0
	for _, d := range data {
		size += len(d)
	}
	h := &tar.Header{Name: name, Mode: 0o644, Size: int64(size), ModTime: time.Unix(1e9, 0), Typeflag: tar.TypeReg, Uid: os.Getuid(), Gid: os.Getgid()}
	if err := w.WriteHeader(h); err != nil {
		panic(err)
	}
	for _, d := range data {
		if _, err := w.Write(d); err != nil {
			panic(err)
		}
	}
}

func writeSmallFiles(w *tar.Writer) {
	data := text(1 << 20)
	for i := range 10000 {
		at := i * 97 % (len(data) - 4096)
		writeMember(w, fmt.Sprintf("app/part-%02d/file-%05d", i/100, i), data[at:at+4096])
	}
}

func writeLargeFile(w *tar.Writer) {
	data := text(10 << 20)
	writeMember(w, "app/large", slices.Repeat([][]byte{data}, 50)...)
}
