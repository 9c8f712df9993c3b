package deploy

import "time"

// A Deployment is one attempt to bring a revision to the targets of a group. It carries
// copies of what it was created with, so that a later change of the group or the config
// does not reach a deployment under way.
type Deployment struct {
	ID            string    `json:"id"`
	ApplicationID string    `json:"applicationId"`
	Application   string    `json:"application"`
	GroupID       string    `json:"groupId"`
	Group         string    `json:"group"`
	Platform      Platform  `json:"platform"`
	Style         Style     `json:"style"`
	Config        Config    `json:"config"`
	Revision      Revision  `json:"revision"`
	Previous      *Revision `json:"previous,omitempty"` // the group's last good one at creation
	Description   string    `json:"description,omitempty"`
	Creator       Creator   `json:"creator"`
	CreatedBy     string    `json:"createdBy,omitempty"` // the caller's ARN; empty for the service itself

	IgnoreApplicationStopFailures bool               `json:"ignoreApplicationStopFailures,omitempty"`
	UpdateOutdatedOnly            bool               `json:"updateOutdatedOnly,omitempty"`
	FileExists                    FileExistsBehavior `json:"fileExists"`
	Rollback                      AutoRollback       `json:"rollback"`
	Alarms                        *Alarms            `json:"alarms,omitempty"`
	Limits                        Limits             `json:"limits"`

	LoadBalancer    *LoadBalancer     `json:"loadBalancer,omitempty"`
	BlueGreen       *BlueGreenOptions `json:"blueGreen,omitempty"`
	TargetInstances *TargetInstances  `json:"targetInstances,omitempty"`
	// Only are the ids of the instances that are deployed to; nil for all that the group selects.
	Only []string `json:"only,omitempty"`
	// Action is what Auto Scaling waits with until the deployment has ended.
	Action *LifecycleAction `json:"action,omitempty"`
	// Scaled says that the group had Auto Scaling groups: instances could come meanwhile.
	Scaled bool `json:"scaled,omitempty"`
	// RootID is the deployment that this one follows, to instances that came while it ran.
	RootID string `json:"rootId,omitempty"`
	// Members are the group's at creation: what a blue/green deployment replaces.
	Members Members `json:"members,omitzero"`
	// TimeScale is how many times faster the waits of the deployment's settings pass here; they
	// last as long as they say when it is zero.
	TimeScale float64 `json:"timeScale,omitempty"`
	// OverrideAlarms is what the request gave in place of the group's alarms, nil for
	// nothing; Alarms above are those in force.
	OverrideAlarms *Alarms `json:"overrideAlarms,omitempty"`

	Status       Status        `json:"status"`
	Failure      *ErrorInfo    `json:"failure,omitempty"` // set when failing is decided, before it has ended
	RollbackInfo *RollbackInfo `json:"rollbackInfo,omitempty"`
	Stop         *StopRequest  `json:"stop,omitempty"`
	// Refusal is why the platform cannot carry the deployment out at all.
	Refusal *ErrorInfo `json:"refusal,omitempty"`
	// Trouble is what keeps its targets from being named, nil while nothing does. A plan
	// replaces it, never changes it.
	Trouble *Trouble `json:"trouble,omitempty"`
	// Residue lists what a rollback could not restore, a sentence each.
	Residue []string `json:"residue,omitempty"`
	// Waiting is the reason why nothing more happens right now, for people.
	Waiting string `json:"waiting,omitempty"`

	CreatedAt   time.Time `json:"createdAt"`
	ResolvedAt  time.Time `json:"resolvedAt,omitzero"` // when the platform named the targets
	StartedAt   time.Time `json:"startedAt,omitzero"`
	CompletedAt time.Time `json:"completedAt,omitzero"`

	// ReadyAt is when the replacement of a blue/green deployment could take the traffic,
	// and ContinuedAt when it was told to.
	ReadyAt     time.Time `json:"readyAt,omitzero"`
	ContinuedAt time.Time `json:"continuedAt,omitzero"`
	// Retirement is nil until there is something to remove. A plan replaces it, never
	// changes it.
	Retirement *Retirement `json:"retirement,omitempty"`

	// Version counts the commits; one that was computed from an older version is refused.
	Version int64 `json:"-"`
}

// Summary is the short form that a group remembers.
func (d Deployment) Summary() *DeploymentSummary {
	return &DeploymentSummary{ID: d.ID, Status: d.Status, CreatedAt: d.CreatedAt, EndedAt: d.CompletedAt}
}

// A Creator says what made a deployment.
type Creator string

// The creators that exist so far.
const (
	ByUser       Creator = "user"
	ByRollback   Creator = "codeDeployRollback"
	ByLaunch     Creator = "autoscaling"            // Auto Scaling starts an instance
	ByEnding     Creator = "autoscalingTermination" // it ends one
	ByAutoUpdate Creator = "CodeDeployAutoUpdate"   // instances that came during a deployment
)

// A LifecycleAction is an instance that waits for a deployment under a lifecycle hook.
type LifecycleAction struct {
	AutoScalingGroup string `json:"autoScalingGroup"`
	Hook             string `json:"hook"`
	Instance         string `json:"instance"`
}

// Beside says whether the deployment is to one instance that comes or goes, beside whatever
// else is done to the group, which remembers nothing of it.
func (d Deployment) Beside() bool { return d.Creator == ByLaunch || d.Creator == ByEnding }

// FileExistsBehavior says what an install does with a file that is in its way.
type FileExistsBehavior string

// The behaviours. Disallow is the default.
const (
	Disallow  FileExistsBehavior = "DISALLOW"
	Overwrite FileExistsBehavior = "OVERWRITE"
	Retain    FileExistsBehavior = "RETAIN"
)

// Limits are the deadlines of a deployment. Every wait has one of them.
type Limits struct {
	// Pickup is from offering an event to a host until it takes it, and for how long services
	// around may be in trouble before a deployment has begun.
	Pickup time.Duration `json:"pickup"`
	Event  time.Duration `json:"event"` // from taking an event until its outcome
	Total  time.Duration `json:"total"` // the whole deployment
}

// DefaultLimits are AWS's.
var DefaultLimits = Limits{Pickup: 5 * time.Minute, Event: time.Hour, Total: 8 * time.Hour}

// Trouble is a service around that does not answer, or only with errors that may pass.
type Trouble struct {
	Since     time.Time `json:"since"`
	Tries     int       `json:"tries"`
	Throttled bool      `json:"throttled,omitempty"` // it was asked too often
	Cause     string    `json:"cause"`               // the last try's
}

// A StopRequest asks a deployment to end. Rollback is nil where the caller left the choice
// to the deployment's own configuration.
type StopRequest struct {
	At       time.Time `json:"at"`
	Rollback *bool     `json:"rollback,omitempty"`
	// ByAlarm says that alarms asked, not a caller.
	ByAlarm bool `json:"byAlarm,omitempty"`
}

// RollbackInfo links a deployment and its rollback, from either side.
type RollbackInfo struct {
	RollbackID   string `json:"rollbackId,omitempty"`
	TriggeringID string `json:"triggeringId,omitempty"`
	Message      string `json:"message,omitempty"`
}
