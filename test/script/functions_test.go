package script_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/rogpeppe/go-internal/testscript"
)

// buildFunctions builds the functions of stories: DIR/function and DIR/hook, a bootstrap in each.
func buildFunctions(dir string) error {
	for _, name := range []string{"function", "hook"} {
		build := exec.Command("go", "build", "-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", filepath.Join(dir, name, "bootstrap"),
			"github.com/slipway/slipway/test/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build the function %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// share calls a function through its alias that often, and wants the version to answer that many
// percent of the calls, within four standard deviations.
//
//	share FUNCTION ALIAS CALLS VERSION PERCENT
func share(ts *testscript.TestScript, neg bool, args []string) {
	calls, err := strconv.Atoi(args[2])
	ts.Check(err)
	percent, err := strconv.ParseFloat(args[4], 64)
	ts.Check(err)
	cfg, err := of(ts).Config()
	ts.Check(err)
	got, err := answeredBy(lambda.NewFromConfig(cfg), args[0], args[1], args[3], calls)
	ts.Check(err)
	wantShare(ts, got, calls, percent, "version "+args[3])
}

// wantShare wants so many percent of all answers, within four standard deviations.
func wantShare(ts *testscript.TestScript, got, all int, percent float64, by string) {
	p := percent / 100
	mean, deviation := float64(all)*p, math.Sqrt(float64(all)*p*(1-p))
	fmt.Fprintf(ts.Stdout(), "%d of %d calls were answered by %s\n", got, all, by)
	if math.Abs(float64(got)-mean) > 4*deviation {
		ts.Fatalf("%d of %d calls were answered by %s, want %.0f ± %.0f", got, all, by, mean, 4*deviation)
	}
}

// answeredBy calls the alias and counts the answers of a version. Every call must be answered.
func answeredBy(api *lambda.Client, function, alias, version string, calls int) (int, error) {
	var left, got atomic.Int64
	left.Store(int64(calls))
	var callers sync.WaitGroup
	errs := make(chan error, 1)
	for range 4 {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				out, err := api.Invoke(context.Background(), &lambda.InvokeInput{FunctionName: &function, Qualifier: &alias, Payload: []byte(`{"Do": "nothing"}`)})
				if err == nil && out.FunctionError != nil {
					err = fmt.Errorf("%s: %s", *out.FunctionError, out.Payload)
				}
				if err != nil {
					select {
					case errs <- err:
					default:
					}
					return
				}
				if aws.ToString(out.ExecutedVersion) == version {
					got.Add(1)
				}
			}
		})
	}
	callers.Wait()
	select {
	case err := <-errs:
		return 0, err
	default:
		return int(got.Load()), nil
	}
}

// shifted waits until what is deployed has a share of the traffic, in percent, that matches.
//
//	shifted DEPLOYMENT TARGET PATTERN
func shifted(ts *testscript.TestScript, neg bool, args []string) {
	s := of(ts)
	cfg, err := s.Config()
	ts.Check(err)
	api, want := codedeploy.NewFromConfig(cfg), regexp.MustCompile("^("+args[2]+")$")
	ts.Check(s.Await("a share of "+args[2], func() (bool, error) {
		out, err := api.GetDeploymentTarget(context.Background(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &args[0], TargetId: &args[1]})
		if err != nil {
			return false, nil // there is no target yet
		}
		return want.MatchString(strconv.FormatFloat(weight(out.DeploymentTarget), 'f', -1, 64)), nil
	}))
}

// weight is the share of the traffic of what is deployed.
func weight(t *types.DeploymentTarget) float64 {
	if t.LambdaTarget != nil {
		return t.LambdaTarget.LambdaFunctionInfo.TargetVersionWeight
	}
	for _, set := range t.EcsTarget.TaskSetsInfo {
		if set.TaskSetLabel == types.TargetLabelGreen {
			return set.TrafficWeight
		}
	}
	return 0
}

// lasted wants what the last command printed, [end, start], to be that many seconds apart, or up
// to five more: a machine has other things to do.
//
//	lasted SECONDS
func lasted(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	var times [2]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &times))
	var at [2]float64
	for i, v := range times {
		switch v := v.(type) {
		case float64:
			at[i] = v
		case string: // version 2 of the CLI
			t, err := time.Parse(time.RFC3339Nano, v)
			ts.Check(err)
			at[i] = float64(t.UnixMicro()) / 1e6
		}
	}
	if took := at[0] - at[1]; took < want || took > want+5 {
		ts.Fatalf("it lasted %.2f s, want %v", took, want)
	}
}
