package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestObligations is what AWS's agents need of a server, one by one, driven over TLS with the
// bytes that the agents send. The Ruby agent 1.8 and the Rust agent 2.x each go through all.
func TestObligations(t *testing.T) {
	s := newSite(t)
	for _, o := range []struct {
		name string
		test func(*testing.T, *site, *wireAgent, string)
	}{
		{"01 a handshake and any answer", anyAnswer},
		{"02 both prefixes and signing names", bothNames},
		{"02 a session's token", sessionToken},
		{"02 clocks that differ", clocks},
		{"03 a host acts only as itself", onlyItself},
		{"04 a poll wakes, and one command at a time", wakes},
		{"05 offered until acknowledged", offeredAgain},
		{"06 the host's identifier, and whole commands", wholeCommand},
		{"07 identifiers that cannot be guessed", identifiers},
		{"08 a signed specification", signedSpecification},
		{"09 the first report stands", firstReport},
		{"09 a report without acknowledgement", noAcknowledgement},
		{"09 strange diagnostics", strangeDiagnostics},
		{"10 codes", codes},
		{"12 throttling", throttling},
		{"13 answers are objects", objects},
		{"14 bundles", bundles},
		{"15 a failed ApplicationStop may be passed", passedStop},
		{"16 what to do when the old revision is gone", goneRevision},
		{"17 a group keeps its identifier", sameGroup},
	} {
		for _, k := range []kind{ruby, rust} {
			t.Run(o.name+"/"+k.name, func(t *testing.T) {
				t.Parallel()
				host := strings.ReplaceAll(o.name[:2]+"-"+o.name[3:7]+"-"+k.name, " ", "-")
				o.test(t, s, s.host(t, k, host), host)
			})
		}
	}
}

// anyAnswer: the start-up check of both agents asks for a page, without a signature.
func anyAnswer(t *testing.T, _ *site, a *wireAgent, _ string) {
	for _, path := range []string{"/", "/any/path"} {
		got, err := a.exchange(a.name, []byte("GET "+path+" HTTP/1.1\r\nHost: "+a.name+"\r\nAccept: */*\r\n\r\n"))
		if err != nil || got.status < 200 || got.status > 499 {
			t.Errorf("%s: %d, %v", path, got.status, err)
		}
		if path == "/" && !strings.Contains(got.body, "AWS_ENDPOINT_URL=https://"+a.name) {
			t.Errorf("the greeting is %q", got.body)
		}
	}
}

func bothNames(t *testing.T, s *site, a *wireAgent, host string) {
	for i, k := range []kind{{a.name, ruby.prefix, ruby.signing, a.rust}, {a.name, rubySecure.prefix, rustSecure.signing, a.rust}} {
		a.prefix, a.signing = k.prefix, k.signing
		id := s.deploy(t, host)
		c := a.poll(t)
		a.specification(t, s, c)
		a.acknowledge(t, c)
		a.complete(t, c, "Failed", failure(5, "", "enough"))
		if got := s.ended(t, id); got != types.DeploymentStatusFailed {
			t.Errorf("%d: the deployment is %s", i, got)
		}
	}
	// A signature over other bytes than the body: Rust does not say their hash, so the server
	// must make it itself.
	request := a.command("PollHostCommand", `{"HostIdentifier":"aaaa"}`)
	forged := []byte(strings.Replace(string(request), "aaaa", "bbbb", 1))
	got, err := a.exchange(a.name, forged)
	refused(t, got, err, 400, "InvalidSignatureException")
}

// refused checks an error as the agents read it.
func refused(t *testing.T, got answered, err error, status int, code string) {
	t.Helper()
	if err != nil || got.status != status || !strings.Contains(got.body, `"__type":"`+code+`"`) || !strings.Contains(got.body, `"message":"`) {
		t.Errorf("got %d %s, %v, want %d %s", got.status, got.body, err, status, code)
	}
}

