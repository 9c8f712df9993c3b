// Package hostapi is the agents' endpoint: the CodeDeployCommand service that AWS's host
// agents and Slipway's own poll. It translates between hostwire and control.Hosts, signs
// deployment specifications, and decides nothing.
package hostapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
	"github.com/slipway/slipway/internal/identity"
)

const (
	// holdPoll is how long a poll waits for work. Agents read for 80 s at most, and proxies
	// often cut at 60 s.
	holdPoll = 40 * time.Second
	// jitter spreads the polls of a fleet that started together.
	jitter = 8 * time.Second
	// messageLimit bounds the diagnostics that are kept of a command, in bytes.
	messageLimit = 8192
	// mockTargetPrefix is that of AWS's agents with use_mock_command_service.
	mockTargetPrefix = "ApolloDeployControlService_mock"
)

// Config is what the endpoint is made of. All members are needed.
type Config struct {
	Hosts   *control.Hosts
	Signer  *Signer
	Region  string
	Account string
	Log     *slog.Logger
}

// An Endpoint answers hosts.
type Endpoint struct {
	cfg Config

	mu     sync.Mutex
	signed map[string]string // deployment id to envelope: the same for every host
	seen   map[string]Sighting
}

// New returns an Endpoint.
func New(cfg Config) *Endpoint {
	return &Endpoint{cfg: cfg, signed: map[string]string{}, seen: map[string]Sighting{}}
}

// Service is the endpoint on the wire, under every name that agents call it by.
func (e *Endpoint) Service() awswire.Service {
	return awswire.AnyText(awswire.JSON(
		[]string{hostwire.SigningName, hostwire.SecureSigningName},
		[]string{hostwire.TargetPrefix, hostwire.SecureTargetPrefix, mockTargetPrefix},
		awswire.Operations{
			"PollHostCommand":               operation(e.poll),
			"GetDeploymentSpecification":    operation(e.specification),
			"PutHostCommandAcknowledgement": operation(e.acknowledge),
			"PutHostCommandComplete":        operation(e.complete),
			"PostHostCommandUpdate":         operation(e.update),
		}, e.cfg.Log))
}

// operation gives a refusal its name on the wire.
func operation[In, Out any](f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		out, err := f(ctx, in)
		var refused *deploy.Error
		if errors.As(err, &refused) {
			return nil, &awswire.Error{Code: refused.Code + "Exception", Message: refused.Message, Status: statusOf(refused.Code)}
		}
		return out, err
	})
}

// statusOf is 429 where a host is to slow down: AWS's Ruby agent goes by the code, the Rust
// agent by the status.
func statusOf(code string) int {
	if code == "Throttling" {
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}

// caller is who signed the request: awswire lets nobody else through.
func caller(ctx context.Context) identity.Caller {
	c, _ := awswire.Caller(ctx).(identity.Caller)
	return c
}

func (e *Endpoint) poll(ctx context.Context, in *hostwire.PollHostCommandInput) (*hostwire.PollHostCommandOutput, error) {
	e.meet(ctx, in.HostIdentifier)
	hold, cancel := context.WithTimeout(ctx, holdPoll+rand.N(jitter))
	defer cancel()
	command, err := e.cfg.Hosts.NextCommand(hold, caller(ctx), in.HostIdentifier)
	if err == nil {
		e.see(ctx, in.HostIdentifier)
	}
	if err != nil || command == nil {
		return &hostwire.PollHostCommandOutput{}, err
	}
	return &hostwire.PollHostCommandOutput{HostCommand: &hostwire.HostCommand{
		HostCommandIdentifier: command.ID,
		HostIdentifier:        in.HostIdentifier,
		DeploymentExecutionId: e.executionID(command.Step.DeploymentID),
		CommandName:           string(command.Step.Event),
		Nonce:                 int64(command.Step.Attempt),
	}}, nil
}

// executionID has AWS's form: three slashes at least, the deployment's id at the end.
func (e *Endpoint) executionID(deploymentID string) string {
	return fmt.Sprintf("CodeDeploy/%s/slipway/arn:aws:sds:%s:%s:deployment/%s",
		e.cfg.Region, e.cfg.Region, e.cfg.Account, deploymentID)
}

func (e *Endpoint) specification(ctx context.Context, in *hostwire.GetDeploymentSpecificationInput) (*hostwire.GetDeploymentSpecificationOutput, error) {
	id := in.DeploymentExecutionId[strings.LastIndex(in.DeploymentExecutionId, "/")+1:]
	d, err := e.cfg.Hosts.Deployment(ctx, caller(ctx), id)
	if err != nil {
		return nil, err
	}
	envelope, err := e.envelope(d)
	if err != nil {
		return nil, err
	}
	return &hostwire.GetDeploymentSpecificationOutput{
		DeploymentSystem: hostwire.DeploymentSystem,
		DeploymentSpecification: &hostwire.SpecificationEnvelopes{
			GenericEnvelope: &hostwire.Envelope{Format: hostwire.FormatPKCS7, Payload: envelope},
		},
	}, nil
}

// envelope signs a deployment's specification once; it is the same for every host.
func (e *Endpoint) envelope(d deploy.Deployment) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if signed, ok := e.signed[d.ID]; ok {
		return signed, nil
	}
	text, err := json.Marshal(specification(d))
	if err != nil {
		return "", err
	}
	signed, err := e.cfg.Signer.Sign(text)
	if err != nil {
		return "", err
	}
	if len(e.signed) >= 1000 {
		clear(e.signed)
	}
	e.signed[d.ID] = signed
	return signed, nil
}

