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

// share calls a function through its alias that often, or for as long as the alias gives the
// version that many percent of the calls, and wants it to answer so many, within four standard
// deviations.
//
//	share FUNCTION ALIAS CALLS VERSION PERCENT
func share(ts *testscript.TestScript, neg bool, args []string) {
	calls, err := strconv.Atoi(args[2])
	ts.Check(err)
	percent, err := strconv.ParseFloat(args[4], 64)
	ts.Check(err)
	cfg, err := of(ts).Config()
	ts.Check(err)
	api := lambda.NewFromConfig(cfg)
	got, all := 0, 0
	for all < calls {
		by, err := answeredBy(api, args[0], args[1], args[3], handful)
		ts.Check(err)
		given, err := shareOf(api, args[0], args[1], args[3])
		ts.Check(err)
		if given != percent {
			break
		}
		got, all = got+by, all+handful
	}
	if all < handful {
		ts.Fatalf("%s:%s never gave version %s %v %% for as long as %d calls take", args[0], args[1], args[3], percent, handful)
	}
	wantShare(ts, got, all, percent, "version "+args[3])
}

// handful is how many calls or answers are between two looks at who is to have what share of them.
const handful = 100

// shareOf is what share of its calls an alias gives a version, in percent.
func shareOf(api *lambda.Client, function, alias, version string) (float64, error) {
	out, err := api.GetAlias(context.Background(), &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
	if err != nil {
		return 0, err
	}
	others := 0.0
	if out.RoutingConfig != nil {
		if weight, ok := out.RoutingConfig.AdditionalVersionWeights[version]; ok {
			return math.Round(weight * 100), nil
		}
		for _, weight := range out.RoutingConfig.AdditionalVersionWeights {
			others += weight
		}
	}
	if *out.FunctionVersion != version {
		return 0, nil
	}
	return math.Round((1 - others) * 100), nil
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
	want := regexp.MustCompile("^(" + args[2] + ")$")
	given := givenTo(ts, args[0], args[1])
	ts.Check(s.Await("a share of "+args[2], func() (bool, error) {
		percent, err := given()
		if err != nil {
			return false, nil // there is no target yet
		}
		return want.MatchString(strconv.FormatFloat(percent, 'f', -1, 64)), nil
	}))
}

// givenTo asks a deployment what share of its traffic a target's new version has, in percent.
func givenTo(ts *testscript.TestScript, deployment, target string) func() (float64, error) {
	cfg, err := of(ts).Config()
	ts.Check(err)
	api := codedeploy.NewFromConfig(cfg)
	return func() (float64, error) {
		out, err := api.GetDeploymentTarget(context.Background(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &deployment, TargetId: &target})
		if err != nil {
			return 0, err
		}
		return weight(out.DeploymentTarget), nil
	}
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
// to thirty more: a machine has other things to do, and what takes how long to the second is
// shown in virtual time.
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
	if took := at[0] - at[1]; took < want || took > want+30 {
		ts.Fatalf("it lasted %.2f s, want %v", took, want)
	}
}
