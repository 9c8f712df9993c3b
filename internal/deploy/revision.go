package deploy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// A RevisionType says where a revision is kept.
type RevisionType string

// The revision types.
const (
	S3             RevisionType = "S3"
	GitHub         RevisionType = "GitHub"
	AppSpecContent RevisionType = "AppSpecContent"
	StringContent  RevisionType = "String"
)

// A Revision says where one version of an application is. Exactly the member that Type
// names is set.
type Revision struct {
	Type    RevisionType    `json:"type"`
	S3      *S3Location     `json:"s3,omitempty"`
	GitHub  *GitHubLocation `json:"gitHub,omitempty"`
	Content *Content        `json:"content,omitempty"`
}

// An S3Location is an object in a bucket. Version and ETag are optional; they pin the object.
type S3Location struct {
	Bucket     string `json:"bucket"`
	Key        string `json:"key"`
	BundleType string `json:"bundleType"` // tar, tgz, zip, YAML or JSON
	Version    string `json:"version,omitempty"`
	ETag       string `json:"eTag,omitempty"`
}

// A GitHubLocation is a commit of a repository ("owner/name").
type GitHubLocation struct {
	Repository string `json:"repository"`
	CommitID   string `json:"commitId"`
}

// Content is an appspec given in the request itself. SHA256 is its identity, in hex.
type Content struct {
	Content string `json:"content"`
	SHA256  string `json:"sha256"`
}

// Inline is the revision that consists of that AppSpec.
func Inline(text string) Revision {
	sum := sha256.Sum256([]byte(text))
	return Revision{Type: AppSpecContent, Content: &Content{Content: text, SHA256: hex.EncodeToString(sum[:])}}
}

// Key identifies the revision within its application: two locations with one key are one revision.
func (r Revision) Key() string {
	switch {
	case r.S3 != nil:
		return strings.Join([]string{"s3", r.S3.Bucket, r.S3.Key, r.S3.Version, r.S3.ETag}, "\x1f")
	case r.GitHub != nil:
		return strings.Join([]string{"github", r.GitHub.Repository, r.GitHub.CommitID}, "\x1f")
	case r.Content != nil:
		return "content\x1f" + r.Content.SHA256
	default:
		return ""
	}
}

// A RegisteredRevision is a revision with what an application knows of it.
type RegisteredRevision struct {
	ApplicationID string    `json:"applicationId"`
	Revision      Revision  `json:"revision"`
	Description   string    `json:"description,omitempty"`
	RegisteredAt  time.Time `json:"registeredAt"`
	FirstUsedAt   time.Time `json:"firstUsedAt,omitzero"`
	LastUsedAt    time.Time `json:"lastUsedAt,omitzero"`
}
