package server_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/smallstep/pkcs7"

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

// siteName is what the agents call the server.
const siteName = "deploy.example.com"

// A site is a server over HTTPS with an application and a bundle, for agents on the wire.
type site struct {
	*servertest.Server
	api   *codedeploy.Client
	roots *x509.CertPool
	pin   *x509.CertPool // the signer's CA
}

func newSite(t *testing.T, options ...servertest.Option) *site {
	t.Helper()
	options = append(options, func(c *server.Config) { c.TLS = server.TLS{SelfSigned: true, Hosts: []string{siteName}} })
	s := &site{Server: servertest.Start(t, options...)}
	s.api = codedeploy.NewFromConfig(s.Admin)
	s.roots, s.pin = s.pool(t, server.TLSCAFile), s.pool(t, server.SignerCAFile)
	putObject(t, s.Admin, "releases", "web.zip", "a bundle")
	_, err := s.api.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	check(t, err)
	return s
}

func (s *site) pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, file))
	check(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host makes a host that is alone in the group of its own name.
func (s *site) host(t *testing.T, k kind, name string) *wireAgent {
	t.Helper()
	arn, cfg := s.AddHost(t, name)
	s.tag(t, name)
	s.group(t, name, name)
	return s.speaker(k, arn, credentialsOf(t, cfg))
}

func (s *site) speaker(k kind, arn string, key aws.Credentials) *wireAgent {
	return &wireAgent{kind: k, addr: s.URL[len("https://"):], name: siteName, roots: s.roots, key: key, arn: arn}
}

func (s *site) tag(t *testing.T, name string) {
	t.Helper()
	_, err := s.api.AddTagsToOnPremisesInstances(t.Context(), &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{name}, Tags: []types.Tag{{Key: aws.String("name"), Value: &name}}})
	check(t, err)
}

// group makes a deployment group of one host.
func (s *site) group(t *testing.T, group, host string) {
	t.Helper()
	_, err := s.api.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: &group, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: aws.String("name"), Value: &host, Type: types.TagFilterTypeKeyAndValue}}})
	check(t, err)
}

// deploy begins a deployment of the bundle.
func (s *site) deploy(t *testing.T, group string, change ...func(*codedeploy.CreateDeploymentInput)) string {
	t.Helper()
	in := &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("shop"), DeploymentGroupName: &group,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
			S3Location: &types.S3Location{Bucket: aws.String("releases"), Key: aws.String("web.zip"), BundleType: types.BundleTypeZip}}}
	for _, c := range change {
		c(in)
	}
	out, err := s.api.CreateDeployment(t.Context(), in)
	check(t, err)
	return *out.DeploymentId
}

// event is what the API says of a lifecycle event.
func (s *site) event(t *testing.T, deployment, host, event string) types.LifecycleEvent {
	t.Helper()
	out, err := s.api.GetDeploymentTarget(t.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &deployment, TargetId: &host})
	check(t, err)
	events := out.DeploymentTarget.InstanceTarget.LifecycleEvents
	i := slices.IndexFunc(events, func(e types.LifecycleEvent) bool { return *e.LifecycleEventName == event })
	if i < 0 {
		t.Fatalf("there is no event %s", event)
	}
	return events[i]
}

// ended waits for the end of a deployment.
func (s *site) ended(t *testing.T, deployment string) types.DeploymentStatus {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := s.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &deployment})
		check(t, err)
		switch status := out.DeploymentInfo.Status; status {
		case types.DeploymentStatusSucceeded, types.DeploymentStatusFailed, types.DeploymentStatusStopped:
			return status
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the deployment does not end")
		}
	}
}

// A hostCommand is what a poll brings.
type hostCommand struct {
	HostCommandIdentifier, HostIdentifier, DeploymentExecutionId, CommandName string
}