// specification says the deployment in the agents' words.
func specification(d deploy.Deployment) hostwire.Specification {
	return hostwire.Specification{
		DeploymentId:        d.ID,
		DeploymentGroupId:   d.GroupID,
		DeploymentGroupName: d.Group,
		ApplicationName:     d.Application,
		DeploymentCreator:   string(d.Creator),
		DeploymentType:      string(d.Style.Type),
		AppSpecFilename:     "appspec.yml",
		AgentActionOverrides: &hostwire.AgentActionOverrides{
			AgentOverrides: hostwire.AgentOverrides{FileExistsBehavior: string(d.FileExists)},
		},
		Revision: revision(d.Revision),
	}
}

func revision(r deploy.Revision) *hostwire.Revision {
	switch {
	case r.S3 != nil:
		return &hostwire.Revision{RevisionType: "S3", S3Revision: &hostwire.S3Revision{
			Bucket: r.S3.Bucket, Key: r.S3.Key, BundleType: r.S3.BundleType, Version: r.S3.Version, ETag: r.S3.ETag,
		}}
	case r.GitHub != nil:
		account, repository, _ := strings.Cut(r.GitHub.Repository, "/")
		return &hostwire.Revision{RevisionType: "GitHub", GitHubRevision: &hostwire.GitHubRevision{
			Account: account, Repository: repository, CommitId: r.GitHub.CommitID,
		}}
	default:
		return nil
	}
}

func (e *Endpoint) acknowledge(ctx context.Context, in *hostwire.PutHostCommandAcknowledgementInput) (*hostwire.PutHostCommandAcknowledgementOutput, error) {
	mayRun, err := e.cfg.Hosts.Take(ctx, caller(ctx), in.HostCommandIdentifier)
	if err != nil {
		return nil, err
	}
	status := hostwire.InProgress
	if !mayRun {
		status = hostwire.Succeeded // agents drop it without a word; "Failed" would make them report
	}
	return &hostwire.PutHostCommandAcknowledgementOutput{CommandStatus: status}, nil
}

func (e *Endpoint) complete(ctx context.Context, in *hostwire.PutHostCommandCompleteInput) (*hostwire.PutHostCommandCompleteOutput, error) {
	outcome, err := outcomeOf(in)
	if err != nil {
		return nil, err
	}
	err = e.cfg.Hosts.Finish(ctx, caller(ctx), in.HostCommandIdentifier, outcome)
	return &hostwire.PutHostCommandCompleteOutput{}, err
}

func (e *Endpoint) update(ctx context.Context, in *hostwire.PostHostCommandUpdateInput) (*hostwire.PostHostCommandUpdateOutput, error) {
	running, err := e.cfg.Hosts.Progress(ctx, caller(ctx), in.HostCommandIdentifier, diagnostics(in.Diagnostics).Log)
	if err != nil {
		return nil, err
	}
	status := hostwire.InProgress
	if !running {
		status = hostwire.Failed
	}
	return &hostwire.PostHostCommandUpdateOutput{CommandStatus: status}, nil
}
