package ec2_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/identity"
)

// imds asks the metadata service of the machine that was booted last.
func (w *world) imds(method, path string, header ...string) (int, string) {
	w.garage.mu.Lock()
	handler := w.garage.boots[len(w.garage.boots)-1].Metadata
	w.garage.mu.Unlock()
	r := httptest.NewRequest(method, "http://169.254.169.254"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}

func (w *world) token(t *testing.T) string {
	t.Helper()
	status, token := w.imds(http.MethodPut, "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60")
	if status != http.StatusOK {
		t.Fatalf("no token: %d %s", status, token)
	}
	return token
}

// profile makes an instance profile with a role that trusts the service.
func (w *world) profile(t *testing.T, name, service string) {
	t.Helper()
	ctx := t.Context()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	if _, err := w.identity.CreateRole(ctx, name, "", "", trust, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.identity.CreateInstanceProfile(ctx, name, "", nil); err != nil {
		t.Fatal(err)
	}
	if err := w.identity.AddRoleToInstanceProfile(ctx, name, name); err != nil {
		t.Fatal(err)
	}
}

func TestMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		id := w.launch(t, 1, func(in *sdk.RunInstancesInput) {
			in.UserData, in.TagSpecifications = aws.String("aGVsbG8="), tagged("fleet", "web")
			in.MetadataOptions = &types.InstanceMetadataOptionsRequest{InstanceMetadataTags: types.InstanceMetadataTagsStateEnabled}
		})[0]
		address, token := *w.one(t, id).PrivateIpAddress, w.token(t)
		for path, want := range map[string]string{
			"/latest/":                                      "dynamic/\nmeta-data/\nuser-data",
			"/latest/meta-data/instance-id":                 id,
			"/2021-07-15/meta-data/local-ipv4/":             address,
			"/latest/meta-data/placement":                   "availability-zone\navailability-zone-id\nregion",
			"/latest/meta-data/placement/availability-zone": "us-east-1a",
			"/latest/meta-data/tags/instance/fleet":         "web",
			"/latest/user-data":                             "hello",
		} {
			if status, got := w.imds(http.MethodGet, path, "X-aws-ec2-metadata-token", token); status != http.StatusOK || got != want {
				t.Errorf("%s: %d %q, want %q", path, status, got, want)
			}
		}
		for _, c := range []struct {
			want         int
			method, path string
			header       []string
		}{
			{http.StatusUnauthorized, http.MethodGet, "/latest/meta-data/instance-id", nil},
			{http.StatusUnauthorized, http.MethodGet, "/latest/meta-data/instance-id", []string{"X-aws-ec2-metadata-token", "other"}},
			{http.StatusNotFound, http.MethodGet, "/latest/meta-data/no", []string{"X-aws-ec2-metadata-token", token}},
			{http.StatusNotFound, http.MethodGet, "/latest/meta-data/iam/security-credentials/", []string{"X-aws-ec2-metadata-token", token}},
			{http.StatusForbidden, http.MethodPut, "/latest/api/token", []string{"X-aws-ec2-metadata-token-ttl-seconds", "60", "X-Forwarded-For", "192.0.2.1"}},
			{http.StatusBadRequest, http.MethodPut, "/latest/api/token", nil},
		} {
			if got, text := w.imds(c.method, c.path, c.header...); got != c.want {
				t.Errorf("%s %s with %v: %d %s, want %d", c.method, c.path, c.header, got, text, c.want)
			}
		}
		time.Sleep(time.Minute)
		if got, _ := w.imds(http.MethodGet, "/latest/meta-data/instance-id", "X-aws-ec2-metadata-token", token); got != http.StatusUnauthorized {
			t.Errorf("after its time the token is good for %d", got)
		}
	})
}

// TestRoleKeys: the keys are those of a session that is this instance and nobody else, and are
// new in time.
func TestRoleKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		w.profile(t, "web", "ec2.amazonaws.com")
		id := w.launch(t, 1, func(in *sdk.RunInstancesInput) {
			in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Name: aws.String("web")}
		})[0]
		keys := func() (k struct {
			Code, AccessKeyId, SecretAccessKey, Token string
			Expiration                                time.Time
		}) {
			_, text := w.imds(http.MethodGet, "/latest/meta-data/iam/security-credentials/web", "X-aws-ec2-metadata-token", w.token(t))
			if err := json.Unmarshal([]byte(text), &k); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
			return k
		}
		first := keys()
		_, caller, err := w.identity.Authenticate(t.Context(), first.AccessKeyId, first.Token)
		if err != nil || caller.Instance != id || caller.ARN != "arn:aws:sts::"+account+":assumed-role/web/"+id {
			t.Errorf("the keys are those of %s as %q: %v", caller.ARN, caller.Instance, err)
		}
		if again := keys(); again.AccessKeyId != first.AccessKeyId {
			t.Error("who asks again has other keys")
		}
		time.Sleep(time.Until(first.Expiration) - 10*time.Minute)
		if later := keys(); later.AccessKeyId == first.AccessKeyId {
			t.Error("ten minutes before they expire there are no new keys")
		}
	})
}

func TestARoleThatDoesNotTrustEC2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		w.profile(t, "lambda", "lambda.amazonaws.com")
		w.launch(t, 1, func(in *sdk.RunInstancesInput) {
			in.IamInstanceProfile = &types.IamInstanceProfileSpecification{Arn: aws.String("arn:aws:iam::" + account + ":instance-profile/lambda")}
		})
		_, text := w.imds(http.MethodGet, "/latest/meta-data/iam/security-credentials/lambda", "X-aws-ec2-metadata-token", w.token(t))
		var k struct{ Code, AccessKeyId string }
		if err := json.Unmarshal([]byte(text), &k); err != nil || k.Code != "AssumeRoleUnauthorizedAccess" || k.AccessKeyId != "" {
			t.Errorf("%v: %s", err, text)
		}
	})
}

// TestSessionsOfOthersAreNoInstance: whoever may assume the role may call the session as they like.
func TestSessionsOfOthersAreNoInstance(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`
	role, err := w.identity.CreateRole(ctx, "web", "", "", trust, 0)
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := w.identity.AssumeRole(ctx, identity.Administrator(account), identity.RoleRequest{RoleARN: role.ARN, Name: "i-00000000000000000"})
	if err != nil {
		t.Fatal(err)
	}
	if caller, err := w.identity.CallerOf(ctx, session.AccessKeyID); err != nil || caller.Instance != "" {
		t.Errorf("it is the instance %q: %v", caller.Instance, err)
	}
}