func (a *wireAgent) poll(t *testing.T) hostCommand {
	t.Helper()
	body := a.good(t, "PollHostCommand", fmt.Sprintf(`{"HostIdentifier":%q}`, a.arn))
	text, err := json.Marshal(body["HostCommand"])
	check(t, err)
	var c hostCommand
	if err := json.Unmarshal(text, &c); err != nil || c.HostCommandIdentifier == "" {
		t.Fatalf("the poll brought %v", body)
	}
	return c
}

// acknowledge returns the status that the server has for the command. The Ruby agent writes
// members by the alphabet, and looks into the appspec for its noop; the Rust agent does neither.
func (a *wireAgent) acknowledge(t *testing.T, c hostCommand) any {
	t.Helper()
	body := fmt.Sprintf(`{"Diagnostics":{"Format":"JSON","Payload":"{\"IsCommandNoop\":true}"},"HostCommandIdentifier":%q}`, c.HostCommandIdentifier)
	if a.rust {
		body = fmt.Sprintf(`{"HostCommandIdentifier":%q,"Diagnostics":{"Format":"JSON","Payload":"{\"IsCommandNoop\":false}"}}`, c.HostCommandIdentifier)
	}
	return a.good(t, "PutHostCommandAcknowledgement", body)["CommandStatus"]
}

// complete reports; payload is the diagnostics.
func (a *wireAgent) complete(t *testing.T, c hostCommand, status, payload string) answered {
	t.Helper()
	body := fmt.Sprintf(`{"CommandStatus":%q,"Diagnostics":{"Format":"JSON","Payload":%s},"HostCommandIdentifier":%q}`,
		status, quoted(payload), c.HostCommandIdentifier)
	if a.rust {
		body = fmt.Sprintf(`{"HostCommandIdentifier":%q,"CommandStatus":%q,"Diagnostics":{"Format":"JSON","Payload":%s}}`,
			c.HostCommandIdentifier, status, quoted(payload))
	}
	got := a.ask(t, "PutHostCommandComplete", body)
	if got.status != 200 {
		t.Fatalf("complete: %d %s", got.status, got.body)
	}
	return got
}

// quoted is a JSON string that keeps bytes which are no UTF-8, as agents do.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func (a *wireAgent) succeed(t *testing.T, c hostCommand) {
	t.Helper()
	message := "Succeeded: "
	if a.rust {
		message = "Succeeded"
	}
	a.complete(t, c, "Succeeded", `{"error_code":0,"script_name":"","message":"`+message+`","log":""}`)
}

func failure(code int, script, message string) string {
	return `{"error_code":` + strconv.Itoa(code) + `,"script_name":"` + script + `","message":"` + message + `","log":"LifecycleEvent - x\n"}`
}

// specification is what the agent takes from the envelope, after every check that either
// agent makes and the one against the pinned CA.
func (a *wireAgent) specification(t *testing.T, s *site, c hostCommand) map[string]any {
	t.Helper()
	out := a.good(t, "GetDeploymentSpecification",
		fmt.Sprintf(`{"DeploymentExecutionId":%q,"HostIdentifier":%q}`, c.DeploymentExecutionId, a.arn))
	if out["DeploymentSystem"] != "CodeDeploy" {
		t.Errorf("system %v", out["DeploymentSystem"])
	}
	generic, _ := out["DeploymentSpecification"].(map[string]any)["GenericEnvelope"].(map[string]any)
	payload, _ := generic["Payload"].(string)
	block, _ := pem.Decode([]byte(payload))
	if generic["Format"] != "PKCS7/JSON" || block == nil || block.Type != "PKCS7" {
		t.Fatalf("the envelope is %v", generic)
	}
	message, err := pkcs7.Parse(block.Bytes)
	if err == nil {
		err = errors.Join(message.Verify(), message.VerifyWithChain(s.pin))
	}
	check(t, err)
	var spec map[string]any
	check(t, json.Unmarshal(message.Content, &spec))
	return spec
}
