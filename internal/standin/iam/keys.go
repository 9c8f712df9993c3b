package iam

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

type createAccessKeyOutput struct {
	AccessKey struct {
		UserName        string
		AccessKeyId     string
		Status          string
		SecretAccessKey string
		CreateDate      time.Time
	}
}

func (s *service) createAccessKey(
	ctx context.Context, caller identity.Caller, in *userInput,
) (*createAccessKeyOutput, error) {
	name, err := s.target(ctx, caller, "CreateAccessKey", in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := s.users.CreateAccessKey(ctx, name)
	if err != nil {
		return nil, err
	}
	out := &createAccessKeyOutput{}
	out.AccessKey.UserName, out.AccessKey.Status, out.AccessKey.CreateDate = k.UserName, string(k.Status), k.CreatedAt
	out.AccessKey.AccessKeyId, out.AccessKey.SecretAccessKey = k.ID, k.Secret
	return out, nil
}

// listInput is the input of operations that list what a user has.
type listInput struct {
	UserName   string
	PathPrefix string
	Marker     string
	MaxItems   *int32
}

func (in *listInput) paging() paging { return paging{in.Marker, in.MaxItems} }

type accessKeyMetadata struct {
	UserName    string
	AccessKeyId string
	Status      string
	CreateDate  time.Time
}

type listAccessKeysOutput struct {
	AccessKeyMetadata []accessKeyMetadata
	IsTruncated       bool
	Marker            *string
}

func (s *service) listAccessKeys(
	ctx context.Context, caller identity.Caller, in *listInput,
) (*listAccessKeysOutput, error) {
	name, err := s.target(ctx, caller, "ListAccessKeys", in.UserName)
	if err != nil {
		return nil, err
	}
	keys, err := s.users.ListAccessKeys(ctx, name)
	if err != nil {
		return nil, err
	}
	keys, next, err := cut(keys, in.paging(), func(k identity.AccessKey) string { return k.ID })
	if err != nil {
		return nil, err
	}
	out := &listAccessKeysOutput{AccessKeyMetadata: []accessKeyMetadata{}, IsTruncated: next != nil, Marker: next}
	for _, k := range keys {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, accessKeyMetadata{k.UserName, k.ID, string(k.Status), k.CreatedAt})
	}
	return out, nil
}

type accessKeyInput struct {
	UserName    string
	AccessKeyId string
	Status      string
}

func (s *service) updateAccessKey(ctx context.Context, caller identity.Caller, in *accessKeyInput) (*awswire.Empty, error) {
	name, err := s.target(ctx, caller, "UpdateAccessKey", in.UserName)
	if err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.UpdateAccessKey(ctx, name, in.AccessKeyId, identity.KeyStatus(in.Status))
}

func (s *service) deleteAccessKey(ctx context.Context, caller identity.Caller, in *accessKeyInput) (*awswire.Empty, error) {
	name, err := s.target(ctx, caller, "DeleteAccessKey", in.UserName)
	if err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DeleteAccessKey(ctx, name, in.AccessKeyId)
}
