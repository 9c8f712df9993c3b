package lambda_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/slipway/slipway/internal/deploy"
)

// A behaviour is what a function that validates a deployment does, and what becomes of it.
type behaviour struct {
	check  func(*bench) hook // of BeforeAllowTraffic; nil for a function that is not there
	fault  *fault            // of calling it
	status deploy.Status
	says   string
	log    string // of the event
	calls  int
}

// failed is AWS's text about such a function, and where it was.
const failed = "The deployment failed because one or more of the lifecycle event validation functions failed. BeforeAllowTraffic of shop:live: "

var behaviours = map[string]behaviour{
	"succeeds":   {func(b *bench) hook { return says(b, "Succeeded") }, nil, deploy.Succeeded, "", "reported Succeeded", 1},
	"says no":    {func(b *bench) hook { return says(b, "Failed") }, nil, deploy.Failed, failed + `The function check has reported Failed\.`, "reported Failed", 1},
	"is missing": {nil, nil, deploy.Failed, failed + `The function check cannot be called: Function not found: .*`, "", 1},
	"crashes": {func(b *bench) hook {
		return func(context.Context, told) (*sdk.InvokeOutput, error) {
			return crashed("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: exit status 1", "the database is away"), nil
		}
	}, nil, deploy.Failed, failed + `The function check has failed: Runtime\.ExitError RequestId: 1 .*`, "the database is away", 1},
	"crashes after its report": {func(b *bench) hook {
		return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
			b.report(it.DeploymentID, it.ID, "Succeeded")
			return crashed("Runtime.ExitError", "exit status 1", "too late"), nil
		}
	}, nil, deploy.Succeeded, "", "too late", 1},
	"hangs": {func(b *bench) hook {
		return func(context.Context, told) (*sdk.InvokeOutput, error) {
			time.Sleep(15 * time.Minute)
			return crashed("Sandbox.Timedout", "Task timed out after 900.00 seconds", "START"), nil
		}
	}, nil, deploy.Failed, failed + `The function check has failed: Sandbox\.Timedout Task timed out after 900\.00 seconds`, "START", 1},
	"comes back and is silent": {func(*bench) hook {
		return func(context.Context, told) (*sdk.InvokeOutput, error) { return came("thinking"), nil }
	}, nil, deploy.Failed, `The deployment timed out while waiting for a status callback\. CodeDeploy expects a status callback within one hour after a deployment hook is invoked\.`, "thinking", 1},
	"floods": {func(b *bench) hook {
		return func(context.Context, told) (*sdk.InvokeOutput, error) {
			return crashed("Error", strings.Repeat("very ", 1<<18)+"wrong", strings.Repeat("x", 1<<20)+"the end"), nil
		}
	}, nil, deploy.Failed, failed + `The function check has failed: Error (very )+v?e?r?y? ?…`, "xxxthe end", 1},
	"prints no text": {func(b *bench) hook {
		return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
			b.report(it.DeploymentID, it.ID, "Succeeded")
			return came("\xff\xfe\x00 bytes"), nil
		}
	}, nil, deploy.Succeeded, "", "bytes", 1},
	"answers twice": {func(b *bench) hook {
		return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
			return came(b.report(it.DeploymentID, it.ID, "Succeeded") + "+" + b.report(it.DeploymentID, it.ID, "Failed")), nil
		}
	}, nil, deploy.Succeeded, "", "+LifecycleEventAlreadyCompleted", 1},
	"takes back its no": {func(b *bench) hook {
		return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
			return came(b.report(it.DeploymentID, it.ID, "Failed") + "+" + b.report(it.DeploymentID, it.ID, "Succeeded")), nil
		}
	}, nil, deploy.Failed, failed + `The function check has reported Failed\.`, "+LifecycleEventAlreadyCompleted", 1},
	"answers nonsense": {func(b *bench) hook {
		return func(_ context.Context, it told) (*sdk.InvokeOutput, error) {
			codes := []string{b.report(it.DeploymentID, it.ID, "Fine"), b.report(it.DeploymentID, "", "Succeeded"), b.report(it.DeploymentID, "hook-1", "Succeeded"),
				b.report("d-000000000", it.ID, "Succeeded"), b.report(it.DeploymentID, it.ID, "Succeeded")}
			return came(strings.Join(codes, " ")), nil
		}
	}, nil, deploy.Succeeded, "", "InvalidLifecycleEventHookExecutionStatus InvalidLifecycleEventHookExecutionId InvalidLifecycleEventHookExecutionId DeploymentDoesNotExist ", 1},
	"throttled for a while": {func(b *bench) hook { return says(b, "Succeeded") }, &fault{throttled, 5}, deploy.Succeeded, "", "reported Succeeded", 6},
	"throttled for ever":    {func(b *bench) hook { return says(b, "Succeeded") }, &fault{throttled, forEver}, deploy.Failed, failed + `The function check could not be called within 5m0s: .*Rate Exceeded\.`, "", -1},
	"out of reach":          {func(b *bench) hook { return says(b, "Succeeded") }, &fault{errors.New("connection refused"), 3}, deploy.Succeeded, "", "reported Succeeded", 4},
}

