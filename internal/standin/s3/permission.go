package s3

import (
	"bytes"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// permission is an action that a caller needs on a resource.
type permission struct{ action, resource string }

// maxDelete bounds the list of a DeleteObjects: a thousand keys of a kilobyte, and markup.
const maxDelete = 2 << 20

// bucketSubresources names what a policy calls a bucket's parts, by the query parameter that
// asks for them: Get, Put or Delete goes before.
var bucketSubresources = map[string]string{
	"accelerate": "AccelerateConfiguration", "acl": "BucketAcl", "analytics": "AnalyticsConfiguration",
	"cors": "BucketCORS", "encryption": "EncryptionConfiguration",
	"intelligent-tiering": "IntelligentTieringConfiguration", "inventory": "InventoryConfiguration",
	"lifecycle": "LifecycleConfiguration", "location": "BucketLocation", "logging": "BucketLogging",
	"metrics": "MetricsConfiguration", "notification": "BucketNotification",
	"object-lock": "BucketObjectLockConfiguration", "ownershipControls": "BucketOwnershipControls",
	"policy": "BucketPolicy", "policyStatus": "BucketPolicyStatus",
	"publicAccessBlock": "BucketPublicAccessBlock", "replication": "ReplicationConfiguration",
	"requestPayment": "BucketRequestPayment", "tagging": "BucketTagging",
	"versioning": "BucketVersioning", "website": "BucketWebsite",
}

// objectSubresources does the same for an object's parts.
var objectSubresources = map[string]string{
	"acl": "ObjectAcl", "attributes": "ObjectAttributes", "legal-hold": "ObjectLegalHold",
	"retention": "ObjectRetention", "tagging": "ObjectTagging",
}

// permissions lists everything that a request needs. Where parameters ask for several things
// at once, all are needed, so that it does not matter which of them is done.
func permissions(r *http.Request, at address) ([]permission, error) {
	for _, upload := range r.URL.Query()["uploadId"] {
		if strings.ContainsAny(upload, "/\\\x00") || upload == "." || upload == ".." {
			// versitygw makes a path of it.
			return nil, &refusal{http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist."}
		}
	}
	for name, values := range r.URL.Query() {
		if len(values) > 1 {
			return nil, &refusal{http.StatusBadRequest, "InvalidArgument", "The parameter " + name + " is given more than once."}
		}
	}
	var actions []string
	resource := "arn:aws:s3:::" + at.bucket
	switch {
	case at.bucket == "":
		actions, resource = serviceActions(r), "*"
	case at.key == "" && r.Method == http.MethodPost && r.URL.Query().Has("delete"):
		return deletions(r, at.bucket)
	case at.key == "":
		actions = bucketActions(r)
	default:
		actions, resource = objectActions(r), resource+"/"+at.key
	}
	if len(actions) == 0 {
		return nil, &refusal{http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource."}
	}
	var needed []permission
	for _, a := range actions {
		needed = append(needed, permission{"s3:" + a, resource})
	}
	return withSource(r, needed)
}

// conditionKeys are what a list is asked for. A parameter given twice could mean one thing
// here and another to versitygw; permissions refuses it.
func conditionKeys(r *http.Request) map[string][]string {
	query, keys := r.URL.Query(), map[string][]string{}
	for _, name := range []string{"prefix", "delimiter", "max-keys"} {
		if values, ok := query[name]; ok {
			keys["s3:"+name] = values
		}
	}
	return keys
}

func serviceActions(r *http.Request) []string {
	if r.Method == http.MethodGet {
		return []string{"ListAllMyBuckets"}
	}
	return nil
}

func bucketActions(r *http.Request) []string {
	query := r.URL.Query()
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Put"}[r.Method]
	deletesPolicy := r.Method == http.MethodDelete && query.Has("policy")
	var actions []string
	for parameter, name := range bucketSubresources {
		if verb != "" && query.Has(parameter) && !deletesPolicy {
			actions = append(actions, verb+name)
		}
	}
	switch {
	case r.Method == http.MethodGet && query.Has("versions"):
		actions = append(actions, "ListBucketVersions")
	case r.Method == http.MethodGet && query.Has("uploads"):
		actions = append(actions, "ListBucketMultipartUploads")
	}
	if deletesPolicy {
		actions = append(actions, "DeleteBucketPolicy")
	}
	if len(actions) > 0 {
		return actions
	}
	return map[string][]string{
		http.MethodGet: {"ListBucket"}, http.MethodHead: {"ListBucket"},
		http.MethodPut: {"CreateBucket"}, http.MethodDelete: {"DeleteBucket"},
	}[r.Method]
}

func objectActions(r *http.Request) []string {
	query := r.URL.Query()
	version := ""
	if query.Has("versionId") {
		version = "Version"
	}
	verb := map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[r.Method]
	var actions []string
	for parameter, name := range objectSubresources {
		if verb != "" && query.Has(parameter) {
			actions = append(actions, verb+strings.Replace(name, "Object", "Object"+version, 1))
		}
	}
	upload := query.Has("uploadId")
	switch r.Method {
	case http.MethodGet:
		if upload {
			actions = append(actions, "ListMultipartUploadParts")
		}
	case http.MethodDelete:
		if upload {
			actions = append(actions, "AbortMultipartUpload")
		}
	case http.MethodPost:
		actions = postActions(query)
	}
	if len(actions) > 0 {
		return actions
	}
	return map[string][]string{
		http.MethodGet: {"GetObject" + version}, http.MethodHead: {"GetObject" + version},
		http.MethodPut: {"PutObject"}, http.MethodDelete: {"DeleteObject" + version},
	}[r.Method]
}

func postActions(query url.Values) []string {
	var actions []string
	for parameter, action := range map[string]string{
		"uploads": "PutObject", "uploadId": "PutObject", "restore": "RestoreObject", "select": "GetObject",
	} {
		if query.Has(parameter) {
			actions = append(actions, action)
		}
	}
	return actions
}

// withSource adds the right to read what a copy is made of.
func withSource(r *http.Request, needed []permission) ([]permission, error) {
	given := r.Header.Values("X-Amz-Copy-Source")
	if len(given) == 0 {
		return needed, nil
	}
	// versitygw decodes the whole of it, and only then looks for a version: a "?" of another
	// kind is part of the key.
	decoded, err := url.QueryUnescape(strings.TrimPrefix(given[0], "/"))
	source, _, versioned := strings.Cut(decoded, "?versionId=")
	if err != nil || len(given) > 1 || !strings.Contains(source, "/") || ambiguous(source) {
		return nil, &refusal{http.StatusBadRequest, "InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"}
	}
	action := "s3:GetObject"
	if versioned {
		action = "s3:GetObjectVersion"
	}
	return append(needed, permission{action, "arn:aws:s3:::" + source}), nil
}

// deletions reads the list of keys of a DeleteObjects and puts it back for the proxy.
func deletions(r *http.Request, bucket string) ([]permission, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDelete+1))
	if err != nil || len(body) > maxDelete {
		return nil, &refusal{http.StatusBadRequest, "MalformedXML", "The list of objects to delete is not complete or too long."}
	}
	var list struct {
		Objects []struct {
			Key       string
			VersionID string `xml:"VersionId"`
		} `xml:"Object"`
	}
	if err := xml.Unmarshal(body, &list); err != nil || len(list.Objects) == 0 {
		return nil, &refusal{http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema."}
	}
	var needed []permission
	for _, object := range list.Objects {
		if ambiguous(object.Key) {
			return nil, &refusal{http.StatusBadRequest, "InvalidArgument", "A key to delete holds empty, \".\" or \"..\" parts."}
		}
		action := "s3:DeleteObject"
		if object.VersionID != "" {
			action = "s3:DeleteObjectVersion"
		}
		needed = append(needed, permission{action, "arn:aws:s3:::" + bucket + "/" + object.Key})
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return needed, nil
}