// sessionToken: a host with temporary credentials is its session and no other one's.
func sessionToken(t *testing.T, s *site, a *wireAgent, host string) {
	_, err := iam.NewFromConfig(s.Admin).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &host, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`)})
	check(t, err)
	session := func(name string) *wireAgent {
		out, err := sts.NewFromConfig(s.Admin).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::000000000000:role/" + host), RoleSessionName: &name})
		check(t, err)
		return s.speaker(a.kind, *out.AssumedRoleUser.Arn, aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId,
			SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken})
	}
	own, other := session("own"), session("other")
	name := host + "-session"
	_, err = s.api.RegisterOnPremisesInstance(t.Context(), &codedeploy.RegisterOnPremisesInstanceInput{InstanceName: &name, IamSessionArn: &own.arn})
	check(t, err)
	s.tag(t, name)
	s.group(t, name, name)
	s.deploy(t, name)
	c := own.poll(t)
	if c.HostIdentifier != own.arn || own.acknowledge(t, c) != "InProgress" {
		t.Errorf("the session was offered %+v", c)
	}
	refused(t, other.ask(t, "PollHostCommand", `{"HostIdentifier":"`+own.arn+`"}`), nil, 400, "AccessDeniedException")
	own.key.SessionToken = "another"
	refused(t, own.ask(t, "PollHostCommand", `{"HostIdentifier":"`+own.arn+`"}`), nil, 400, "UnrecognizedClientException")
}

func clocks(t *testing.T, s *site, a *wireAgent, host string) {
	s.deploy(t, host)
	a.off = -4 * time.Minute
	a.poll(t)
	a.off = -6 * time.Minute
	got := a.ask(t, "PollHostCommand", `{"HostIdentifier":"x"}`)
	refused(t, got, nil, 400, "InvalidSignatureException")
	if _, err := http.ParseTime(got.header.Get("Date")); err != nil {
		t.Errorf("an SDK cannot set its clock by %v", got.header)
	}
}

// onlyItself: what the body says about who asks counts for nothing.
func onlyItself(t *testing.T, s *site, a *wireAgent, host string) {
	stranger := s.host(t, a.kind, host+"-other")
	id := s.deploy(t, host)
	c := a.poll(t)
	refused(t, stranger.ask(t, "PollHostCommand", `{"HostIdentifier":"`+a.arn+`"}`), nil, 400, "AccessDeniedException")
	refused(t, stranger.ask(t, "GetDeploymentSpecification",
		fmt.Sprintf(`{"DeploymentExecutionId":%q,"HostIdentifier":%q}`, c.DeploymentExecutionId, a.arn)), nil, 400, "AccessDeniedException")
	for _, operation := range []string{"PutHostCommandAcknowledgement", "PutHostCommandComplete", "PostHostCommandUpdate"} {
		refused(t, stranger.ask(t, operation, `{"CommandStatus":"Failed","HostCommandIdentifier":"`+c.HostCommandIdentifier+`"}`),
			nil, 400, "AccessDeniedException")
	}
	if got := s.event(t, id, host, "ApplicationStop").Status; got != types.LifecycleEventStatusInProgress {
		t.Errorf("a stranger made the event %s", got)
	}
	// Deregistered in between, a host may no longer do what it could.
	_, err := s.api.DeregisterOnPremisesInstance(t.Context(), &codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: &host})
	check(t, err)
	refused(t, a.ask(t, "PutHostCommandAcknowledgement", `{"HostCommandIdentifier":"`+c.HostCommandIdentifier+`"}`), nil, 400, "AccessDeniedException")
	refused(t, a.ask(t, "PollHostCommand", `{"HostIdentifier":"`+a.arn+`"}`), nil, 400, "AccessDeniedException")
}

// wakes: a host works on the deployments of several groups at once, and gets the next command
// of one as soon as it has reported the one before, by the poll that waits already.
func wakes(t *testing.T, s *site, a *wireAgent, host string) {
	s.group(t, host+"-2", host)
	s.deploy(t, host)
	first := a.poll(t)
	s.deploy(t, host+"-2")
	second := a.poll(t)
	if first.DeploymentExecutionId == second.DeploymentExecutionId {
		t.Fatalf("one deployment has two commands: %+v and %+v", first, second)
	}
	for _, c := range []hostCommand{first, second} {
		a.acknowledge(t, c)
	}
	next := make(chan answered, 1)
	go func() {
		got, _ := a.exchange(a.name, a.command("PollHostCommand", `{"HostIdentifier":"`+a.arn+`"}`))
		next <- got
	}()
	select {
	case got := <-next:
		t.Fatalf("a poll was answered while both commands run: %s", got.body)
	default:
	}
	a.succeed(t, first)
	if got := <-next; !strings.Contains(got.body, `"CommandName":"DownloadBundle"`) || !strings.Contains(got.body, first.DeploymentExecutionId) {
		t.Errorf("the waiting poll brought %d %s", got.status, got.body)
	}
}

// offeredAgain: a command is not delivered because it was written to a socket.
func offeredAgain(t *testing.T, s *site, a *wireAgent, host string) {
	conn, err := a.dial(a.name)
	check(t, err)
	_, err = conn.Write(a.command("PollHostCommand", `{"HostIdentifier":"`+a.arn+`"}`))
	check(t, err)
	conn.Close()
	s.deploy(t, host)
	lost := a.poll(t)
	again := a.poll(t) // waits until the command is due again
	if again.CommandName != lost.CommandName || again.DeploymentExecutionId != lost.DeploymentExecutionId ||
		again.HostCommandIdentifier == lost.HostCommandIdentifier {
		t.Errorf("offered %+v, then %+v", lost, again)
	}
	for range 2 { // the second is an SDK that lost the first answer
		if got := a.acknowledge(t, again); got != "InProgress" {
			t.Errorf("the delivery that was acknowledged first is %v", got)
		}
	}
	if got := a.acknowledge(t, lost); got != "Succeeded" {
		t.Errorf("the other delivery is %v, by which the agent would run it too, or report it", got)
	}
}

func wholeCommand(t *testing.T, s *site, a *wireAgent, host string) {
	s.deploy(t, host)
	if c := a.poll(t); c.HostIdentifier != a.arn || c.CommandName == "" || c.DeploymentExecutionId == "" {
		t.Errorf("the command is %+v", c)
	}
}

var executionPattern = regexp.MustCompile(`^[^/]+/[^/]+/[^/]+/.+$`)

func identifiers(t *testing.T, s *site, a *wireAgent, host string) {
	id := s.deploy(t, host)
	c := a.poll(t)
	if e := c.DeploymentExecutionId; !executionPattern.MatchString(e) || len(e) > 129 || !strings.HasSuffix(e, ":deployment/"+id) {
		t.Errorf("the execution is %q", e)
	}
	for _, guess := range []string{"", ".", host, id, c.HostCommandIdentifier[:len(c.HostCommandIdentifier)-1] + "_", c.HostCommandIdentifier + "x"} {
		refused(t, a.ask(t, "PutHostCommandComplete", fmt.Sprintf(`{"HostCommandIdentifier":%q,"CommandStatus":"Succeeded"}`, guess)),
			nil, 400, "ClientException")
	}
	if got := s.event(t, id, host, "ApplicationStop").Status; got != types.LifecycleEventStatusInProgress {
		t.Errorf("a guess made the event %s", got)
	}
}

var pathSafe = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func signedSpecification(t *testing.T, s *site, a *wireAgent, host string) {
	for _, github := range []bool{false, true} {
		id := s.deploy(t, host, func(in *codedeploy.CreateDeploymentInput) {
			in.FileExistsBehavior = types.FileExistsBehaviorRetain
			if github {
				in.Revision = &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub,
					GitHubLocation: &types.GitHubLocation{Repository: aws.String("acme/shop"), CommitId: aws.String(strings.Repeat("a", 40))}}
			}
		})
		c := a.poll(t)
		spec := a.specification(t, s, c)
		revision, _ := spec["Revision"].(map[string]any)
		want, inner := map[string]any{"Bucket": "releases", "Key": "web.zip", "BundleType": "zip"}, "S3Revision"
		if github {
			want, inner = map[string]any{"Account": "acme", "Repository": "shop", "CommitId": strings.Repeat("a", 40)}, "GitHubRevision"
		}
		if revision["RevisionType"] != strings.TrimSuffix(inner, "Revision") {
			t.Errorf("the revision is %v", revision)
		}
		for name, value := range want {
			if got, _ := revision[inner].(map[string]any); got[name] != value {
				t.Errorf("%s of the revision is %v, want %v", name, got[name], value)
			}
		}
		if spec["DeploymentId"] != id || spec["ApplicationName"] != "shop" || spec["DeploymentGroupName"] != host ||
			spec["DeploymentType"] != "IN_PLACE" || spec["DeploymentCreator"] != "user" || spec["AllPossibleLifecycleEvents"] != nil ||
			fmt.Sprint(spec["AgentActionOverrides"]) != "map[AgentOverrides:map[FileExistsBehavior:RETAIN]]" {
			t.Errorf("the specification is %v", spec)
		}
		for _, name := range []string{"DeploymentId", "DeploymentGroupId"} { // they become directories
			if text, _ := spec[name].(string); !pathSafe.MatchString(text) {
				t.Errorf("%s is %q", name, text)
			}
		}
		a.complete(t, c, "Failed", failure(5, "", "enough"))
		s.ended(t, id)
	}
}
