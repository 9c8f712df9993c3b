package lambda_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

const wrongSpec = "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an invalid configuration. "

// TestRefusedAtTheStart: what cannot be deployed fails with AWS's code before anything is changed.
func TestRefusedAtTheStart(t *testing.T) {
	both := []string{"shop", "cart"}
	for name, c := range map[string]struct {
		revision deploy.Revision
		before   func(*bench)
		code     deploy.FailureCode
		says     string
	}{
		"alias elsewhere": {deploy.Inline(spec(shop, "2", "3")), nil, deploy.FunctionConfigInvalid,
			wrongSpec + `The Lambda function alias version does not match the current version in AppSpec file\. The alias shop:live is at version 1, the AppSpec file says 2\.`},
		"one of two elsewhere": {deploy.Inline(spec(both, "1", "2")), func(b *bench) { b.put("cart:live", &alias{version: "3"}) }, deploy.FunctionConfigInvalid,
			wrongSpec + `.*The alias cart:live is at version 3, the AppSpec file says 1\.`},
		"nowhere to go": {deploy.Inline(spec(shop, "1", "1")), nil, deploy.FunctionConfigInvalid,
			wrongSpec + `The current version and the target version of shop:live are the same: 1\.`},
		"divided already": {deploy.Inline(spec(shop, "1", "2")), func(b *bench) {
			b.put("shop:live", &alias{version: "1", weights: map[string]float64{"3": 0.5}})
		}, deploy.FunctionConfigInvalid, wrongSpec + `The alias shop:live is divided between two versions\. Take the weights off it first: aws lambda update-alias .*`},
		"no such version": {deploy.Inline(spec(shop, "1", "4")), nil, deploy.FunctionInvalid,
			`There is no version 4 of the function shop: Function not found: arn:.*:function:shop:4`},
		"no such function": {deploy.Inline(spec([]string{"gone"}, "1", "2")), nil, deploy.FunctionInvalid,
			`There is no alias live of the function gone: Cannot find alias arn: .*`},
		"unknown type": {deploy.Inline(strings.ReplaceAll(spec(shop, "1", "2"), "AWS::Lambda::Function", "AWS::Lambda::Alias")), nil, deploy.RevisionInvalid,
			`The AppSpec file is not valid: line 3: the resource it has the type "AWS::Lambda::Alias"; on this compute platform it is AWS::Lambda::Function\.`},
		"two targets for one alias": {deploy.Inline(spec([]string{"shop", "shop"}, "1", "2")), nil, deploy.RevisionInvalid,
			`.*it has the alias live of the function shop twice; give each alias one resource\.`},
		"… by another name": {deploy.Inline(spec([]string{"shop", "arn:aws:lambda:us-east-1:" + account + ":function:shop"}, "1", "2")), nil, deploy.FunctionConfigInvalid,
			wrongSpec + `It has two targets for the alias ` + arn("shop", "live") + `: shop:live and arn:.*:function:shop:live\.`},
		"not in S3": {deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "gone.yml", BundleType: "YAML"}}, nil, deploy.RevisionInvalid,
			`The AppSpec file cannot be located in the specified S3 bucket\. .*`},
		"too large in S3": {deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "large.yml", BundleType: "YAML"}}, func(b *bench) {
			b.objects["large.yml"] = strings.Repeat("#", 1<<20) + "\n"
		}, deploy.RevisionInvalid, `The AppSpec s3://b/large\.yml is larger than 1048576 bytes\.`},
		"not allowed": {deploy.Inline(spec(shop, "1", "2")), func(b *bench) { b.becomes("GetAlias", forEver, denied("lambda:GetAlias")) }, deploy.RolePermissions,
			`CodeDeploy does not have the permissions .* The alias live of the function shop: User is not authorized to perform: lambda:GetAlias`},
		"throttled for ever": {deploy.Inline(spec(shop, "1", "2")), func(b *bench) { b.becomes("GetAlias", forEver, throttled) }, deploy.Throttled,
			`The deployment failed because more requests were made .*TooManyRequestsException: Rate Exceeded\.`},
		"out of reach": {deploy.Inline(spec(shop, "1", "2")), func(b *bench) { b.becomes("GetAlias", forEver, errors.New("connection refused")) }, deploy.InternalError,
			`.*could not be determined within 5m0s: alias live of the function shop: connection refused`},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				if c.before != nil {
					c.before(b)
				}
				shop, cart := b.at("shop:live"), b.at("cart:live")
				d := b.ended(b.revision("Canary10Percent5Minutes", c.revision, deploy.RollbackOnFailure))
				if d.Status != deploy.Failed || d.Failure.Code != c.code || !regexp.MustCompile("^"+c.says+"$").MatchString(d.Failure.Message) {
					t.Errorf("%s, %+v; want %s: %s", d.Status, d.Failure, c.code, c.says)
				}
				if b.at("shop:live") != shop || b.at("cart:live") != cart || b.deployments() != 1 {
					t.Errorf("the aliases were at %s and %s and are at %s and %s; %d deployments", shop, cart, b.at("shop:live"), b.at("cart:live"), b.deployments())
				}
			})
		})
	}
}

