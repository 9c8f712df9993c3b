package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/api"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostapi"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/installer"
	"github.com/slipway/slipway/internal/standin/cloudtrail"
	"github.com/slipway/slipway/internal/standin/iam"
	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/sns"
	"github.com/slipway/slipway/internal/store"
)

// route splits the one listener: by the service that a request is signed for, and where it
// is not signed, by its path.
func (s *Server) route(service *control.Service) http.Handler {
	services := append(iam.Services(s.identity, s.cfg.Log), api.New(service, s.cfg.Log), s.watch.Service())
	if s.balancing != nil {
		services = append(services, s.balancing.Wire())
	}
	web, links := http.NotFoundHandler(), http.NotFoundHandler()
	if s.functions != nil {
		services = append(services, s.functions.Wire())
		web = s.functions.Web(keys{s})
	}
	if s.scaling != nil {
		services = append(services, s.scaling.Wire())
	}
	if s.instances != nil {
		services = append(services, s.instances.Wire())
	}
	if s.containers != nil {
		services = append(services, s.containers.Wire())
	}
	if s.topics != nil {
		services = append(services, s.topics.Wire())
		links = s.topics.Web()
	}
	for i := range services {
		services[i] = services[i].Observed(cloudtrail.Recorder(s.audit, s.cfg.Log))
	}
	services = append(services, cloudtrail.Service(s.audit, s.cfg.Log), s.endpoint.Service())
	signed := hostapi.Observed(awswire.Authenticated(keys{s}, time.Now, 0, services...))

	pages := http.NewServeMux()
	pages.HandleFunc("GET /healthz", healthy)
	pages.HandleFunc("GET /{$}", welcome)

	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope, _, _, ok := awswire.ScopeOf(r)
		_, page := pages.Handler(r)
		anonymous := r.Header.Get("Authorization") == ""
		r = s.withFacts(r, service)
		switch {
		case scope == "s3":
			s.objects.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, lambda.Prefix):
			web.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, sns.Prefix):
			links.ServeHTTP(w, r)
		case page != "" && anonymous && !ok:
			pages.ServeHTTP(w, r)
		case ok || r.Method == http.MethodPost && (r.URL.Path == "/" || r.Header.Get("Smithy-Protocol") != ""):
			signed.ServeHTTP(w, r)
		default:
			// An object, asked for without a signature or with one of another age, which
			// the object store has words for.
			s.objects.ServeHTTP(w, r)
		}
	})
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "ok\n")
}

func welcome(w http.ResponseWriter, r *http.Request) {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(w, "Slipway is running. Point AWS tools at it:\n\n"+
		"  export AWS_ENDPOINT_URL=%s://%s\n  aws deploy list-applications\n", scheme, r.Host)
}

// keys lets awswire look up access keys.
type keys struct{ s *Server }

func (k keys) Secret(ctx context.Context, accessKeyID, sessionToken string) (string, any, error) {
	if accessKeyID == k.s.own.accessKeyID && sessionToken == "" {
		return k.s.own.secret, k.s.own.caller, nil
	}
	secret, caller, err := k.s.identity.Authenticate(ctx, accessKeyID, sessionToken)
	if refused, ok := errors.AsType[*identity.Error](err); ok {
		if refused.Code == identity.ExpiredToken {
			return "", nil, awswire.ErrExpired
		}
		return "", nil, nil // awswire has words for it
	}
	return secret, caller, err
}

// withFacts tells policies about the request.
func (s *Server) withFacts(r *http.Request, service *control.Service) *http.Request {
	facts := identity.Request{Time: time.Now(), Secure: r.TLS != nil, UserAgent: r.UserAgent()}
	if at, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		facts.SourceIP = at.Addr().Unmap()
	}
	_, facts.Region, _, _ = awswire.ScopeOf(r)
	facts.ResourceTags = func(arn string) []identity.Tag {
		if s.instances != nil && strings.HasPrefix(arn, "arn:aws:ec2:") {
			return s.instances.TagsOf(arn)
		}
		if s.containers != nil && strings.HasPrefix(arn, "arn:aws:ecs:") {
			return s.containers.TagsOf(arn)
		}
		tags, err := service.TagsOf(r.Context(), arn)
		if err != nil {
			s.cfg.Log.Error("tags that a policy asks for cannot be read", "resource", arn, "error", err)
		}
		var list []identity.Tag
		for _, t := range tags {
			list = append(list, identity.Tag{Key: t.Key, Value: t.Value})
		}
		return list
	}
	return r.WithContext(identity.WithRequest(r.Context(), facts))
}

