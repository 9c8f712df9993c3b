package lambda

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A urlConfig lets a function, or one of its aliases, be called by plain HTTP.
type urlConfig struct {
	ID                string
	Function          string
	Alias             string // "" for $LATEST
	AuthType          types.FunctionUrlAuthType
	Cors              *types.Cors `json:",omitempty"`
	Created, Modified time.Time
}

func (u urlConfig) of() reference { return reference{u.Function, u.Alias} }

func (s *Service) urlOperations() awswire.Operations {
	return awswire.Operations{
		"CreateFunctionUrlConfig": changes(s, "CreateFunctionUrlConfig",
			func(in *sdk.CreateFunctionUrlConfigInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.createURL),
		"GetFunctionUrlConfig": op(s, "GetFunctionUrlConfig",
			func(in *sdk.GetFunctionUrlConfigInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.getURL),
		"UpdateFunctionUrlConfig": changes(s, "UpdateFunctionUrlConfig",
			func(in *sdk.UpdateFunctionUrlConfigInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.updateURL),
		"DeleteFunctionUrlConfig": changes(s, "DeleteFunctionUrlConfig",
			func(in *sdk.DeleteFunctionUrlConfigInput) (*string, *string) { return in.FunctionName, in.Qualifier }, s.deleteURL),
		"ListFunctionUrlConfigs": op(s, "ListFunctionUrlConfigs",
			func(in *sdk.ListFunctionUrlConfigsInput) (*string, *string) { return in.FunctionName, nil }, s.listURLs),
	}
}

// urlOf is where a function is called by HTTP, on the server's own listener.
func (s *Service) urlOf(u urlConfig) *string {
	return aws.String(s.cfg.Endpoint() + urlPrefix + u.ID + "/")
}

// urlFor finds what a caller means, and the URL that it has, if any.
func (s *Service) urlFor(name, qualifier *string) (at reference, u urlConfig, ok bool, err error) {
	at, err = s.refer(name, qualifier)
	if err != nil {
		return at, u, false, err
	}
	if at.qualifier != "" && !isAlias(at.qualifier) {
		return at, u, false, invalid("A function URL belongs to a function or to one of its aliases, not to the version %s.", at.qualifier)
	}
	if _, err := s.find(at); err != nil {
		return at, u, false, err
	}
	u, ok = s.urls.Get(at.String())
	return at, u, ok, nil
}

func (s *Service) urlThere(name, qualifier *string) (urlConfig, error) {
	_, u, ok, err := s.urlFor(name, qualifier)
	if err == nil && !ok {
		err = awswire.Errorf(notFound, "The resource you requested does not exist.")
	}
	return u, err
}

func checkURL(auth types.FunctionUrlAuthType, mode types.InvokeMode) error {
	if !slices.Contains(auth.Values(), auth) {
		return malformed(clipped(string(auth)), "authType", "Member must satisfy enum value set: [NONE, AWS_IAM]")
	}
	if mode != "" && mode != types.InvokeModeBuffered {
		return invalid("The InvokeMode %s is not supported here. Leave it out, or use BUFFERED.", clipped(string(mode)))
	}
	return nil
}

func (s *Service) createURL(ctx context.Context, in *sdk.CreateFunctionUrlConfigInput) (*sdk.CreateFunctionUrlConfigOutput, error) {
	at, _, taken, err := s.urlFor(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := checkURL(in.AuthType, in.InvokeMode); err != nil {
		return nil, err
	}
	if taken {
		return nil, awswire.Errorf(conflict, "Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function",
			s.arn(at.String()))
	}
	now := s.cfg.Now().UTC()
	u := urlConfig{
		ID: strings.ToLower(rand.Text()), Function: at.name, Alias: at.qualifier, AuthType: in.AuthType, Cors: in.Cors,
		Created: now, Modified: now,
	}
	if err := s.putURL(ctx, u); err != nil {
		return nil, err
	}
	c := s.describedURL(u)
	return &sdk.CreateFunctionUrlConfigOutput{
		AuthType: c.AuthType, Cors: c.Cors, CreationTime: c.CreationTime, FunctionArn: c.FunctionArn, FunctionUrl: c.FunctionUrl, InvokeMode: c.InvokeMode,
	}, nil
}

func (s *Service) putURL(ctx context.Context, u urlConfig) error {
	return s.urls.Put(ctx, u.of().String(), u)
}

// describedURL is a URL's configuration as callers see it. Its members are those of every
// operation's output that has one.
func (s *Service) describedURL(u urlConfig) types.FunctionUrlConfig {
	return types.FunctionUrlConfig{
		AuthType: u.AuthType, Cors: u.Cors, FunctionArn: aws.String(s.arn(u.of().String())), FunctionUrl: s.urlOf(u),
		CreationTime: aws.String(u.Created.Format(time.RFC3339Nano)), LastModifiedTime: aws.String(u.Modified.Format(time.RFC3339Nano)),
		InvokeMode: types.InvokeModeBuffered,
	}
}

func (s *Service) getURL(_ context.Context, in *sdk.GetFunctionUrlConfigInput) (*types.FunctionUrlConfig, error) {
	u, err := s.urlThere(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	c := s.describedURL(u)
	return &c, nil
}

func (s *Service) updateURL(ctx context.Context, in *sdk.UpdateFunctionUrlConfigInput) (*types.FunctionUrlConfig, error) {
	u, err := s.urlThere(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if in.AuthType != "" {
		u.AuthType = in.AuthType
	}
	if in.Cors != nil {
		u.Cors = in.Cors
	}
	if err := checkURL(u.AuthType, in.InvokeMode); err != nil {
		return nil, err
	}
	u.Modified = s.cfg.Now().UTC()
	c := s.describedURL(u)
	return &c, s.putURL(ctx, u)
}

func (s *Service) deleteURL(ctx context.Context, in *sdk.DeleteFunctionUrlConfigInput) (*awswire.Empty, error) {
	u, err := s.urlThere(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, s.urls.Delete(ctx, u.of().String())
}

func (s *Service) listURLs(_ context.Context, in *sdk.ListFunctionUrlConfigsInput) (*sdk.ListFunctionUrlConfigsOutput, error) {
	at, err := s.refer(in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if _, ok := s.functions.Get(at.name); !ok {
		return nil, s.functionNotFound(reference{name: at.name})
	}
	list := []types.FunctionUrlConfig{}
	for _, u := range s.urls.All() {
		if u.Function == at.name {
			list = append(list, s.describedURL(u))
		}
	}
	out := &sdk.ListFunctionUrlConfigsOutput{}
	out.FunctionUrlConfigs, out.NextMarker, err = page(list, in.Marker, in.MaxItems, func(c types.FunctionUrlConfig) string { return *c.FunctionArn })
	return out, err
}

// urlWithID finds a URL by the id in it.
func (s *Service) urlWithID(id string) (urlConfig, bool) {
	for _, u := range s.urls.All() {
		if u.ID == id {
			return u, true
		}
	}
	return urlConfig{}, false
}
