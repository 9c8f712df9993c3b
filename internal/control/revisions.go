package control

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// A RevisionView is a revision with the groups whose target revision it is.
type RevisionView struct {
	deploy.RegisteredRevision
	Groups []string
}

// RegisterRevision makes a revision known to the application. Doing it again changes the
// description, where one is given, and nothing else.
func (s *Service) RegisterRevision(
	ctx context.Context, caller identity.Caller, application string, r deploy.Revision, description string,
) error {
	if err := authorize(caller, "RegisterApplicationRevision", s.applicationARN(application)); err != nil {
		return err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return err
	}
	if err := checkDescription(description); err != nil {
		return err
	}
	if r, err = checkRevision(r, app.Platform); err != nil {
		return err
	}
	err = s.store.RegisterRevision(ctx, deploy.RegisteredRevision{
		ApplicationID: app.ID, Revision: r, Description: description, RegisteredAt: s.now(),
	})
	if err != nil {
		return fmt.Errorf("register revision: %w", err)
	}
	s.log.InfoContext(ctx, "revision registered", "application", application, "type", r.Type, "by", caller.ARN)
	return nil
}

// Revision returns a registered revision.
func (s *Service) Revision(
	ctx context.Context, caller identity.Caller, application string, r deploy.Revision,
) (RevisionView, error) {
	if err := authorize(caller, "GetApplicationRevision", s.applicationARN(application)); err != nil {
		return RevisionView{}, err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return RevisionView{}, err
	}
	users, err := s.revisionUsers(ctx, application)
	if err != nil {
		return RevisionView{}, err
	}
	return s.revision(ctx, app, r, users)
}

// BatchRevisions returns those of the revisions that are registered, and which are not.
func (s *Service) BatchRevisions(
	ctx context.Context, caller identity.Caller, application string, revisions []deploy.Revision,
) (found []RevisionView, missing []deploy.Revision, err error) {
	if err := authorize(caller, "BatchGetApplicationRevisions", s.applicationARN(application)); err != nil {
		return nil, nil, err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return nil, nil, err
	}
	if err := checkBatch("revisions", len(revisions), "RevisionRequired"); err != nil {
		return nil, nil, err
	}
	users, err := s.revisionUsers(ctx, application)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range revisions {
		view, err := s.revision(ctx, app, r, users)
		switch {
		case deploy.ErrorCode(err) == "RevisionDoesNotExist":
			missing = append(missing, r)
		case err != nil:
			return nil, nil, err
		default:
			found = append(found, view)
		}
	}
	return found, missing, nil
}

// A RevisionFilter selects and orders revisions, in the API's own words. Empty members do
// neither.
type RevisionFilter struct {
	SortBy    string // registerTime, firstUsedTime or lastUsedTime
	SortOrder string // ascending or descending
	Bucket    string
	KeyPrefix string // needs Bucket
	Deployed  string // include: only target revisions of a group; exclude: only others; ignore
}

// ListRevisions returns a page of an application's revisions and the token of the next page.
func (s *Service) ListRevisions(
	ctx context.Context, caller identity.Caller, application string, f RevisionFilter, token string,
) (page []deploy.Revision, next string, err error) {
	if err := authorize(caller, "ListApplicationRevisions", s.applicationARN(application)); err != nil {
		return nil, "", err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return nil, "", err
	}
	if err := f.check(); err != nil {
		return nil, "", err
	}
	kind := listKind("revisions", app.ID, f)
	after, err := readToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	all, err := s.store.Revisions(ctx, app.ID)
	if err != nil {
		return nil, "", fmt.Errorf("list revisions: %w", err)
	}
	users, err := s.revisionUsers(ctx, application)
	if err != nil {
		return nil, "", err
	}
	f.sort(all)
	rest, err := itemsAfter(all, after, revisionKey)
	if err != nil {
		return nil, "", err
	}
	rest = filtered(rest, func(r deploy.RegisteredRevision) bool { return f.selects(r, users) })
	rest, next = firstPage(kind, rest, revisionKey)
	page = make([]deploy.Revision, 0, len(rest))
	for _, r := range rest {
		page = append(page, r.Revision)
	}
	return page, next, nil
}

func revisionKey(r deploy.RegisteredRevision) string { return r.Revision.Key() }