// authorizeObject says whether the owner of an access key may do something with an object.
// A host may read registered revisions without a policy: it could not work otherwise.
func (s *Server) authorizeObject(ctx context.Context, accessKeyID, action, resource string, keys map[string][]string) error {
	caller, err := s.identity.CallerOf(ctx, accessKeyID)
	if err != nil {
		return err
	}
	caller = caller.With(keys)
	decision := caller.Decide(action, resource)
	if decision == identity.Allowed {
		return nil
	}
	if bucket, key, ok := readsObject(action, resource); ok && decision == identity.NotAllowed {
		if bucket == installer.Bucket(s.cfg.Region) {
			return nil // whoever has keys may install an agent
		}
		if may, err := s.hosts.MayReadRevision(ctx, caller, bucket, key); err != nil || may {
			return err
		}
	}
	return errors.New(caller.Refusal(action, resource, decision))
}

// observeObject keeps what was asked of the object store.
func (s *Server) observeObject(ctx context.Context, accessKeyID string, call awswire.Call) {
	caller, err := s.identity.CallerOf(ctx, accessKeyID)
	if err != nil {
		s.cfg.Log.Error("whose call it was is not in the audit log", "operation", call.Operation, "key", accessKeyID, "error", err)
	}
	cloudtrail.Recorder(s.audit, s.cfg.Log)(awswire.WithCaller(ctx, caller), call)
}

// sighted is when the agent of an instance was last heard of, if it was.
func (s *Server) sighted(ctx context.Context, name string) (hostapi.Sighting, bool, error) {
	i, err := s.store.Instance(ctx, name)
	identifier := i.Identity()
	if errors.Is(err, store.ErrNotFound) {
		identifier, err = "arn:aws:ec2:"+s.cfg.Region+":"+s.cfg.Account+":instance/"+name, nil
	}
	if err != nil {
		return hostapi.Sighting{}, false, fmt.Errorf("read instance %s: %w", name, err)
	}
	seen, ok := s.endpoint.Sighted(identifier)
	return seen, ok, nil
}

// lastHeard is when the agent of an instance was last heard of; zero for never.
func (s *Server) lastHeard(ctx context.Context, name string) (time.Time, error) {
	seen, _, err := s.sighted(ctx, name)
	return seen.At, err
}

// revisionExists refuses a revision in the embedded object store that is not there.
func (s *Server) revisionExists(ctx context.Context, r deploy.Revision) error {
	if r.S3 == nil {
		return nil
	}
	ok, err := s.objects.Exists(ctx, r.S3.Bucket, r.S3.Key, r.S3.Version)
	if err != nil {
		return fmt.Errorf("look for the revision: %w", err)
	}
	if !ok {
		return deploy.Errorf("RevisionDoesNotExist", "There is no object s3://%s/%s%s. "+
			"Upload it with slipway deploy push, aws deploy push or aws s3 cp, then try again.", r.S3.Bucket, r.S3.Key, version(r.S3.Version))
	}
	return nil
}

// ask lets the agent of an instance say what a deployment would do there, if it is Slipway's and
// was heard of lately.
func (s *Server) ask(ctx context.Context, name string, d deploy.Deployment) (o deploy.Outcome, ok bool, err error) {
	seen, known, err := s.sighted(ctx, name)
	if err != nil || !known || !seen.Plans || time.Since(seen.At) > time.Minute {
		return o, false, err
	}
	o, err = s.hosts.Ask(ctx, name, d)
	return o, true, err
}

func (s *Server) openBundle(ctx context.Context, at deploy.S3Location) (io.ReadCloser, error) {
	return s.objects.Open(ctx, at.Bucket, at.Key, at.Version)
}

func version(v string) string {
	if v == "" {
		return ""
	}
	return " of version " + v
}

// readsObject takes the bucket and the key from a read's resource.
func readsObject(action, resource string) (bucket, key string, ok bool) {
	if action != "s3:GetObject" && action != "s3:GetObjectVersion" {
		return "", "", false
	}
	return strings.Cut(strings.TrimPrefix(resource, "arn:aws:s3:::"), "/")
}
