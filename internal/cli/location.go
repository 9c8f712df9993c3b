package cli

import (
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const locationHelp = "where the bundle is: `s3://bucket/key`, or bucket=B,key=K[,bundleType=zip][,eTag=E][,version=V]"

// parseLocation reads an S3 location as a URL or in the AWS CLI's shorthand. The bundle type
// follows from the key's ending unless it is given.
func parseLocation(text string) (*types.S3Location, error) {
	var l *types.S3Location
	var err error
	if strings.HasPrefix(text, "s3://") {
		l, err = locationFromURL(text)
	} else {
		l, err = locationFromPairs(text)
	}
	if err != nil {
		return nil, err
	}
	if aws.ToString(l.Bucket) == "" || aws.ToString(l.Key) == "" {
		return nil, usagef("--s3-location %s names no bucket or no key: want s3://bucket/key", text)
	}
	if l.BundleType == "" {
		l.BundleType = bundleType(*l.Key)
	}
	return l, nil
}

func locationFromURL(text string) (*types.S3Location, error) {
	rest, query, _ := strings.Cut(strings.TrimPrefix(text, "s3://"), "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, usagef("--s3-location %s: %v", text, err)
	}
	bucket, key, _ := strings.Cut(rest, "/")
	l := &types.S3Location{Bucket: &bucket, Key: &key}
	if v := values.Get("versionId"); v != "" {
		l.Version = &v
	}
	if v := values.Get("etag"); v != "" {
		l.ETag = &v
	}
	return l, nil
}

func locationFromPairs(text string) (*types.S3Location, error) {
	l := &types.S3Location{}
	for _, pair := range strings.Split(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			return nil, usagef("--s3-location %s: want s3://bucket/key or bucket=B,key=K", text)
		case name == "bucket":
			l.Bucket = &value
		case name == "key":
			l.Key = &value
		case name == "bundleType":
			l.BundleType = types.BundleType(value)
		case name == "eTag":
			l.ETag = aws.String(strings.Trim(value, `"`))
		case name == "version":
			l.Version = &value
		default:
			return nil, usagef("--s3-location knows bucket, key, bundleType, eTag and version, not %q", name)
		}
	}
	return l, nil
}

func bundleType(key string) types.BundleType {
	switch {
	case path.Ext(key) == ".yml", path.Ext(key) == ".yaml":
		return types.BundleTypeYaml
	case path.Ext(key) == ".json":
		return types.BundleTypeJson
	case strings.HasSuffix(key, ".tar.gz"), path.Ext(key) == ".tgz":
		return types.BundleTypeTarGZip
	case path.Ext(key) == ".tar":
		return types.BundleTypeTar
	default:
		return types.BundleTypeZip
	}
}

// shorthand is the location as the AWS CLI takes it.
func shorthand(l *types.S3Location) string {
	s := fmt.Sprintf("bucket=%s,key=%s,bundleType=%s", aws.ToString(l.Bucket), aws.ToString(l.Key), l.BundleType)
	if l.ETag != nil {
		s += ",eTag=" + *l.ETag
	}
	if l.Version != nil {
		s += ",version=" + *l.Version
	}
	return s
}
