// Package store says what must be durable, whatever the database. Package storetest is the
// contract as tests; sqlite keeps it on disk.
//
// Two kinds of writer change a deployment under way: the engine, by Commit, and whoever
// learns how a step went, by UpdateTarget. Both are fenced by versions, so the one that
// decided from something old is refused with ErrStale and looks again.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// The errors of a Store. Everything else is a fault of the database.
var (
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrExists: the name is taken.
	ErrExists = errors.New("already exists")
	// ErrStale: what the write was computed from has changed since it was read.
	ErrStale = errors.New("changed by someone else")
)

// An ActiveError refuses a deployment because its group has one under way.
type ActiveError struct{ DeploymentID string }

func (e *ActiveError) Error() string {
	return "the group already has an active deployment " + e.DeploymentID
}

// A MappedError refuses a group because another one has its ECS service already.
type MappedError struct{ Application, Group string }

func (e *MappedError) Error() string {
	return "the ECS service belongs to the group " + e.Application + "/" + e.Group
}

// A Store keeps everything. Reads of a missing thing return ErrNotFound. Lists are ordered
// by name (deployments: newest first) and return what comes after the given name, at most
// limit of it; limit 0 means all.
type Store interface {
	Applications
	Groups
	Configs
	Revisions
	Instances
	Deployments
	Engine
	Outbox

	// Secret returns the bytes kept under name, making them by create the first time.
	Secret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error)
	Close() error
}

// Applications are unique by name.
type Applications interface {
	CreateApplication(context.Context, deploy.Application) error
	Application(ctx context.Context, name string) (deploy.Application, error)
	Applications(ctx context.Context, after string, limit int) ([]deploy.Application, error)
	CountApplications(context.Context) (int, error)
	// UpdateApplication reads, changes and writes in one transaction. The name may change
	// (ErrExists); groups, revisions and deployments follow it.
	UpdateApplication(ctx context.Context, name string, change func(*deploy.Application) error) error
	// DeleteApplication removes the application with its groups and revisions, if it exists.
	DeleteApplication(ctx context.Context, name string) error
}

// Groups are unique by name within their application, and by ECS service.
type Groups interface {
	// CreateGroup returns ErrNotFound when the application is gone, and *MappedError, as
	// does UpdateGroup, when another group has its ECS service.
	CreateGroup(context.Context, deploy.Group) error
	Group(ctx context.Context, application, name string) (deploy.Group, error)
	Groups(ctx context.Context, application, after string, limit int) ([]deploy.Group, error)
	CountGroups(ctx context.Context, applicationID string) (int, error)
	// UpdateGroup reads, changes and writes in one transaction; the history is left alone.
	UpdateGroup(ctx context.Context, application, name string, change func(*deploy.Group) error) error
	// DeleteGroup removes the group and what it remembers of instances, if it exists.
	DeleteGroup(ctx context.Context, application, name string) error
}

// Configs are the custom deployment configs; predefined ones are not stored.
type Configs interface {
	CreateConfig(context.Context, deploy.Config) error
	Config(ctx context.Context, name string) (deploy.Config, error)
	Configs(ctx context.Context, after string, limit int) ([]deploy.Config, error)
	CountConfigs(context.Context) (int, error)
	// DeleteConfig removes the config, if it exists.
	DeleteConfig(ctx context.Context, name string) error
	// ConfigInUse says whether a group names the config, or a deployment under way goes by it.
	ConfigInUse(ctx context.Context, name string) (bool, error)
}

// Revisions belong to an application and are unique by Revision.Key.
type Revisions interface {
	// RegisterRevision keeps the revision; registering it again updates the description if given.
	RegisterRevision(context.Context, deploy.RegisteredRevision) error
	Revision(ctx context.Context, applicationID, key string) (deploy.RegisteredRevision, error)
	Revisions(ctx context.Context, applicationID string) ([]deploy.RegisteredRevision, error)
	// S3RevisionRegistered says whether any application has a revision in that object.
	S3RevisionRegistered(ctx context.Context, bucket, key string) (bool, error)
}

// Instances are on-premises instances, unique by name and, while registered, by identity.
type Instances interface {
	// RegisterInstance returns ErrExists when the name is registered. A deregistered
	// instance of the name is replaced.
	RegisterInstance(context.Context, deploy.Instance) error
	Instance(ctx context.Context, name string) (deploy.Instance, error)
	// InstanceOf returns the registered instance whose host calls as that ARN.
	InstanceOf(ctx context.Context, identity string) (deploy.Instance, error)
	Instances(ctx context.Context) ([]deploy.Instance, error)
	UpdateInstance(ctx context.Context, name string, change func(*deploy.Instance) error) error
	// Health returns what the group remembers, by instance name.
	Health(ctx context.Context, groupID string) (map[string]deploy.InstanceHealth, error)
}

