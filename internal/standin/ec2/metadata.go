package ec2

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/identity"
)

const (
	tokenHeader    = "X-aws-ec2-metadata-token"
	tokenTTLHeader = "X-aws-ec2-metadata-token-ttl-seconds"
	longestToken   = 6 * time.Hour
	// sessionTime is how long the keys of a role are valid; they are replaced renewBefore that.
	sessionTime = 6 * time.Hour
	renewBefore = 30 * time.Minute
)

// A metadata is the instance metadata service of one instance, for one boot. It answers only to
// its own tokens, in the second version of the protocol.
type metadata struct {
	*Service
	id string

	mu     sync.Mutex
	tokens map[string]time.Time // until when they are good
}

func (s *Service) metadata(id string) http.Handler {
	return &metadata{Service: s, id: id, tokens: map[string]time.Time{}}
}

var apiVersion = regexp.MustCompile(`^/(latest|\d{4}-\d{2}-\d{2})(/|$)`)

func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i, ok := m.instances.Get(m.id)
	prefix := apiVersion.FindString(r.URL.Path)
	path := strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(prefix, "/"))
	w.Header().Set("Server", "EC2ws")
	w.Header().Set("Content-Type", "text/plain")
	switch {
	case !ok || prefix == "":
		http.Error(w, "Not Found", http.StatusNotFound)
	case i.MetadataEndpoint == types.InstanceMetadataEndpointStateDisabled:
		http.Error(w, "Forbidden", http.StatusForbidden)
	case path == "/api/token":
		m.giveToken(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	case !m.good(r.Header.Get(tokenHeader)):
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	default:
		m.answer(w, r, i, path)
	}
}

// giveToken refuses what came through a proxy, as AWS does.
func (m *metadata) giveToken(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.Header.Get(tokenTTLHeader))
	ttl := time.Duration(seconds) * time.Second
	switch {
	case r.Method != http.MethodPut:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	case r.Header.Get("X-Forwarded-For") != "":
		http.Error(w, "Forbidden", http.StatusForbidden)
		return
	case err != nil || ttl < time.Second || ttl > longestToken:
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	token, now := rand.Text()+rand.Text(), m.cfg.Now()
	m.mu.Lock()
	maps.DeleteFunc(m.tokens, func(_ string, until time.Time) bool { return !now.Before(until) })
	m.tokens[token] = now.Add(ttl)
	m.mu.Unlock()
	w.Header().Set(tokenTTLHeader, strconv.Itoa(seconds))
	io.WriteString(w, token)
}

func (m *metadata) good(token string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	until, ok := m.tokens[token]
	return ok && m.cfg.Now().Before(until)
}