func TestHooks(t *testing.T) {
	for name, c := range behaviours {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				if c.check != nil {
					b.hooks["check"] = c.check(b)
				}
				if c.fault != nil {
					b.becomes("Invoke", c.fault.times, c.fault.err)
				}
				id := b.deploy("AllAtOnce", spec(shop, "1", "2", "BeforeAllowTraffic check"))
				d := b.ended(id)
				failure, at, code := deploy.ErrorInfo{}, "2", deploy.FailureCode("")
				if d.Failure != nil {
					failure = *d.Failure
				}
				if c.status == deploy.Failed {
					at, code = "1", deploy.HookFailed
				}
				if d.Status != c.status || failure.Code != code || !regexp.MustCompile("^"+c.says+"$").MatchString(failure.Message) || len(failure.Message) > 2000 {
					t.Errorf("%s, %.3000s; want %s %s", d.Status, failure, c.status, c.says)
				}
				if got := b.at("shop:live"); got != at {
					t.Errorf("the alias is at %s, want %s", got, at)
				}
				e := b.event(id, "shop:live", deploy.BeforeAllowTraffic)
				if e.Diagnostics == nil || !strings.HasSuffix(e.Diagnostics.Log, c.log) || len(e.Diagnostics.Log) > 4<<10 {
					t.Errorf("the event has %.100v, want the log %q", e.Diagnostics, c.log)
				}
				calls := b.called()
				if c.calls >= 0 && len(calls) != c.calls {
					t.Errorf("%d calls, want %d", len(calls), c.calls)
				}
				for _, it := range calls {
					if it != (told{id, e.Delivery}) {
						t.Errorf("a call was told %+v, want %s, %s", it, id, e.Delivery)
					}
				}
			})
		})
	}
}

// TestALateHook: a report after an hour comes too late, for the deployment and for the traffic.
func TestALateHook(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.hooks["check"] = func(context.Context, told) (*sdk.InvokeOutput, error) { return came(""), nil } // somebody else will report
		id := b.deploy("AllAtOnce", spec(shop, "1", "2", "BeforeAllowTraffic check"))
		b.ended(id)
		if code := b.report(id, b.called()[0].ID, "Succeeded"); code != "LifecycleEventAlreadyCompleted" {
			t.Errorf("a late report is answered with %q", code)
		}
		if b.at("shop:live") != "1" || b.events(id, "shop:live") != "Failed Skipped Skipped" {
			t.Errorf("the alias is at %s, the events are %s", b.at("shop:live"), b.events(id, "shop:live"))
		}
		id = b.deploy("AllAtOnce", spec(shop, "1", "2", "BeforeAllowTraffic check"))
		b.until("the call", time.Minute, func() bool { return len(b.called()) == 2 })
		time.Sleep(59 * time.Minute)
		if code := b.report(id, b.called()[1].ID, "Succeeded"); code != "" || b.ended(id).Status != deploy.Succeeded {
			t.Errorf("a report within the hour is answered with %q", code)
		}
	})
}