// A mishap is what happens to an alias while its traffic moves, or to who moves it.
type mishap struct {
	happens func(*bench, string) // at a tenth
	status  deploy.Status
	code    deploy.FailureCode
	says    string
	at      string // where shop:live is in the end
	cart    string
	events  string // of shop:live
}

var mishaps = map[string]mishap{
	"nothing": {func(*bench, string) {}, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"somebody moves it": {func(b *bench, _ string) { b.put("shop:live", &alias{version: "3"}) }, deploy.Failed, deploy.FunctionConfigInvalid,
		`The alias shop:live was changed by somebody else during the deployment: it is at version 3 with the weights map\[\], and was to be moved from version 1 to 2\.`,
		"3", "1", "Succeeded Failed Skipped"},
	"somebody divides it": {func(b *bench, _ string) {
		b.put("shop:live", &alias{version: "1", weights: map[string]float64{"3": 0.5}})
	}, deploy.Failed, deploy.FunctionConfigInvalid, `.*it is at version 1 with the weights map\[3:0\.5\], .*`, "1 3:50", "1", "Succeeded Failed Skipped"},
	"somebody deletes it": {func(b *bench, _ string) { b.put("shop:live", nil) }, deploy.Failed, deploy.FunctionInvalid,
		`There is no alias live of the function shop: .*`, "nowhere", "1", "Succeeded Failed Skipped"},
	"somebody weighs it anew": {func(b *bench, _ string) {
		b.put("shop:live", &alias{version: "1", weights: map[string]float64{"2": 0.7}})
		b.until("it is put right", time.Minute, func() bool { return b.at("shop:live") == "1 2:10" })
	}, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"somebody takes it back": {func(b *bench, _ string) {
		b.put("shop:live", &alias{version: "1"})
		b.until("it is put right", time.Minute, func() bool { return b.at("shop:live") == "1 2:10" })
	}, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"somebody is quicker": {func(b *bench, _ string) { // the first answer is out of date
		b.becomes("UpdateAlias", 1, errPrecondition)
	}, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"throttled for a while": {func(b *bench, _ string) {
		b.becomes("GetAlias", 5, throttled)
		b.becomes("UpdateAlias", 5, throttled)
	}, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"throttled for longer than an event may last": {func(b *bench, _ string) {
		b.becomes("UpdateAlias", forEver, throttled)
		b.until("it goes back", 2*time.Hour, func() bool { return b.wanted("shop:live") == 0 })
		b.becomes("UpdateAlias", 0, nil)
	}, deploy.Failed, deploy.Throttled, `100% of the traffic of .*:live was to move, but did not within 1h0m0s\..*TooManyRequestsException: Rate Exceeded\.`,
		"1", "1", "Succeeded Failed Skipped"},
	"not allowed any more": {func(b *bench, _ string) { b.becomes("UpdateAlias", 2, denied("lambda:UpdateAlias")) }, deploy.Failed, deploy.RolePermissions,
		`.* User is not authorized to perform: lambda:UpdateAlias`, "1", "1", "Succeeded Failed Skipped"},
	"the server is killed": {func(b *bench, _ string) { b.restart() }, deploy.Succeeded, "", "", "2", "2", "Succeeded Succeeded Succeeded"},
	"the server is killed, and the alias moved": {func(b *bench, _ string) {
		b.stop()
		b.put("shop:live", &alias{version: "3"})
		b.restart()
	}, deploy.Failed, deploy.FunctionConfigInvalid, `.*was changed by somebody else.*`, "3", "1", "Succeeded Failed Skipped"},
	"stopped": {func(b *bench, id string) {
		_, err := b.StopDeployment(b.t.Context(), admin, id, new(false))
		check(b.t, err)
	}, deploy.Stopped, deploy.ManualStop, ".*", "1", "1", "Succeeded Failed Skipped"},
	"stopped, throttled, killed": {func(b *bench, id string) {
		b.becomes("UpdateAlias", 10, throttled)
		stopping, err := b.StopDeployment(b.t.Context(), admin, id, new(false))
		check(b.t, err)
		if !stopping.Pending {
			b.t.Error("it is said to be stopped, and the traffic is still to go back")
		}
		b.restart()
	}, deploy.Stopped, deploy.ManualStop, ".*", "1", "1", "Succeeded Failed Skipped"},
	"the group is deleted": {func(b *bench, _ string) {
		_, err := b.DeleteGroup(b.t.Context(), admin, "shop", b.group)
		check(b.t, err)
	}, deploy.Failed, deploy.DeploymentGroupMissing, ".*", "1", "1", "Succeeded Failed Skipped"},
}

func TestInMidShift(t *testing.T) {
	for name, c := range mishaps {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				id := b.deploy("Canary10Percent5Minutes", spec([]string{"shop", "cart"}, "1", "2"))
				b.shifted("shop:live", 10)
				b.shifted("cart:live", 10)
				c.happens(b, id)
				d := b.ended(id)
				failure := deploy.ErrorInfo{}
				if d.Failure != nil {
					failure = *d.Failure
				}
				if d.Status != c.status || failure.Code != c.code || !regexp.MustCompile("^"+c.says+"$").MatchString(failure.Message) {
					t.Errorf("%s, %+v; want %s, %s: %s", d.Status, failure, c.status, c.code, c.says)
				}
				if got := b.at("shop:live"); got != c.at {
					t.Errorf("shop:live is at %s, want %s", got, c.at)
				}
				if got := b.at("cart:live"); got != c.cart {
					t.Errorf("cart:live is at %s, want %s", got, c.cart)
				}
				if got := b.events(id, "shop:live"); got != c.events {
					t.Errorf("its events are %s, want %s", got, c.events)
				}
			})
		})
	}
}

// TestTrafficThatCannotComeBack: where nothing can be moved any more, the deployment says where the
// traffic is, and ends nevertheless.
func TestTrafficThatCannotComeBack(t *testing.T) {
	inBubble(t, func(b *bench) {
		id := b.deploy("Linear10PercentEvery1Minute", spec(shop, "1", "2"))
		b.shifted("shop:live", 30)
		b.becomes("UpdateAlias", forEver, throttled)
		d := b.ended(id)
		if d.Status != deploy.Failed || d.Failure.Code != deploy.Throttled || b.at("shop:live") != "1 2:30" {
			t.Errorf("%s, %+v; the alias is at %s", d.Status, d.Failure, b.at("shop:live"))
		}
		if len(d.Residue) != 1 || d.Residue[0] != "30% of the traffic of shop:live goes to version 2, as far as could be seen." {
			t.Errorf("what is left: %q", d.Residue)
		}
	})
}

// TestRollback: the traffic of what has moved goes back in a deployment of its own, even where the
// first one is long over with it.
func TestRollback(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.hooks["verify"] = says(b, "Failed")
		id := b.deploy("AllAtOnce", spec([]string{"shop", "cart"}, "1", "2", "AfterAllowTraffic verify"), deploy.RollbackOnFailure)
		d := b.ended(id)
		if d.Failure == nil || d.Failure.Code != deploy.HookFailed || d.RollbackInfo == nil || d.RollbackInfo.RollbackID == "" {
			t.Fatalf("%+v, %+v", d.Failure, d.RollbackInfo)
		}
		if back := b.ended(d.RollbackInfo.RollbackID); back.Status != deploy.Succeeded || b.at("shop:live") != "1" || b.at("cart:live") != "1" {
			t.Errorf("the rollback is %s, %+v; the aliases are at %s and %s", back.Status, back.Failure, b.at("shop:live"), b.at("cart:live"))
		}
		for _, call := range b.called() { // the second target's may have been too late
			if call.DeploymentID != id {
				t.Errorf("a hook is called for %s: a rollback has none", call.DeploymentID)
			}
		}
	})
}
