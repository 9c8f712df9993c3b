package lambda

import (
	"cmp"
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) versionOperations() awswire.Operations {
	return awswire.Operations{
		"PublishVersion": changes(s, "PublishVersion",
			func(in *sdk.PublishVersionInput) (*string, *string) { return in.FunctionName, nil }, s.publishVersion),
		"ListVersionsByFunction": op(s, "ListVersionsByFunction",
			func(in *sdk.ListVersionsByFunctionInput) (*string, *string) { return in.FunctionName, nil }, s.listVersions),
	}
}

// number orders versions: $LATEST comes first.
func (v version) number() int {
	n, _ := strconv.Atoi(*v.Version) // $LATEST is 0
	return n
}

// versionsOf are all versions of a function, in their order.
func (s *Service) versionsOf(name string) []version {
	var list []version
	for _, v := range s.versions.All() {
		if *v.FunctionName == name {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(a, b version) int { return cmp.Compare(a.number(), b.number()) })
	return list
}

func (s *Service) publishVersion(ctx context.Context, in *sdk.PublishVersionInput) (*types.FunctionConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	v, err := s.find(reference{name: at.name})
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionId, v.RevisionId, "GetFunction"); err != nil {
		return nil, err
	}
	if asked := aws.ToString(in.CodeSha256); asked != "" && asked != *v.CodeSha256 {
		return nil, invalid("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). "+
			"Please try again with the CodeSHA256 in $LATEST.", clipped(asked), *v.CodeSha256)
	}
	if len(aws.ToString(in.Description)) > maxDescription {
		return nil, malformed(clipped(*in.Description), "description", "Member must have length less than or equal to 256")
	}
	return s.publish(ctx, v, in.Description)
}

// publish makes a version of $LATEST, unless the last one published is the same. The lock is
// held.
func (s *Service) publish(ctx context.Context, v version, description *string) (*types.FunctionConfiguration, error) {
	name := *v.FunctionName
	f, _ := s.functions.Get(name)
	if last, ok := s.versions.Get(versionKey(name, strconv.Itoa(f.Last))); ok && last.same(v) {
		return &last.FunctionConfiguration, nil
	}
	if err := s.checkStorage(v, ""); err != nil {
		return nil, err
	}
	f.Last++
	number := strconv.Itoa(f.Last)
	v.Version, v.FunctionArn = &number, aws.String(s.arn(versionKey(name, number)))
	if description != nil {
		v.Description = description
	}
	v.RevisionId = aws.String(newID())
	if err := s.functions.Put(ctx, name, f); err != nil { // first: a number is never used again
		return nil, err
	}
	if err := s.versions.Put(ctx, versionKey(name, number), v); err != nil {
		return nil, err
	}
	return &v.FunctionConfiguration, nil
}

// same tells whether two versions run the same code with the same settings.
func (v version) same(other version) bool {
	bare := func(v version) version {
		v.Version, v.FunctionArn, v.RevisionId, v.LastModified, v.Description = nil, nil, nil, nil, nil
		return v
	}
	return reflect.DeepEqual(bare(v), bare(other))
}

func (s *Service) listVersions(_ context.Context, in *sdk.ListVersionsByFunctionInput) (*sdk.ListVersionsByFunctionOutput, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	all := s.versionsOf(at.name)
	if len(all) == 0 {
		return nil, s.functionNotFound(reference{name: at.name})
	}
	cut, next, err := page(all, in.Marker, in.MaxItems, func(v version) string { return *v.Version })
	if err != nil {
		return nil, err
	}
	out := &sdk.ListVersionsByFunctionOutput{NextMarker: next, Versions: []types.FunctionConfiguration{}}
	for _, v := range cut {
		v.FunctionArn = aws.String(s.arn(versionKey(at.name, *v.Version)))
		out.Versions = append(out.Versions, v.FunctionConfiguration)
	}
	return out, nil
}
