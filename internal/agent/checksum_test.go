package agent

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/slipway/slipway/internal/hostwire"
)

// The check values of the algorithms' definitions.
func TestChecksums(t *testing.T) {
	path := write(t, "bundle", "123456789")
	for algorithm, value := range map[string]string{
		"Sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225", "Crc64nvme": "ae8b14860a799888", "Crc32c": "e3069283", "Crc32": "cbf43926",
	} {
		raw, err := hex.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		header := http.Header{}
		header.Set("X-Amz-Checksum-"+algorithm, base64.StdEncoding.EncodeToString(raw))
		sum := expectedOf(header)
		if err := sum.verify(path); err != nil || sum.algorithm != algorithm {
			t.Errorf("%s: %v", algorithm, err)
		}
		if err := sum.verify(write(t, "other", "12345678")); !errors.Is(err, errDamaged) {
			t.Errorf("%s of something else: %v", algorithm, err)
		}
		header.Set("X-Amz-Checksum-Type", "COMPOSITE")
		if sum := expectedOf(header); sum.algorithm != "" {
			t.Errorf("the checksum of checksums is believed")
		}
	}
}

// A bundle that arrives damaged is downloaded again, and given up when that does not help.
func TestDamagedDownload(t *testing.T) {
	y := newToy(t)
	y.object("k", 9)
	answer := func(content string) fault {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Amz-Checksum-Mode") != "ENABLED" {
				t.Error("S3 was not asked for the checksum")
			}
			w.Header().Set("X-Amz-Checksum-Crc32", "y/Q5Jg==") // of 123456789
			_, _ = w.Write([]byte(content))
		}
	}
	path := filepath.Join(t.TempDir(), "bundle.tar")
	revision := &hostwire.S3Revision{Bucket: "b", Key: "k"}
	y.faults["GET"] = []fault{answer("123456780"), answer("123456789")}
	if _, err := y.downloader().fromS3(t.Context(), revision, path); err != nil {
		t.Error(err)
	}
	y.faults["GET"] = []fault{answer("123456780"), answer("123456780")}
	if _, err := y.downloader().fromS3(t.Context(), revision, path); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the damaged bundle was left behind")
	}
}
