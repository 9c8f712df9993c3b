package lambda

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
)

// An alias is a name for a version, or for two of them with the share of calls that each gets.
type alias struct {
	types.AliasConfiguration
	Function string
}

func (s *Service) aliasOperations() awswire.Operations {
	return awswire.Operations{
		"CreateAlias": changes(s, "CreateAlias",
			func(in *sdk.CreateAliasInput) (*string, *string) { return in.FunctionName, nil }, s.createAlias),
		"GetAlias": op(s, "GetAlias",
			func(in *sdk.GetAliasInput) (*string, *string) { return in.FunctionName, nil }, s.getAlias),
		"UpdateAlias": changes(s, "UpdateAlias",
			func(in *sdk.UpdateAliasInput) (*string, *string) { return in.FunctionName, nil }, s.updateAlias),
		"DeleteAlias": changes(s, "DeleteAlias",
			func(in *sdk.DeleteAliasInput) (*string, *string) { return in.FunctionName, nil }, s.deleteAlias),
		"ListAliases": op(s, "ListAliases",
			func(in *sdk.ListAliasesInput) (*string, *string) { return in.FunctionName, nil }, s.listAliases),
	}
}

func (a alias) pointsTo(number string) bool {
	if *a.FunctionVersion == number {
		return true
	}
	if a.RoutingConfig == nil {
		return false
	}
	_, ok := a.RoutingConfig.AdditionalVersionWeights[number]
	return ok
}

// choose picks the version of one call; chance is from 0 up to 1.
func (a alias) choose(chance float64) string {
	if a.RoutingConfig != nil {
		for number, weight := range a.RoutingConfig.AdditionalVersionWeights { // of one at most
			if chance < weight {
				return number
			}
		}
	}
	return *a.FunctionVersion
}

// alias finds an alias of a function.
func (s *Service) alias(function, name string) (alias, error) {
	if a, ok := s.aliases.Get(function + ":" + name); ok {
		return a, nil
	}
	at := reference{function, name}
	if _, ok := s.functions.Get(function); !ok {
		return alias{}, s.functionNotFound(at)
	}
	return alias{}, awswire.Errorf(notFound, "Cannot find alias arn: %s", s.arn(at.String()))
}

func (s *Service) aliasesOf(function string) []alias {
	var list []alias
	for _, a := range s.aliases.All() {
		if a.Function == function {
			list = append(list, a)
		}
	}
	return list
}

func (s *Service) createAlias(ctx context.Context, in *sdk.CreateAliasInput) (*types.AliasConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	if len(name) > maxQualifier || !aliasPattern.MatchString(name) || numberPattern.MatchString(name) {
		return nil, malformed(clipped(name), "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	arn := s.arn(reference{at.name, name}.String())
	if _, taken := s.aliases.Get(at.name + ":" + name); taken {
		return nil, awswire.Errorf(conflict, "Alias already exists: %s", arn)
	}
	a := alias{Function: at.name, AliasConfiguration: types.AliasConfiguration{
		AliasArn: &arn, Name: &name, FunctionVersion: in.FunctionVersion, Description: aws.String(aws.ToString(in.Description)),
		RoutingConfig: in.RoutingConfig,
	}}
	return s.putAlias(ctx, a)
}

// putAlias checks an alias and keeps it in a new revision. The lock is held.
func (s *Service) putAlias(ctx context.Context, a alias) (*types.AliasConfiguration, error) {
	if a.RoutingConfig != nil && len(a.RoutingConfig.AdditionalVersionWeights) == 0 {
		a.RoutingConfig = nil
	}
	if len(aws.ToString(a.Description)) > maxDescription {
		return nil, malformed(clipped(*a.Description), "description", "Member must have length less than or equal to 256")
	}
	if err := s.checkTarget(a.Function, aws.ToString(a.FunctionVersion)); err != nil {
		return nil, err
	}
	if err := s.checkRouting(a); err != nil {
		return nil, err
	}
	a.RevisionId = aws.String(newID())
	if err := s.aliases.Put(ctx, a.Function+":"+*a.Name, a); err != nil {
		return nil, err
	}
	return &a.AliasConfiguration, nil
}

// checkTarget makes sure that there is such a version.
func (s *Service) checkTarget(function, number string) error {
	if number != latest && !numberPattern.MatchString(number) {
		return malformed(clipped(number), "functionVersion", `Member must satisfy regular expression pattern: (\$LATEST|[0-9]+)`)
	}
	if _, ok := s.versions.Get(versionKey(function, number)); !ok {
		return s.functionNotFound(reference{function, number})
	}
	return nil
}

func (s *Service) checkRouting(a alias) error {
	if a.RoutingConfig == nil {
		return nil
	}
	weights := a.RoutingConfig.AdditionalVersionWeights
	if len(weights) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for number, weight := range weights {
		switch {
		case number == latest || *a.FunctionVersion == latest:
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		case number == *a.FunctionVersion:
			return invalid("Invalid function version %s. Function version %s is already included in the alias. An alias points to two different versions.",
				clipped(number), clipped(number))
		case weight < 0 || weight > 1 || weight != weight:
			return invalid("Weight of the function version %s must be from 0.0 to 1.0", clipped(number))
		}
		if err := s.checkTarget(a.Function, number); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) getAlias(_ context.Context, in *sdk.GetAliasInput) (*types.AliasConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	a, err := s.alias(at.name, aws.ToString(in.Name))
	return &a.AliasConfiguration, err
}

func (s *Service) updateAlias(ctx context.Context, in *sdk.UpdateAliasInput) (*types.AliasConfiguration, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	a, err := s.alias(at.name, aws.ToString(in.Name))
	if err != nil {
		return nil, err
	}
	if err := checkRevision(in.RevisionId, a.RevisionId, "GetAlias"); err != nil {
		return nil, err
	}
	if in.FunctionVersion != nil {
		a.FunctionVersion = in.FunctionVersion
	}
	if in.Description != nil {
		a.Description = in.Description
	}
	if in.RoutingConfig != nil {
		a.RoutingConfig = in.RoutingConfig
	}
	return s.putAlias(ctx, a)
}

func (s *Service) deleteAlias(ctx context.Context, in *sdk.DeleteAliasInput) (*awswire.Empty, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return nil, s.removeAlias(ctx, at.name, aws.ToString(in.Name))
}

// removeAlias removes an alias, if it is there, and who was allowed to use it.
func (s *Service) removeAlias(ctx context.Context, function, name string) error {
	if err := s.dropAccess(ctx, reference{function, name}); err != nil {
		return err
	}
	return s.aliases.Delete(ctx, function+":"+name)
}

func (s *Service) listAliases(_ context.Context, in *sdk.ListAliasesInput) (*sdk.ListAliasesOutput, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if _, ok := s.functions.Get(at.name); !ok {
		return nil, s.functionNotFound(reference{name: at.name})
	}
	list := []types.AliasConfiguration{}
	for _, a := range s.aliasesOf(at.name) {
		if number := aws.ToString(in.FunctionVersion); number == "" || a.pointsTo(number) {
			list = append(list, a.AliasConfiguration)
		}
	}
	out := &sdk.ListAliasesOutput{}
	out.Aliases, out.NextMarker, err = page(list, in.Marker, in.MaxItems, func(a types.AliasConfiguration) string { return *a.Name })
	return out, err
}
