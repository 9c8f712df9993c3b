package deploy

import "time"

// A Group is a deployment group: the targets of an application and how they are deployed to.
type Group struct {
	ID            string   `json:"id"` // a UUID, constant through renames: hosts key their files by it
	ApplicationID string   `json:"applicationId"`
	Application   string   `json:"application"` // the application's name
	Name          string   `json:"name"`
	Platform      Platform `json:"platform"`

	ConfigName     string `json:"configName"`
	ServiceRoleARN string `json:"serviceRoleArn"`
	Style          Style  `json:"style"`

	// OnPremisesFilters and OnPremisesSet exclude each other; so do the EC2 ones.
	OnPremisesFilters []TagFilter   `json:"onPremisesFilters,omitempty"`
	OnPremisesSet     [][]TagFilter `json:"onPremisesSet,omitempty"`
	EC2Filters        []TagFilter   `json:"ec2Filters,omitempty"`
	EC2Set            [][]TagFilter `json:"ec2Set,omitempty"`

	AutoScalingGroups []string          `json:"autoScalingGroups,omitempty"`
	ECSServices       []ECSService      `json:"ecsServices,omitempty"`
	LoadBalancer      *LoadBalancer     `json:"loadBalancer,omitempty"`
	BlueGreen         *BlueGreenOptions `json:"blueGreen,omitempty"`
	Alarms            *Alarms           `json:"alarms,omitempty"`
	Triggers          []Trigger         `json:"triggers,omitempty"`

	Rollback          AutoRollback `json:"rollback"`
	OutdatedInstances string       `json:"outdatedInstances,omitempty"` // UPDATE or IGNORE
	TerminationHook   bool         `json:"terminationHook,omitempty"`
	Tags              []Tag        `json:"tags,omitempty"`

	CreatedAt time.Time `json:"createdAt"`

	// History is written by deployments, never by an update of the group.
	History GroupHistory `json:"-"`
}

// LaunchHook and TerminationHookOf are the names of the lifecycle hooks that the group has in
// one of its Auto Scaling groups.
func (g Group) LaunchHook(autoScalingGroup string) string {
	return g.hook("launch", autoScalingGroup)
}

// TerminationHookOf is LaunchHook's counterpart, empty where the group has none.
func (g Group) TerminationHookOf(autoScalingGroup string) string {
	if !g.TerminationHook {
		return ""
	}
	return g.hook("terminate", autoScalingGroup)
}

// HookPrefix begins the names of the lifecycle hooks that belong to the service.
const HookPrefix = "CodeDeploy-managed-automatic-"

// hook ends in an id that is derived, so that a hook keeps its name as long as the group its own.
func (g Group) hook(on, autoScalingGroup string) string {
	return HookPrefix + on + "-deployment-hook-" + g.Name + "-" +
		nameUUID(g.ID+"\x1f"+on+"\x1f"+autoScalingGroup)
}

// Selects says whether an on-premises instance with these tags belongs to the group.
func (g Group) Selects(tags []Tag) bool {
	return MatchesAny(g.OnPremisesFilters, tags) || MatchesSet(g.OnPremisesSet, tags)
}

// GroupHistory is what deployments left in a group.
type GroupHistory struct {
	LastAttempted  *DeploymentSummary `json:"lastAttempted,omitempty"`
	LastSuccessful *DeploymentSummary `json:"lastSuccessful,omitempty"`
	// TargetRevision is the revision of the latest attempt.
	TargetRevision *Revision `json:"targetRevision,omitempty"`
	// LastGood is the revision of the last successful deployment, and LastGoodFileExists
	// the behaviour it was installed with: a rollback restores both.
	LastGood           *Revision          `json:"lastGood,omitempty"`
	LastGoodFileExists FileExistsBehavior `json:"lastGoodFileExists,omitempty"`
}

// A DeploymentSummary is the API's LastDeploymentInfo. EndedAt is zero while it runs.
type DeploymentSummary struct {
	ID        string    `json:"id"`
	Status    Status    `json:"status"`
	CreatedAt time.Time `json:"createdAt"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
}

// AutoRollback says after which ends of a deployment the last good revision is deployed again.
type AutoRollback struct {
	Enabled bool            `json:"enabled"`
	Events  []RollbackEvent `json:"events,omitempty"`
}

// A RollbackEvent is a reason to roll back.
type RollbackEvent string

// The rollback events, as the API spells them.
const (
	RollbackOnFailure RollbackEvent = "DEPLOYMENT_FAILURE"
	RollbackOnAlarm   RollbackEvent = "DEPLOYMENT_STOP_ON_ALARM"
	RollbackOnRequest RollbackEvent = "DEPLOYMENT_STOP_ON_REQUEST"
)

// On says whether e triggers a rollback.
func (a AutoRollback) On(e RollbackEvent) bool {
	if !a.Enabled {
		return false
	}
	for _, event := range a.Events {
		if event == e {
			return true
		}
	}
	return false
}
