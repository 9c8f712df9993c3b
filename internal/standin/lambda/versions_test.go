package lambda_test

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

// publish changes a setting and publishes the result.
func (w *world) publish(t *testing.T, name, colour string) string {
	t.Helper()
	_, err := w.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: &name, Environment: &types.Environment{Variables: map[string]string{"COLOUR": colour}},
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: &name, Description: &colour})
	if err != nil {
		t.Fatal(err)
	}
	return *out.Version
}

// TestVersions: they are numbered, stay as they are, and are made only of what has changed.
func TestVersions(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	name := aws.String("shop")
	w.create(t, *name)
	if v := w.publish(t, *name, "blue"); v != "1" {
		t.Errorf("the first version is %s", v)
	}
	again, err := w.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name, Description: aws.String("other")})
	if err != nil || *again.Version != "1" || *again.Description != "blue" {
		t.Errorf("what has not changed became %+v, %v", again, err)
	}
	if v := w.publish(t, *name, "green"); v != "2" {
		t.Errorf("the second version is %s", v)
	}
	for number, colour := range map[string]string{"1": "blue", "2": "green", "$LATEST": "green"} {
		if k := w.describe(t, "shop:"+number); k.Environment["COLOUR"] != colour || k.Version != number || k.ARN != "arn:aws:lambda:us-east-1:123456789012:function:shop:"+number {
			t.Errorf("version %s: %+v", number, k)
		}
	}
	list, err := w.ListVersionsByFunction(ctx, &sdk.ListVersionsByFunctionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	var numbers []string
	for _, v := range list.Versions {
		numbers = append(numbers, *v.Version)
	}
	if !slices.Equal(numbers, []string{"$LATEST", "1", "2"}) {
		t.Errorf("versions %v", numbers)
	}
	_, err = w.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name, CodeSha256: aws.String("other")})
	refused(t, err, "InvalidParameterValueException", "is different from current CodeSHA256 in $LATEST")
	_, err = w.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name, RevisionId: aws.String("other")})
	refused(t, err, "PreconditionFailedException", "Call the GetFunction API")
	_, err = w.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("$LATEST")})
	refused(t, err, "InvalidParameterValueException", "cannot be deleted without deleting the function")
	if _, err := w.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("2")}); err != nil {
		t.Fatal(err)
	}
	if v := w.publish(t, *name, "red"); v != "3" {
		t.Errorf("a number came back: %s", v)
	}
	if _, err := w.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: name}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("shop:1")})
	refused(t, err, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:shop:1")
	if left, _ := filepath.Glob(filepath.Join(w.cfg.Dir, "code", "*", "*")); len(left) > 0 {
		t.Errorf("code is left: %v", left)
	}
}

// TestNewCodeIsUsedAtOnce, and no call is lost while it comes.
func TestNewCodeIsUsedAtOnce(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.create(t, "shop")
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				out, err := w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("shop")})
				if err != nil || out.FunctionError != nil {
					t.Errorf("a call failed: %v %s", err, out.Payload)
					return
				}
			}
		})
	}
	for _, colour := range []string{"blue", "green", "red"} {
		w.publish(t, "shop", colour)
		if k := w.describe(t, "shop"); k.Environment["COLOUR"] != colour {
			t.Errorf("after %s it is %s", colour, k.Environment["COLOUR"])
		}
	}
	close(stop)
	callers.Wait()
}

// TestWeightedAlias: of some thousand calls each version gets its share, within four standard
// deviations.
func TestWeightedAlias(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	var mu sync.Mutex
	w := newWorld(t, func(c *lambda.Config) {
		c.Random = func() float64 { mu.Lock(); defer mu.Unlock(); return source.Float64() }
	})
	w.create(t, "shop")
	w.publish(t, "shop", "blue")
	w.publish(t, "shop", "green")
	routing := func(weight float64) *types.AliasRoutingConfiguration {
		return &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": weight}}
	}
	_, err := w.CreateAlias(t.Context(), &sdk.CreateAliasInput{
		FunctionName: aws.String("shop"), Name: aws.String("live"), FunctionVersion: aws.String("1"), RoutingConfig: routing(0.1),
	})
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for weight, calls := range map[float64]int{0.1: 3000, 0.5: 1000, 0: 400, 1: 400} {
		total += calls
		in := &sdk.UpdateAliasInput{FunctionName: aws.String("shop"), Name: aws.String("live"), RoutingConfig: routing(weight)}
		if _, err := w.UpdateAlias(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		got := w.countVersions(t, "live", calls)
		mean, deviation := float64(calls)*weight, math.Sqrt(float64(calls)*weight*(1-weight))
		if off := math.Abs(float64(got["2"]) - mean); off > 4*deviation || got["1"]+got["2"] != calls {
			t.Errorf("weight %v: %v of %d calls", weight, got, calls)
		}
	}
	w.stop() // and tell the last of what was counted
	if sum := w.metrics.sum("AWS/Lambda Invocations shop shop:live "); sum > float64(total) || sum == 0 {
		t.Errorf("CloudWatch has %v invocations of the alias", sum)
	}
	if one := w.metrics.sum("AWS/Lambda Invocations shop shop:live 2"); one == 0 || one > 2000 {
		t.Errorf("CloudWatch has %v invocations of version 2", one)
	}
}

// countVersions calls an alias many times and counts which version has answered.
func (w *world) countVersions(t *testing.T, alias string, calls int) map[string]int {
	t.Helper()
	var mu sync.Mutex
	got := map[string]int{}
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range calls / 4 {
				out, err := w.Invoke(context.Background(), &sdk.InvokeInput{
					FunctionName: aws.String("shop"), Qualifier: &alias, Payload: []byte(`{"Do":"answer"}`),
				})
				if err != nil || out.FunctionError != nil {
					t.Errorf("a call failed: %v", err)
					return
				}
				mu.Lock()
				got[*out.ExecutedVersion]++
				mu.Unlock()
			}
		})
	}
	callers.Wait()
	return got
}

