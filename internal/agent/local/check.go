package local

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/hostwire"
)

// A place is where a bundle is; exactly one member is set.
type place struct {
	s3     *hostwire.S3Revision
	github *hostwire.GitHubRevision
	path   string
}

var (
	scheme     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	githubPage = regexp.MustCompile(`^https://github\.com/([^/?]+)/([^/?]+?)(?:\.git)?/?$`)
	githubAPI  = regexp.MustCompile(`^https://api\.github\.com/repos/([^/?]+)/([^/?]+)/(tar|zip)ball/([^/?]+)$`)
	eventName  = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
)

func types() []string     { return []string{"tgz", "tar", "zip", "directory"} }
func behaviors() []string { return []string{"DISALLOW", "OVERWRITE", "RETAIN"} }

// check finds what is wrong before anything is done, with the texts of codedeploy-local.
func (o Options) check() (place, error) {
	if !slices.Contains(types(), o.Type) {
		return place{}, fmt.Errorf("type %s is not a valid type. Must be one of %s", o.Type, list(types()))
	}
	if o.FileExistsBehavior != "" && !slices.Contains(behaviors(), strings.ToUpper(o.FileExistsBehavior)) {
		return place{}, fmt.Errorf("The deployment failed because an invalid option was specified for fileExistsBehavior: %s. Valid options include OVERWRITE, RETAIN, and DISALLOW.", o.FileExistsBehavior)
	}
	p, err := locate(o.BundleLocation)
	if err != nil {
		return place{}, err
	}
	if p.path != "" {
		err = o.checkPath(p.path)
	}
	if p.s3 != nil && o.Type == "directory" {
		err = fmt.Errorf("location %s is an object in S3, which cannot be a directory: name its type with --type tgz, tar or zip", o.BundleLocation)
	}
	return p, errors.Join(err, checkEvents(o.Events))
}

// locate tells S3, GitHub and paths apart.
func locate(location string) (place, error) {
	if !scheme.MatchString(location) {
		path, err := filepath.Abs(location)
		return place{path: path}, err
	}
	u, err := url.Parse(location)
	if err != nil {
		return place{}, fmt.Errorf("location %s is not a valid uri", location)
	}
	page, api := githubPage.FindStringSubmatch(location), githubAPI.FindStringSubmatch(location)
	switch {
	case u.Scheme == "http":
		return place{}, fmt.Errorf("location %s cannot be http, only encrypted (https) url endpoints supported", location)
	case u.Scheme == "s3" && u.Host != "" && len(u.Path) > 1:
		q := u.Query()
		return place{s3: &hostwire.S3Revision{Bucket: u.Host, Key: u.Path[1:], Version: q.Get("versionId"), ETag: q.Get("etag")}}, nil
	case page != nil:
		return place{github: &hostwire.GitHubRevision{Account: page[1], Repository: page[2], CommitId: "HEAD"}}, nil
	case api != nil:
		return place{github: &hostwire.GitHubRevision{Account: api[1], Repository: api[2], BundleType: api[3], CommitId: api[4]}}, nil
	case u.Scheme == "file" && u.Path != "":
		return place{path: u.Path}, nil
	}
	return place{}, fmt.Errorf("unknown location %s cannot be determined to be S3, Github, or a local file / directory", location)
}

func (o Options) checkPath(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return fmt.Errorf("location %s is specified as a file or directory which does not exist", o.BundleLocation)
	case o.Type == "directory" && !info.IsDir():
		return fmt.Errorf("location %s is specified with type directory but it is a file", o.BundleLocation)
	case o.Type != "directory" && info.IsDir():
		return fmt.Errorf("location %s is specified as a compressed local file but it is a directory", o.BundleLocation)
	case o.Type != "directory":
		return nil
	}
	names := []string{"appspec.yml", "appspec.yaml"}
	if o.AppSpecFilename != "" {
		names = []string{o.AppSpecFilename}
	}
	for i, name := range names {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return nil
		}
		names[i] = filepath.Join(o.BundleLocation, name)
	}
	return fmt.Errorf("Expecting appspec file at location %s but it is not found there. Run this in a directory that has one, or name the bundle's with --bundle-location", strings.Join(names, " or "))
}

// checkEvents holds the order of events to what can work: scripts of the new revision cannot run
// before it is there.
func checkEvents(events []string) error {
	for i, e := range events {
		if !eventName.MatchString(e) {
			return fmt.Errorf("event %q is not a name of letters and digits", e)
		}
		if slices.Contains(events[:i], e) {
			return fmt.Errorf("event %s is specified twice", e)
		}
	}
	before := []string{"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop"}
	for _, gate := range []string{"DownloadBundle", "Install"} {
		for _, e := range events[:max(slices.Index(events, gate), 0)] {
			if !slices.Contains(before, e) {
				return fmt.Errorf("The only events that can be specified before %s are %s. Please fix the order of your specified events: %s", gate, list(before), list(events))
			}
		}
		before = append(before, "DownloadBundle", "BeforeInstall")
	}
	return nil
}

// revision is the place as a specification has it. GitHub has no types but zip and tar, and zip is
// what any other becomes.
func (p place) revision(kind string) *hostwire.Revision {
	switch {
	case p.s3 != nil:
		p.s3.BundleType = kind
		return &hostwire.Revision{RevisionType: "S3", S3Revision: p.s3}
	case p.github != nil:
		if p.github.BundleType == "" {
			p.github.BundleType = "zip"
			if kind == "tar" {
				p.github.BundleType = kind
			}
		}
		return &hostwire.Revision{RevisionType: "GitHub", GitHubRevision: p.github}
	case kind == "directory":
		return &hostwire.Revision{RevisionType: "Local Directory", LocalRevision: &hostwire.LocalRevision{Location: p.path, BundleType: kind}}
	}
	return &hostwire.Revision{RevisionType: "Local File", LocalRevision: &hostwire.LocalRevision{Location: p.path, BundleType: kind}}
}

// outside refuses a directory that holds the deployment root: it would be copied into itself.
func outside(spec hostwire.Specification, root string) error {
	l := spec.Revision.LocalRevision
	if l == nil || l.BundleType != "directory" {
		return nil
	}
	if rel, err := filepath.Rel(l.Location, root); err == nil && filepath.IsLocal(rel) {
		return fmt.Errorf("location %s holds the deployment root %s and would be copied into itself: name another root_dir in the configuration file (-c)", l.Location, root)
	}
	return nil
}
