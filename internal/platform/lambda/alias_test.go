package lambda

import (
	"context"
	"errors"
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

type weights = map[string]float64

// TestShare: how much of an alias's calls version 2 gets, which replaces version 1.
func TestShare(t *testing.T) {
	f := deploy.Function{Name: "shop", Alias: "live", Current: "1", Target: "2"}
	for _, c := range []struct {
		version string
		weights weights
		want    int // -1: somebody else has changed it
	}{
		{"1", nil, 0},
		{"1", weights{}, 0},
		{"1", weights{"2": 0.1}, 10},
		{"1", weights{"2": 0.29}, 29}, // 0.29 * 100 is 28.999…
		{"1", weights{"2": 0.07}, 7},
		{"1", weights{"2": 0}, 0},
		{"1", weights{"2": 1}, 100},
		{"2", nil, 100},
		{"2", weights{"1": 0.1}, 90}, // a rollback finds it the other way round
		{"2", weights{"1": 0.57}, 43},
		{"3", nil, -1},
		{"3", weights{"2": 0.1}, -1},
		{"1", weights{"3": 0.1}, -1},
		{"2", weights{"3": 0.1}, -1},
		{"1", weights{"2": 0.1, "3": 0.1}, -1},
	} {
		got, err := alias{version: c.version, weights: c.weights}.share(f)
		refused := platform.Refused(err)
		if c.want < 0 && (refused == nil || refused.Info.Code != deploy.FunctionConfigInvalid) || c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("%s %v: %d, %v; want %d", c.version, c.weights, got, err, c.want)
		}
	}
}

// updates are what is asked of an alias.
type updates struct {
	Functions
	last *sdk.UpdateAliasInput
}

func (u *updates) UpdateAlias(_ context.Context, in *sdk.UpdateAliasInput, _ ...func(*sdk.Options)) (*sdk.UpdateAliasOutput, error) {
	u.last = in
	return nil, nil
}

// TestMove: every share can be asked for, and is read as what was asked for.
func TestMove(t *testing.T) {
	f, u := deploy.Function{Name: "shop", Alias: "live", Current: "1", Target: "2"}, &updates{}
	d := New(Config{Functions: u})
	for percent := 0; percent <= 100; percent++ {
		if err := d.move(t.Context(), f, alias{revision: "r"}, percent); err != nil {
			t.Fatal(err)
		}
		got := alias{version: *u.last.FunctionVersion, weights: u.last.RoutingConfig.AdditionalVersionWeights}
		if share, err := got.share(f); err != nil || share != percent || *u.last.RevisionId != "r" {
			t.Errorf("%d%%: %s %v of the revision %s, which is read as %d%%", percent, got.version, maps.Clone(got.weights), *u.last.RevisionId, share)
		}
	}
	if err := d.move(t.Context(), f, alias{}, 0); err != nil || u.last.RevisionId != nil {
		t.Errorf("an alias without a revision is moved with %v, %v", aws.ToString(u.last.RevisionId), err)
	}
}

func TestRefusedOr(t *testing.T) {
	for code, want := range map[string]deploy.FailureCode{
		"ResourceNotFoundException": deploy.FunctionInvalid, "AccessDeniedException": deploy.RolePermissions, "AccessDenied": deploy.RolePermissions,
		"InvalidParameterValueException": deploy.FunctionConfigInvalid, "ValidationException": deploy.FunctionConfigInvalid,
		"TooManyRequestsException": "", "ThrottlingException": "", "PreconditionFailedException": "", "ServiceException": "", "ResourceConflictException": "",
	} {
		err := refusedOr(&smithy.GenericAPIError{Code: code, Message: "no"}, "alias %s", "live")
		refused, throttled := platform.Refused(err), errors.Is(err, platform.ErrThrottled)
		if (refused != nil) != (want != "") || refused != nil && refused.Info.Code != want || throttled != (code == "TooManyRequestsException" || code == "ThrottlingException") {
			t.Errorf("%s: %v, throttled %v; want %q", code, err, throttled, want)
		}
	}
	if err := refusedOr(nil, "alias"); err != nil {
		t.Error(err)
	}
	if err := refusedOr(errors.New("connection refused"), "alias live"); err == nil || platform.Refused(err) != nil || err.Error() != "alias live: connection refused" {
		t.Errorf("out of reach: %v", err)
	}
}