func (f RevisionFilter) check() error {
	switch {
	case !slices.Contains([]string{"", "registerTime", "firstUsedTime", "lastUsedTime"}, f.SortBy):
		return deploy.Errorf("InvalidSortBy",
			"The sortBy value is not valid: %s. It is registerTime, firstUsedTime or lastUsedTime", shown(f.SortBy))
	case !slices.Contains([]string{"", "ascending", "descending"}, f.SortOrder):
		return deploy.Errorf("InvalidSortOrder",
			"The sortOrder value is not valid: %s. It is ascending or descending", shown(f.SortOrder))
	case !slices.Contains([]string{"", "include", "exclude", "ignore"}, f.Deployed):
		return deploy.Errorf("InvalidDeployedStateFilter",
			"The deployed value is not valid: %s. It is include, exclude or ignore", shown(f.Deployed))
	case f.Bucket != "" && !bucketForm.MatchString(f.Bucket):
		return deploy.Errorf("InvalidBucketNameFilter",
			"The s3Bucket is not the name of a bucket: %s. It has 3 to 63 lower-case letters, digits, dots and hyphens", shown(f.Bucket))
	case len(f.KeyPrefix) > maxKey:
		return deploy.Errorf("InvalidKeyPrefixFilter", "The s3KeyPrefix has %d bytes; a key has at most %d", len(f.KeyPrefix), maxKey)
	case f.KeyPrefix != "" && f.Bucket == "":
		return deploy.Errorf("BucketNameFilterRequired", "An s3KeyPrefix is given without its s3Bucket")
	}
	return nil
}

func (f RevisionFilter) sort(list []deploy.RegisteredRevision) {
	by := func(r deploy.RegisteredRevision) time.Time {
		switch f.SortBy {
		case "firstUsedTime":
			return r.FirstUsedAt
		case "lastUsedTime":
			return r.LastUsedAt
		default:
			return r.RegisteredAt
		}
	}
	slices.SortStableFunc(list, func(a, b deploy.RegisteredRevision) int {
		order := cmp.Or(by(a).Compare(by(b)), strings.Compare(revisionKey(a), revisionKey(b)))
		if f.SortOrder == "descending" {
			return -order
		}
		return order
	})
}

func (f RevisionFilter) selects(r deploy.RegisteredRevision, users map[string][]string) bool {
	if f.Bucket != "" {
		s3 := r.Revision.S3
		if s3 == nil || s3.Bucket != f.Bucket || !strings.HasPrefix(s3.Key, f.KeyPrefix) {
			return false
		}
	}
	used := len(users[revisionKey(r)]) > 0
	return f.Deployed != "include" && f.Deployed != "exclude" || used == (f.Deployed == "include")
}

// revision looks a revision up. Its location is enough; the bundle type is not compared.
func (s *Service) revision(
	ctx context.Context, app deploy.Application, r deploy.Revision, users map[string][]string,
) (RevisionView, error) {
	r, err := checkLocation(r)
	if err != nil {
		return RevisionView{}, err
	}
	registered, err := s.store.Revision(ctx, app.ID, r.Key())
	if errors.Is(err, store.ErrNotFound) {
		return RevisionView{}, deploy.Errorf("RevisionDoesNotExist",
			"No revision found for application: %s at %s", app.Name, location(r))
	}
	if err != nil {
		return RevisionView{}, fmt.Errorf("read revision: %w", err)
	}
	return RevisionView{RegisteredRevision: registered, Groups: users[r.Key()]}, nil
}

// revisionUsers lists, by revision key, the groups whose target revision it is.
func (s *Service) revisionUsers(ctx context.Context, application string) (map[string][]string, error) {
	groups, err := s.store.Groups(ctx, application, "", 0)
	if err != nil {
		return nil, fmt.Errorf("list deployment groups: %w", err)
	}
	users := map[string][]string{}
	for _, g := range groups {
		if r := g.History.TargetRevision; r != nil {
			users[r.Key()] = append(users[r.Key()], g.Name)
		}
	}
	return users, nil
}

// location is a revision's place, for people.
func location(r deploy.Revision) string {
	switch {
	case r.S3 != nil:
		at := "s3://" + r.S3.Bucket + "/" + r.S3.Key
		if r.S3.Version != "" {
			at += " version " + r.S3.Version
		}
		if r.S3.ETag != "" {
			at += " eTag " + r.S3.ETag
		}
		return shown(at)
	case r.GitHub != nil:
		return shown("GitHub " + r.GitHub.Repository + " commit " + r.GitHub.CommitID)
	case r.Content != nil:
		return "sha256 " + shown(r.Content.SHA256)
	}
	return "nowhere"
}