// TestHooksOfTwoDeployments: one cannot answer for the other.
func TestHooksOfTwoDeployments(t *testing.T) {
	inBubble(t, func(b *bench) {
		silent := func(context.Context, told) (*sdk.InvokeOutput, error) { return came(""), nil }
		b.hooks["check"] = silent
		one := b.deploy("AllAtOnce", spec(shop, "1", "2", "BeforeAllowTraffic check"))
		b.until("the call", time.Minute, func() bool { return len(b.called()) == 1 })
		other := b.deploy("AllAtOnce", spec([]string{"cart"}, "1", "2", "BeforeAllowTraffic check"))
		b.until("the other call", time.Minute, func() bool { return len(b.called()) == 2 })
		calls := b.called()
		for deployment, execution := range map[string]string{one: calls[1].ID, other: calls[0].ID} {
			if code := b.report(deployment, execution, "Failed"); code != "InvalidLifecycleEventHookExecutionId" {
				t.Errorf("a report for another deployment is answered with %q", code)
			}
		}
		for i, id := range []string{one, other} {
			if code := b.report(id, calls[i].ID, "Succeeded"); code != "" || b.ended(id).Status != deploy.Succeeded {
				t.Errorf("its own report is answered with %q", code)
			}
		}
	})
}

// TestKilledWhileAHookIsOut: the function is called again with the same execution id, since nobody
// knows whether it was called; whichever call reports first has reported.
func TestKilledWhileAHookIsOut(t *testing.T) {
	for name, c := range map[string]struct {
		first, second string // what the calls report, once the server is back
		status        deploy.Status
		at            string
	}{
		"the first call reports":      {"Succeeded", "", deploy.Succeeded, "2"},
		"the second call reports":     {"", "Succeeded", deploy.Succeeded, "2"},
		"both report":                 {"Succeeded", "Failed", deploy.Succeeded, "2"},
		"both report, the other says": {"Failed", "Succeeded", deploy.Failed, "1"},
		"nobody reports":              {"", "", deploy.Failed, "1"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(b *bench) {
				b.hooks["check"] = func(ctx context.Context, _ told) (*sdk.InvokeOutput, error) {
					select {
					case <-ctx.Done(): // the connection is gone; the function runs on
						return nil, ctx.Err()
					case <-time.After(10 * time.Minute):
						return came("back"), nil
					}
				}
				id := b.deploy("Canary10Percent5Minutes", spec(shop, "1", "2", "BeforeAllowTraffic check"))
				b.until("the call", time.Minute, func() bool { return len(b.called()) == 1 })
				b.restart()
				b.until("the call again", time.Minute, func() bool { return len(b.called()) == 2 })
				if calls := b.called(); calls[0] != calls[1] {
					t.Errorf("the calls are told %+v", calls)
				}
				execution := b.called()[0].ID
				want := ""
				for _, says := range []string{c.first, c.second} {
					if says == "" {
						continue
					}
					if code := b.report(id, execution, says); code != want {
						t.Errorf("%s is answered with %q, want %q", says, code, want)
					}
					want = "LifecycleEventAlreadyCompleted"
				}
				if d := b.ended(id); d.Status != c.status || b.at("shop:live") != c.at || len(b.called()) != 2 {
					t.Errorf("%s, %+v; the alias is at %s, %d calls", d.Status, d.Failure, b.at("shop:live"), len(b.called()))
				}
			})
		})
	}
}

// TestStoppedWhileAHookCannotBeCalled: nobody calls it for a deployment that has ended.
func TestStoppedWhileAHookCannotBeCalled(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.hooks["check"] = says(b, "Succeeded")
		b.becomes("Invoke", forEver, throttled)
		id := b.deploy("AllAtOnce", spec(shop, "1", "2", "BeforeAllowTraffic check"))
		b.until("a second try", time.Minute, func() bool { return len(b.called()) == 2 })
		_, err := b.StopDeployment(b.t.Context(), admin, id, nil)
		check(t, err)
		if d := b.ended(id); d.Status != deploy.Stopped || b.at("shop:live") != "1" {
			t.Errorf("%s, %+v; the alias is at %s", d.Status, d.Failure, b.at("shop:live"))
		}
		b.becomes("Invoke", 0, nil)
		calls := len(b.called())
		time.Sleep(time.Hour)
		if got := len(b.called()); got != calls {
			t.Errorf("%d calls of a deployment that has ended", got-calls)
		}
	})
}