// answer tells one value, or, of a folder, what is in it.
func (m *metadata) answer(w http.ResponseWriter, r *http.Request, i instance, path string) {
	values, err := m.values(r.Context(), i)
	if err != nil {
		m.cfg.Log.Error("instance metadata", "id", i.ID, "path", path, "error", err)
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	path = strings.Trim(path, "/")
	if value, ok := values[path]; ok {
		io.WriteString(w, value)
		return
	}
	if list := below(values, path); len(list) > 0 {
		io.WriteString(w, strings.Join(list, "\n"))
		return
	}
	http.Error(w, "Not Found", http.StatusNotFound)
}

// below lists what is in a folder; folders in it end with a slash.
func below(values map[string]string, folder string) (names []string) {
	for path := range values {
		name, ok := strings.CutPrefix(path, folder+"/")
		if folder == "" {
			name, ok = path, true
		}
		if !ok {
			continue
		}
		if first, _, deeper := strings.Cut(name, "/"); deeper {
			name = first + "/"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// values is everything that the service tells, by its path.
func (m *metadata) values(ctx context.Context, i instance) (map[string]string, error) {
	hostname := m.hostname(i.Address)
	v := map[string]string{
		"meta-data/ami-id": i.Image, "meta-data/ami-launch-index": strconv.Itoa(int(i.Index)), "meta-data/instance-id": i.ID,
		"meta-data/instance-type": i.Type, "meta-data/instance-life-cycle": "on-demand", "meta-data/instance-action": "none",
		"meta-data/hostname": hostname, "meta-data/local-hostname": hostname, "meta-data/local-ipv4": i.Address,
		"meta-data/reservation-id": i.Reservation, "meta-data/profile": "default-hvm", "meta-data/security-groups": "default",
		"meta-data/placement/availability-zone": i.Zone, "meta-data/placement/availability-zone-id": m.zoneID(i.Zone),
		"meta-data/placement/region": m.cfg.Region, "meta-data/services/domain": "amazonaws.com", "meta-data/services/partition": "aws",
	}
	document, err := json.Marshal(map[string]any{
		"accountId": m.cfg.Account, "architecture": string(architecture()), "availabilityZone": i.Zone, "imageId": i.Image, "instanceId": i.ID,
		"instanceType": i.Type, "pendingTime": i.LaunchedAt.Format(time.RFC3339), "privateIp": i.Address, "region": m.cfg.Region,
		"version": "2017-09-30",
	})
	if err != nil {
		return nil, err
	}
	v["dynamic/instance-identity/document"] = string(document)
	if data, err := base64.StdEncoding.DecodeString(i.UserData); err == nil && len(data) > 0 {
		v["user-data"] = string(data)
	}
	if i.MetadataTags == types.InstanceMetadataTagsStateEnabled {
		for _, t := range i.Tags {
			v["meta-data/tags/instance/"+aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return v, m.addRole(ctx, i, v)
}

// addRole adds the keys of the role that the instance's profile has, if it has one.
func (m *metadata) addRole(ctx context.Context, i instance, v map[string]string) error {
	if i.Profile == "" {
		return nil
	}
	name := i.Profile[strings.LastIndex(i.Profile, "/")+1:]
	profile, err := m.cfg.Identity.GetEntity(ctx, identity.InstanceProfile, name)
	if _, gone := errors.AsType[*identity.Error](err); gone || err == nil && len(profile.Members) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	now := m.cfg.Now().UTC()
	info := map[string]string{"Code": "Success", "LastUpdated": now.Format(time.RFC3339), "InstanceProfileArn": profile.ARN, "InstanceProfileId": profile.ID}
	keys := map[string]string{"Code": "Success", "LastUpdated": now.Format(time.RFC3339), "Type": "AWS-HMAC"}
	session, err := m.sessions.of(ctx, m.Service, i.ID, profile.Members[0])
	if refused, ok := errors.AsType[*identity.Error](err); ok {
		keys = map[string]string{"Code": "AssumeRoleUnauthorizedAccess", "LastUpdated": keys["LastUpdated"], "Message": refused.Message}
	} else if err != nil {
		return err
	} else {
		keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"] = session.AccessKeyID, session.Secret, session.Token
		keys["Expiration"] = session.ExpiresAt.UTC().Format(time.RFC3339)
	}
	for path, value := range map[string]map[string]string{"info": info, "security-credentials/" + profile.Members[0]: keys} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err
		}
		v["meta-data/iam/"+path] = string(text)
	}
	return nil
}

// sessions are the roles' sessions that instances have.
type sessions struct {
	mu   sync.Mutex
	byID map[string]identity.Session
}

// of is a session of the role for the instance: the one that it has, while that lasts.
func (s *sessions) of(ctx context.Context, service *Service, id, role string) (identity.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ok := s.byID[id]
	if ok && have.Owner == role && service.cfg.Now().Before(have.ExpiresAt.Add(-renewBefore)) {
		return have, nil
	}
	session, err := service.cfg.Identity.InstanceSession(ctx, role, id, sessionTime)
	if err != nil {
		return identity.Session{}, err
	}
	if s.byID == nil {
		s.byID = map[string]identity.Session{}
	}
	s.byID[id] = session
	return session, nil
}

func (s *sessions) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}
