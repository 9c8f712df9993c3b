package iam_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/test/awscli"
)

// awsCLI returns a function that runs the real AWS CLI against the world, in a directory of
// its own, and returns what it printed.
func awsCLI(t *testing.T, w *world) (run func(args ...string) string, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("the AWS CLI takes seconds")
	}
	program, err := awscli.Find()
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	dir = t.TempDir()
	return func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, append([]string{"--endpoint-url", w.url}, args...)...)
		c.Dir = dir
		c.Env = append(os.Environ(),
			"AWS_ENDPOINT_URL="+w.url, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_MAX_ATTEMPTS=1",
			"AWS_ACCESS_KEY_ID="+w.admin.ID, "AWS_SECRET_ACCESS_KEY="+w.admin.Secret, "AWS_SESSION_TOKEN=",
			"AWS_CONFIG_FILE="+filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(dir, "none"), "AWS_PAGER=")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}, dir
}

func TestAWSCLI(t *testing.T) {
	run, _ := awsCLI(t, newWorld(t))
	run("iam", "create-user", "--user-name", "dev")
	document := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["codedeploy:*"], "Resource": ["*"]}]}`
	run("iam", "put-user-policy", "--user-name", "dev", "--policy-name", "deploy", "--policy-document", document)
	for _, c := range []struct{ args, want string }{
		{"iam list-users --query Users[].UserName --output text", "administrator\tdev\n"},
		{"iam get-user --query User.Arn --output text", "arn:aws:iam::123456789012:user/administrator\n"},
		{"iam get-user-policy --user-name dev --policy-name deploy --query PolicyDocument.Statement[0].Action[0] --output text", "codedeploy:*\n"},
		{"iam list-user-policies --user-name dev --query PolicyNames --output text", "deploy\n"},
		{"iam list-attached-user-policies --user-name administrator --query AttachedPolicies[].PolicyName --output text", "AdministratorAccess\n"},
		{"sts get-caller-identity --query [Account,Arn] --output text", "123456789012\tarn:aws:iam::123456789012:user/administrator\n"},
	} {
		if got := run(strings.Fields(c.args)...); got != c.want {
			t.Errorf("aws %s prints %q, want %q", c.args, got, c.want)
		}
	}
}

// instances is as much of CodeDeploy as `aws deploy register` and `deregister` speak to.
type instances struct{ users sync.Map }

func (i *instances) user(name string) string {
	arn, _ := i.users.Load(name)
	s, _ := arn.(string)
	return s
}

type instanceInput struct {
	Name    string `json:"instanceName"`
	UserARN string `json:"iamUserArn"`
}

type instanceOutput struct {
	Info struct {
		UserARN string   `json:"iamUserArn"`
		Tags    []string `json:"tags"`
	} `json:"instanceInfo"`
}

func (i *instances) service() awswire.Service {
	return awswire.JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, awswire.Operations{
		"RegisterOnPremisesInstance": awswire.Op(func(_ context.Context, in *instanceInput) (*awswire.Empty, error) {
			i.users.Store(in.Name, in.UserARN)
			return &awswire.Empty{}, nil
		}),
		"GetOnPremisesInstance": awswire.Op(func(_ context.Context, in *instanceInput) (*instanceOutput, error) {
			out := &instanceOutput{}
			out.Info.UserARN, out.Info.Tags = i.user(in.Name), []string{}
			return out, nil
		}),
		"DeregisterOnPremisesInstance": awswire.Op(func(_ context.Context, in *instanceInput) (*awswire.Empty, error) {
			i.users.Delete(in.Name)
			return &awswire.Empty{}, nil
		}),
	}, slog.New(slog.DiscardHandler))
}

func TestAWSDeployRegister(t *testing.T) {
	if cli, err := awscli.Find(); err == nil {
		if recent, err := awscli.Recent(cli); err == nil && !recent {
			t.Skip("the AWS CLI is older than 1.29 and 2.13 and sends IAM calls to Amazon")
		}
	}
	codedeploy := &instances{}
	w := newWorld(t, codedeploy.service())
	run, dir := awsCLI(t, w)

	printed := run("deploy", "register", "--instance-name", "web-1", "--region", "us-east-1")
	arn := "arn:aws:iam::123456789012:user/AWS/CodeDeploy/web-1"
	if codedeploy.user("web-1") != arn {
		t.Fatalf("web-1 is registered as %q, want %q; the CLI said:\n%s", codedeploy.user("web-1"), arn, printed)
	}
	config, err := os.ReadFile(filepath.Join(dir, "codedeploy.onpremises.yml"))
	if err != nil || !strings.Contains(string(config), "iam_user_arn: "+arn+"\n") {
		t.Errorf("the host's configuration is %s, %v", config, err)
	}
	names := run("iam", "list-user-policies", "--user-name", "web-1", "--query", "PolicyNames", "--output", "text")
	if names != "codedeploy-agent\n" {
		t.Errorf("the host's policies are %q", names)
	}

	printed = run("deploy", "deregister", "--instance-name", "web-1", "--region", "us-east-1")
	var users []string
	if err := json.Unmarshal([]byte(run("iam", "list-users", "--query", "Users[].UserName", "--output", "json")), &users); err != nil {
		t.Fatal(err)
	}
	if codedeploy.user("web-1") != "" || !slices.Equal(users, []string{"administrator"}) || strings.Contains(printed, "ERROR") {
		t.Errorf("users are %v after deregistering; the CLI said:\n%s", users, printed)
	}
	_, err = w.iam().GetUser(t.Context(), &sdk.GetUserInput{UserName: new("web-1")})
	wantError(t, "GetUser of a deregistered host", err, "NoSuchEntity", "")
}