// A DeploymentFilter selects deployments; zero members select everything.
type DeploymentFilter struct {
	ApplicationID string
	GroupID       string
	Statuses      []deploy.Status
	From, To      time.Time
	After         string // a deployment id: only those that come after it in the list
	Limit         int
}

// Deployments and their targets.
type Deployments interface {
	// CreateDeployment keeps a new deployment, notes it as its group's last attempt and
	// uses its revision (registering it if new). *ActiveError when the group is busy. One
	// beside others (deploy.Deployment.Beside) is only kept.
	CreateDeployment(context.Context, deploy.Deployment) error
	Deployment(ctx context.Context, id string) (deploy.Deployment, error)
	// ListDeployments is newest first.
	ListDeployments(context.Context, DeploymentFilter) ([]deploy.Deployment, error)
	// UpdateDeployment reads, changes and writes in one transaction, and makes the
	// deployment due now. It is how a stop is requested.
	UpdateDeployment(ctx context.Context, id string, change func(*deploy.Deployment) error) error

	Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error)
	// Targets are in the order in which the deployment takes them.
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
	// UpdateTarget reads, changes and writes in one transaction, and makes the deployment
	// due now. It is how an outcome is reported. An error of change rolls back.
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
	// Inbox returns the targets of that id with an event in progress: what a host may be
	// asked to do now, oldest deployment first.
	Inbox(ctx context.Context, targetID string) ([]deploy.Target, error)
	// Overview counts a deployment's targets by status.
	Overview(ctx context.Context, deploymentID string) (map[deploy.TargetStatus]int, error)
	// Untold is what a deployment could not tell, by trigger.
	Untold(ctx context.Context, deploymentID string) ([]deploy.Untold, error)
}

// A Loaded deployment is all that a plan is made from, read in one transaction.
type Loaded struct {
	Deployment deploy.Deployment
	// Group is nil when it was deleted meanwhile.
	Group *deploy.Group
	// ApplicationGone says that the whole application was.
	ApplicationGone bool
	Targets         []deploy.Target
	// Reports counts the calls of UpdateTarget so far.
	Reports int64
}

// A Commit is what one pass of the engine wants remembered, all or nothing. Versions are
// those that were read; a difference is ErrStale.
type Commit struct {
	Deployment deploy.Deployment
	// Reports is Loaded.Reports. More of them by now make the deployment due at once.
	Reports int64
	// Targets are the changed ones. With Resolved they are all, and new.
	Targets  []deploy.Target
	Resolved bool
	// History replaces what the group remembers of deployments, where not nil.
	History *deploy.GroupHistory
	// Health is merged into what the group remembers of instances.
	Health []deploy.InstanceHealth
	// Members are whose instances are the group's from now on, where not nil and the group exists.
	Members *deploy.Members
	// Rollback is a deployment to create with the same stroke.
	Rollback *deploy.Deployment
	// Notices go to the outbox.
	Notices []deploy.Notice
	// Due is when to look at the deployment again; zero once it is done.
	Due time.Time
	// Lease is until when the claimant keeps the deployment; zero gives it back.
	Lease time.Time
}

// Engine is what the engine needs to find and advance deployments.
type Engine interface {
	// Claim leases up to limit deployments that are due at now to owner, until then.
	// A lease of another owner that has not run out is respected; owner's own is not.
	Claim(ctx context.Context, owner string, now, until time.Time, limit int) ([]string, error)
	// Reclaim makes the unfinished deployments that are leased to owner due now: it has
	// started again, and does not know what it had in hand.
	Reclaim(ctx context.Context, owner string) error
	// NextDue is the earliest time at which owner may claim an unfinished deployment: when
	// it is due, and no other owner's lease runs. The zero time means that there is none.
	NextDue(ctx context.Context, owner string) (time.Time, error)
	Load(ctx context.Context, id string) (Loaded, error)
	Commit(context.Context, Commit) error
}

// An Outbox holds what triggers have to tell, until it is told.
type Outbox interface {
	// NoticeTopics are the topics that have something to be told.
	NoticeTopics(context.Context) ([]string, error)
	// Notices are what a topic has to be told, oldest first, at most limit.
	Notices(ctx context.Context, topic string, limit int) ([]PendingNotice, error)
	// ForgetNotice removes a notice that was told, if it is there.
	ForgetNotice(ctx context.Context, id int64) error
	// GiveUpNotice removes a notice, and counts it among what its deployment could not tell.
	GiveUpNotice(ctx context.Context, n PendingNotice, why string) error
}

// A PendingNotice is one in the outbox.
type PendingNotice struct {
	ID int64
	deploy.Notice
}