// checkRevision checks a revision for use on the platform, and completes it: inline content
// gets its hash.
func checkRevision(r deploy.Revision, platform deploy.Platform) (deploy.Revision, error) {
	r, err := checkLocation(r)
	if err != nil {
		return r, err
	}
	onServers := platform == deploy.Server
	switch {
	case r.S3 != nil:
		return r, checkBundleType(r.S3.BundleType, platform)
	case r.GitHub != nil && !onServers:
		return r, deploy.Errorf("InvalidRevision", "A GitHub revision is for the Server compute platform, not for %s", platform)
	case r.Content != nil && onServers:
		return r, deploy.Errorf("InvalidRevision",
			"A revision of type %s is for the Lambda and ECS compute platforms; Server takes S3 or GitHub", r.Type)
	case r.Content != nil && r.Content.Content == "":
		return r, deploy.Errorf("InvalidRevision", "The revision has no content")
	}
	return r, nil
}

func checkBundleType(bundle string, platform deploy.Platform) error {
	allowed := []string{"tar", "tgz", "zip"}
	if platform != deploy.Server {
		allowed = []string{"YAML", "JSON"}
	}
	choice := "For the " + string(platform) + " compute platform it is one of " + strings.Join(allowed, ", ")
	switch {
	case bundle == "":
		return deploy.Errorf("InvalidRevision", "The s3Location has no bundleType. %s", choice)
	case !slices.Contains(allowed, bundle):
		return deploy.Errorf("InvalidRevision", "The bundleType of the s3Location is not valid: %s. %s", shown(bundle), choice)
	}
	return nil
}

// checkLocation checks that a revision says where it is, and nothing that contradicts its type.
func checkLocation(r deploy.Revision) (deploy.Revision, error) {
	const code = "InvalidRevision"
	if r == (deploy.Revision{}) {
		return r, deploy.Errorf("RevisionRequired", "The revision is missing")
	}
	given := 0
	for _, set := range []bool{r.S3 != nil, r.GitHub != nil, r.Content != nil} {
		if set {
			given++
		}
	}
	if given > 1 {
		return r, deploy.Errorf(code, "The revision has %d locations; give the one that its revisionType names", given)
	}
	switch r.Type {
	case deploy.S3:
		if r.S3 == nil || r.S3.Bucket == "" || r.S3.Key == "" {
			return r, deploy.Errorf(code, "A revision of type S3 needs an s3Location with bucket and key")
		}
	case deploy.GitHub:
		return r, checkGitHub(r.GitHub)
	case deploy.StringContent, deploy.AppSpecContent:
		return completeContent(r)
	default:
		return r, deploy.Errorf(code, "The revisionType is not valid: %s. It is S3, GitHub, String or AppSpecContent",
			shown(string(r.Type)))
	}
	return r, nil
}

func checkGitHub(g *deploy.GitHubLocation) error {
	switch {
	case g == nil || !repositoryForm.MatchString(g.Repository):
		return deploy.Errorf("InvalidRevision", "A revision of type GitHub needs a gitHubLocation with repository as owner/name")
	case !commitForm.MatchString(g.CommitID):
		return deploy.Errorf("InvalidRevision", "The commitId of the gitHubLocation is not a SHA-1 of 40 lower-case hexadecimal digits: %s",
			shown(g.CommitID))
	}
	return nil
}

// completeContent fills in the hash of inline content, or checks the one that is given. A
// hash alone is enough to look a revision up.
func completeContent(r deploy.Revision) (deploy.Revision, error) {
	if r.Content == nil || r.Content.Content == "" && r.Content.SHA256 == "" {
		return r, deploy.Errorf("InvalidRevision", "A revision of type %s needs content", r.Type)
	}
	if r.Content.Content == "" {
		r.Content = &deploy.Content{SHA256: strings.ToLower(r.Content.SHA256)}
		return r, nil
	}
	sum := sha256.Sum256([]byte(r.Content.Content))
	hash := hex.EncodeToString(sum[:])
	if given := r.Content.SHA256; given != "" && !strings.EqualFold(given, hash) {
		return r, deploy.Errorf("InvalidRevision", "The sha256 of the revision is %s, but its content has %s", shown(given), hash)
	}
	r.Content = &deploy.Content{Content: r.Content.Content, SHA256: hash}
	return r, nil
}
