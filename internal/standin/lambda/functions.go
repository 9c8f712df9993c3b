package lambda

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// A function is what its versions have in common.
type function struct {
	Name string
	Last int // the number of the version that was published last; never used again
	Tags map[string]string
}

// A version is a function's code and settings: $LATEST, or a published one, which stays as it is.
type version struct {
	types.FunctionConfiguration
	Hash string // of the code's archive, in hex
}

func versionKey(name, number string) string { return name + ":" + number }

// timeFormat is Lambda's.
const timeFormat = "2006-01-02T15:04:05.000-0700"

func (s *Service) functionOperations() awswire.Operations {
	return awswire.Operations{
		"CreateFunction": op(s, "CreateFunction",
			func(in *sdk.CreateFunctionInput) (*string, *string) { return in.FunctionName, nil }, s.createFunction),
		"GetFunction": op(s, "GetFunction",
			func(in *sdk.GetFunctionInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.getFunction),
		"GetFunctionConfiguration": op(s, "GetFunctionConfiguration",
			func(in *sdk.GetFunctionConfigurationInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.getFunctionConfiguration),
		"ListFunctions": op(s, "ListFunctions", nil, s.listFunctions),
		"UpdateFunctionCode": op(s, "UpdateFunctionCode",
			func(in *sdk.UpdateFunctionCodeInput) (*string, *string) { return in.FunctionName, nil }, s.updateFunctionCode),
		"UpdateFunctionConfiguration": changes(s, "UpdateFunctionConfiguration",
			func(in *sdk.UpdateFunctionConfigurationInput) (*string, *string) { return in.FunctionName, nil }, s.updateFunctionConfiguration),
		"DeleteFunction": op(s, "DeleteFunction",
			func(in *sdk.DeleteFunctionInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.deleteFunction),
		"Invoke": op(s, "InvokeFunction",
			func(in *sdk.InvokeInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.invoke),
	}
}

func (s *Service) createFunction(ctx context.Context, in *sdk.CreateFunctionInput) (*types.FunctionConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	switch {
	case err != nil:
		return nil, err
	case in.Code == nil:
		return nil, malformed("null", "code", "Member must not be null")
	case aws.ToString(in.Role) == "":
		return nil, malformed("null", "role", "Member must not be null")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	v := version{FunctionConfiguration: types.FunctionConfiguration{
		FunctionName: &at.name, FunctionArn: aws.String(s.arn(at.name)), Version: aws.String(latest), Description: aws.String(""),
		Timeout: aws.Int32(defaultTimeout), MemorySize: aws.Int32(defaultMemory),
		EphemeralStorage: &types.EphemeralStorage{Size: aws.Int32(defaultScratch)},
		PackageType:      types.PackageTypeZip, Architectures: in.Architectures,
		TracingConfig: &types.TracingConfigResponse{Mode: types.TracingModePassThrough},
		LoggingConfig: &types.LoggingConfig{LogFormat: types.LogFormatText, LogGroup: aws.String("/aws/lambda/" + at.name)},
		State:         types.StateActive, LastUpdateStatus: types.LastUpdateStatusSuccessful,
	}}
	if len(v.Architectures) == 0 {
		v.Architectures = []types.Architecture{types.ArchitectureX8664}
	}
	if err := settingsOfNew(in).apply(&v.FunctionConfiguration); err != nil {
		return nil, err
	}
	if err := s.checkRole(ctx, in.Role); err != nil {
		return nil, err
	}
	v.Role = in.Role
	return s.withCode(ctx, codeOfNew(in.Code), &v, func() (*types.FunctionConfiguration, error) {
		if _, taken := s.functions.Get(at.name); taken {
			return nil, awswire.Errorf(conflict, "Function already exist: %s", at.name)
		}
		if err := s.checkStorage(v, ""); err != nil {
			return nil, err
		}
		if err := s.functions.Put(ctx, at.name, function{Name: at.name, Tags: in.Tags}); err != nil {
			return nil, err
		}
		return s.putLatest(ctx, v, in.Publish, nil)
	})
}

// checkRole makes sure that Lambda may assume the role, and that the caller may pass it on.
func (s *Service) checkRole(ctx context.Context, role *string) error {
	if err := authorize(ctx, "iam:PassRole", aws.ToString(role)); err != nil {
		return err
	}
	_, err := s.cfg.AssumeRole(ctx, aws.ToString(role), "check")
	if refused, ok := errors.AsType[*identity.Error](err); ok && refused.Code == identity.AccessDenied {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	return err
}

// putLatest keeps $LATEST as it was changed, and publishes it where that is asked for. The
// lock is held.
func (s *Service) putLatest(ctx context.Context, v version, publish bool, description *string) (*types.FunctionConfiguration, error) {
	v.touch(s.cfg.Now())
	if err := s.versions.Put(ctx, versionKey(*v.FunctionName, latest), v); err != nil {
		return nil, err
	}
	s.runner.Retire(s.arn(versionKey(*v.FunctionName, latest)), *v.RevisionId)
	if publish {
		return s.publish(ctx, v, description)
	}
	return &v.FunctionConfiguration, nil
}

func (v *version) touch(now time.Time) {
	v.RevisionId, v.LastModified = aws.String(newID()), aws.String(now.UTC().Format(timeFormat))
}

// setCode says in the configuration what is in the archive of that hash.
func (v *version) setCode(hash string, size int) {
	sum, _ := hex.DecodeString(hash) // Put has made it
	v.Hash, v.CodeSize, v.CodeSha256 = hash, int64(size), aws.String(base64.StdEncoding.EncodeToString(sum))
}

// find returns the version that is meant; an alias stands for the version that it points to.
func (s *Service) find(at reference) (version, error) {
	number := at.qualifier
	if number == "" {
		number = latest
	}
	if isAlias(number) {
		a, err := s.alias(at.name, number)
		if err != nil {
			return version{}, err
		}
		number = *a.FunctionVersion
	}
	v, ok := s.versions.Get(versionKey(at.name, number))
	if !ok {
		return version{}, s.functionNotFound(at)
	}
	return v, nil
}

// described is a version's configuration as callers see it: under the ARN that they asked by.
func (s *Service) described(at reference) (*types.FunctionConfiguration, version, error) {
	v, err := s.find(at)
	if err != nil {
		return nil, v, err
	}
	c := v.FunctionConfiguration
	c.FunctionArn = aws.String(s.arn(at.String()))
	return &c, v, nil
}

func (s *Service) getFunction(_ context.Context, in *sdk.GetFunctionInput) (*sdk.GetFunctionOutput, error) {
	at, err := s.refer(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c, v, err := s.described(at)
	if err != nil {
		return nil, err
	}
	f, _ := s.functions.Get(at.name)
	return &sdk.GetFunctionOutput{
		Configuration: c, Tags: f.Tags,
		Code: &types.FunctionCodeLocation{RepositoryType: aws.String("S3"), Location: aws.String(s.codeURL(v.Hash))},
	}, nil
}

func (s *Service) getFunctionConfiguration(_ context.Context, in *sdk.GetFunctionConfigurationInput) (*types.FunctionConfiguration, error) {
	at, err := s.refer(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c, _, err := s.described(at)
	return c, err
}

func (s *Service) listFunctions(_ context.Context, in *sdk.ListFunctionsInput) (*sdk.ListFunctionsOutput, error) {
	var list []types.FunctionConfiguration
	for _, v := range s.versions.All() {
		switch {
		case in.FunctionVersion == types.FunctionVersionAll:
			v.FunctionArn = aws.String(s.arn(versionKey(*v.FunctionName, *v.Version)))
		case *v.Version != latest:
			continue
		}
		list = append(list, v.FunctionConfiguration)
	}
	out := &sdk.ListFunctionsOutput{Functions: []types.FunctionConfiguration{}}
	cut, next, err := page(list, in.Marker, in.MaxItems, func(c types.FunctionConfiguration) string {
		return versionKey(*c.FunctionName, *c.Version)
	})
	if err != nil {
		return nil, err
	}
	out.Functions, out.NextMarker = append(out.Functions, cut...), next
	return out, nil
}

func (s *Service) updateFunctionCode(ctx context.Context, in *sdk.UpdateFunctionCodeInput) (*types.FunctionConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	at.qualifier = ""
	var fresh version
	return s.withCode(ctx, codeOfUpdate(in), &fresh, func() (*types.FunctionConfiguration, error) {
		v, err := s.find(at)
		if err != nil {
			return nil, err
		}
		if err := checkRevision(in.RevisionId, v.RevisionId, "GetFunction"); err != nil {
			return nil, err
		}
		v.Hash, v.CodeSize, v.CodeSha256 = fresh.Hash, fresh.CodeSize, fresh.CodeSha256
		if err := s.checkStorage(v, versionKey(at.name, latest)); err != nil {
			return nil, err
		}
		if len(in.Architectures) > 0 {
			v.Architectures = in.Architectures
		}
		if in.DryRun {
			return &v.FunctionConfiguration, nil
		}
		return s.putLatest(ctx, v, in.Publish, nil)
	})
}

func (s *Service) updateFunctionConfiguration(
	ctx context.Context, in *sdk.UpdateFunctionConfigurationInput,
) (*types.FunctionConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	at.qualifier = ""
	v, err := s.find(at)
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionId, v.RevisionId, "GetFunction"); err != nil {
		return nil, err
	}
	if err := settingsOfUpdate(in).apply(&v.FunctionConfiguration); err != nil {
		return nil, err
	}
	if in.Role != nil {
		if err := s.checkRole(ctx, in.Role); err != nil {
			return nil, err
		}
		v.Role = in.Role
	}
	return s.putLatest(ctx, v, false, nil)
}

func (s *Service) deleteFunction(ctx context.Context, in *sdk.DeleteFunctionInput) (*sdk.DeleteFunctionOutput, error) {
	at, err := s.refer(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := s.remove(ctx, at); err != nil {
		return nil, err
	}
	if err := s.dropUnused(); err != nil {
		s.cfg.Log.Warn("code of a function that is gone stays", "function", at.name, "error", err)
	}
	return &sdk.DeleteFunctionOutput{StatusCode: http.StatusNoContent}, nil
}

// remove removes a version, or where none is meant, the function with all that it has.
func (s *Service) remove(ctx context.Context, at reference) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.functions.Get(at.name); !ok {
		return s.functionNotFound(at)
	}
	switch {
	case at.qualifier == "":
		return s.removeAll(ctx, at.name)
	case at.qualifier == latest:
		return invalid("$LATEST version cannot be deleted without deleting the function.")
	case isAlias(at.qualifier):
		return invalid("Deletion of aliases is not currently supported.")
	}
	v, ok := s.versions.Get(at.String())
	if !ok {
		return nil // as AWS has it
	}
	var names []string
	for _, a := range s.aliasesOf(at.name) {
		if a.pointsTo(at.qualifier) {
			names = append(names, *a.Name)
		}
	}
	if len(names) > 0 {
		return awswire.Errorf(conflict, "Unable to delete version because the following aliases reference it: [%s]", strings.Join(names, ", "))
	}
	return s.removeVersion(ctx, v)
}

func (s *Service) removeVersion(ctx context.Context, v version) error {
	key := versionKey(*v.FunctionName, *v.Version)
	if err := s.dropAccess(ctx, reference{*v.FunctionName, *v.Version}); err != nil {
		return err
	}
	if err := s.versions.Delete(ctx, key); err != nil {
		return err
	}
	s.runner.Retire(s.arn(key), "")
	return nil
}

func (s *Service) removeAll(ctx context.Context, name string) error {
	for _, a := range s.aliasesOf(name) {
		if err := s.removeAlias(ctx, name, *a.Name); err != nil {
			return err
		}
	}
	for _, v := range s.versionsOf(name) {
		if err := s.removeVersion(ctx, v); err != nil {
			return err
		}
	}
	if err := s.dropAccess(ctx, reference{name: name}); err != nil {
		return err
	}
	return s.functions.Delete(ctx, name)
}
