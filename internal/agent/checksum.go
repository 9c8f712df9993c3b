package agent

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"os"
	"strings"
)

// An expected checksum is what S3 has written down about a whole object, if it has.
type expected struct {
	algorithm string // as in S3's header
	sum       string // in base64
}

// checksums are the algorithms that are known here, the ones that say most first.
var checksums = []struct {
	algorithm string
	make      func() hash.Hash
}{
	{"Sha256", sha256.New},
	{"Crc64nvme", func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) }},
	{"Crc32c", func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	{"Crc32", func() hash.Hash { return crc32.NewIEEE() }},
}

// expectedOf reads the headers of an answer. The checksum of an object that was uploaded in parts
// may be one of the parts' checksums, which is of no use here.
func expectedOf(h http.Header) expected {
	for _, c := range checksums {
		sum := h.Get("X-Amz-Checksum-" + c.algorithm)
		if sum != "" && !strings.Contains(sum, "-") && h.Get("X-Amz-Checksum-Type") != "COMPOSITE" {
			return expected{c.algorithm, sum}
		}
	}
	return expected{}
}

// errDamaged is a bundle that is not the one that was uploaded.
var errDamaged = errors.New("the bundle was damaged on its way")

// verify compares a file with the checksum.
func (e expected) verify(path string) error {
	for _, c := range checksums {
		if c.algorithm != e.algorithm {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		sum := c.make()
		if _, err := io.Copy(sum, file); err != nil {
			return fmt.Errorf("read the bundle again: %w", err)
		}
		if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); got != e.sum {
			return fmt.Errorf("%w: its checksum (%s) is %s and not %s", errDamaged, strings.ToUpper(e.algorithm), got, e.sum)
		}
	}
	return nil
}
