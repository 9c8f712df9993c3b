package deploy

import (
	"crypto/rand"
	"crypto/sha1"
	"fmt"
	"regexp"
)

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

var deploymentID = regexp.MustCompile(`^d-[A-Z0-9]{9}$`)

// NewDeploymentID returns a random id such as d-A7YW3F91L.
func NewDeploymentID() string { return "d-" + randomString(9) }

// ValidDeploymentID says whether id has the form of a deployment id.
func ValidDeploymentID(id string) bool { return deploymentID.MatchString(id) }

// NewUUID returns a random version 4 UUID, as applications and groups have.
func NewUUID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return formatUUID(b, 4)
}

// nameUUID is the version 5 UUID of a name: the same for the same name.
func nameUUID(name string) string {
	sum := sha1.Sum([]byte(name))
	return formatUUID([16]byte(sum[:16]), 5)
}

func formatUUID(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// InstanceSuffix is the random end of an on-premises instance's ARN.
func InstanceSuffix() string { return randomString(10) }

func randomString(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = idAlphabet[int(b[i])%len(idAlphabet)]
	}
	return string(b)
}
