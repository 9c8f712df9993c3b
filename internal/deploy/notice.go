package deploy

import "time"

// The events that a trigger may tell of, as the API spells them. Those of instances are for
// deployments to servers, and the Ready ones for blue/green deployments.
const (
	DeploymentStart    = "DeploymentStart"
	DeploymentSuccess  = "DeploymentSuccess"
	DeploymentFailure  = "DeploymentFailure"
	DeploymentStop     = "DeploymentStop"
	DeploymentRollback = "DeploymentRollback" // a rollback has begun
	DeploymentReady    = "DeploymentReady"    // the replacement could take the traffic
	InstanceStart      = "InstanceStart"
	InstanceSuccess    = "InstanceSuccess"
	InstanceFailure    = "InstanceFailure"
	InstanceReady      = "InstanceReady"
)

// TriggerEvents are all of them.
var TriggerEvents = []string{
	DeploymentStart, DeploymentSuccess, DeploymentFailure, DeploymentStop, DeploymentRollback, DeploymentReady,
	InstanceStart, InstanceSuccess, InstanceFailure, InstanceReady,
}

// A Notice is what a trigger tells its topic: an event, and how things stood then.
type Notice struct {
	Trigger string    `json:"trigger"`
	Topic   string    `json:"topic"` // an ARN
	Event   string    `json:"event"` // one of TriggerEvents
	At      time.Time `json:"at"`

	DeploymentID string        `json:"deploymentId"`
	Application  string        `json:"application"`
	Group        string        `json:"group"`
	Status       Status        `json:"status"` // Created for DeploymentStart
	CreatedAt    time.Time     `json:"createdAt"`
	CompletedAt  time.Time     `json:"completedAt,omitzero"`
	Failure      *ErrorInfo    `json:"failure,omitempty"`
	RollbackInfo *RollbackInfo `json:"rollbackInfo,omitempty"`
	// Overview counts the targets by status once the deployment has ended, nil before.
	Overview map[TargetStatus]int `json:"overview,omitempty"`
	// Instance is whom an instance's event is about, without diagnostics; nil for the others.
	Instance *Target `json:"instance,omitempty"`
}

// Untold is how much of a deployment a trigger could not tell its topic, and why not the last time.
type Untold struct {
	Trigger, Topic string
	Count          int
	Why            string
}