func TestAliases(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	name := aws.String("shop")
	w.create(t, *name)
	w.publish(t, *name, "blue")
	w.publish(t, *name, "green")
	made, err := w.CreateAlias(ctx, &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	if err != nil || *made.AliasArn != "arn:aws:lambda:us-east-1:123456789012:function:shop:live" {
		t.Fatalf("%+v, %v", made, err)
	}
	if k := w.describe(t, *made.AliasArn); k.Version != "1" || k.ARN != *made.AliasArn {
		t.Errorf("%+v", k)
	}
	routing := func(version string, weight float64) *types.AliasRoutingConfiguration {
		return &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{version: weight}}
	}
	for _, c := range []struct {
		in         sdk.CreateAliasInput
		code, text string
	}{
		{sdk.CreateAliasInput{Name: aws.String("live"), FunctionVersion: aws.String("1")}, "ResourceConflictException", "Alias already exists: arn:"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("9")}, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:shop:9"},
		{sdk.CreateAliasInput{Name: aws.String("12"), FunctionVersion: aws.String("1")}, "ValidationException", "Value '12' at 'name'"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("live")}, "ValidationException", "at 'functionVersion'"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("$LATEST"), RoutingConfig: routing("1", 0.5)}, "InvalidParameterValueException", "$LATEST is not supported"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("1"), RoutingConfig: routing("1", 0.5)}, "InvalidParameterValueException", "already included"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("1"), RoutingConfig: routing("7", 0.5)}, "ResourceNotFoundException", "function:shop:7"},
		{sdk.CreateAliasInput{Name: aws.String("x"), FunctionVersion: aws.String("1"), RoutingConfig: routing("2", 1.5)}, "InvalidParameterValueException", "0.0 to 1.0"},
	} {
		c.in.FunctionName = name
		_, err := w.CreateAlias(ctx, &c.in)
		refused(t, err, c.code, c.text)
	}
	_, err = w.UpdateAlias(ctx, &sdk.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), RevisionId: aws.String("old"), FunctionVersion: aws.String("2")})
	refused(t, err, "PreconditionFailedException", "Call the GetAlias API")
	moved, err := w.UpdateAlias(ctx, &sdk.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), RevisionId: made.RevisionId, RoutingConfig: routing("2", 0.25)})
	if err != nil || *moved.RevisionId == *made.RevisionId || *moved.FunctionVersion != "1" || moved.RoutingConfig.AdditionalVersionWeights["2"] != 0.25 {
		t.Errorf("%+v, %v", moved, err)
	}
	_, err = w.DeleteFunction(ctx, &sdk.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("2")})
	refused(t, err, "ResourceConflictException", "aliases reference it: [live]")
	cleared, err := w.UpdateAlias(ctx, &sdk.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("2"), RoutingConfig: &types.AliasRoutingConfiguration{}})
	if err != nil || cleared.RoutingConfig != nil {
		t.Errorf("%+v, %v", cleared, err)
	}
	got, err := w.GetAlias(ctx, &sdk.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	if err != nil || *got.FunctionVersion != "2" || *got.RevisionId != *cleared.RevisionId {
		t.Errorf("%+v, %v", got, err)
	}
	list, err := w.ListAliases(ctx, &sdk.ListAliasesInput{FunctionName: name, FunctionVersion: aws.String("1")})
	if err != nil || len(list.Aliases) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := w.DeleteAlias(ctx, &sdk.DeleteAliasInput{FunctionName: name, Name: aws.String("live")}); err != nil {
		t.Error(err)
	}
	_, err = w.GetAlias(ctx, &sdk.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	refused(t, err, "ResourceNotFoundException", "Cannot find alias arn: arn:aws:lambda:us-east-1:123456789012:function:shop:live")
}

// TestRestart: what was made is there after a restart, and runs.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	w.publish(t, "shop", "blue")
	if _, err := w.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: aws.String("shop"), Name: aws.String("live"), FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	w.stop()
	again := open(t, identity.Administrator(account), func(c *lambda.Config) { c.Store, c.Dir = w.cfg.Store, w.cfg.Dir })
	if k := again.describe(t, "shop:live"); k.Environment["COLOUR"] != "blue" || k.Version != "1" {
		t.Errorf("%+v", k)
	}
	if v := again.publish(t, "shop", "green"); v != "2" {
		t.Errorf("the next version is %s", v)
	}
}

// TestPages: a list comes in parts.
func TestPages(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	archive := lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755})
	for _, name := range []string{"c", "a", "b"} {
		w.create(t, name, func(in *sdk.CreateFunctionInput) { in.Code = zipped(archive) })
	}
	var names []string
	pages := sdk.NewListFunctionsPaginator(w.Client, &sdk.ListFunctionsInput{MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page.Functions {
			names = append(names, *f.FunctionName)
		}
	}
	if !slices.Equal(names, []string{"a", "b", "c"}) {
		t.Errorf("functions %v", names)
	}
	_, err := w.ListFunctions(ctx, &sdk.ListFunctionsInput{Marker: aws.String("no")})
	refused(t, err, "InvalidParameterValueException", "Marker")
}
