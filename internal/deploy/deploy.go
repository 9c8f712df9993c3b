// Package deploy names the things that Slipway is about and holds the rules that are true
// of them everywhere: which statuses follow which, which lifecycle events a target goes
// through, how many hosts may be away at once. It is pure: no I/O, no clock.
//
// Glossary, the only words for these things in the whole project:
//
//	application      a name for what is deployed, on one compute platform
//	group            a deployment group: where an application runs, and how it is deployed there
//	config           a deployment config: how many hosts must stay healthy
//	revision         one version of an application: where its bundle is
//	deployment       one attempt to bring a revision to a group
//	target           one instance, ECS service or Lambda function of a deployment
//	lifecycle event  one named stage of a target, such as Install
//	step             one attempt at one lifecycle event of one target: the unit of acting
//	outcome          how a step ended
//	instance         a registered on-premises machine; host is its side of the conversation
//	plan             what the planner (package rollout) wants remembered and done next
package deploy

// A Platform is a compute platform. An application has one for life.
type Platform string

// The compute platforms, as the API spells them.
const (
	Server Platform = "Server"
	Lambda Platform = "Lambda"
	ECS    Platform = "ECS"
)

// Platforms lists every compute platform.
var Platforms = []Platform{Server, Lambda, ECS}

// A Style says whether hosts are updated where they are, and whether a load balancer is told.
type Style struct {
	Type   StyleType     `json:"type"`
	Option TrafficOption `json:"option"`
}

// A StyleType is the API's deploymentType.
type StyleType string

// A TrafficOption is the API's deploymentOption.
type TrafficOption string

// The members of a Style.
const (
	InPlace   StyleType = "IN_PLACE"
	BlueGreen StyleType = "BLUE_GREEN"

	WithTrafficControl    TrafficOption = "WITH_TRAFFIC_CONTROL"
	WithoutTrafficControl TrafficOption = "WITHOUT_TRAFFIC_CONTROL"
)

// DefaultStyle is what a group of the Server platform gets when it names none.
var DefaultStyle = Style{Type: InPlace, Option: WithoutTrafficControl}

// A Tag is a key and a value on an application, a group or an instance.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}
