package deploy

// A LoadBalancer names what a group's traffic comes through.
type LoadBalancer struct {
	Classic      []string          `json:"classic,omitempty"`      // names of Classic Load Balancers
	TargetGroups []string          `json:"targetGroups,omitempty"` // names, not ARNs
	Pairs        []TargetGroupPair `json:"pairs,omitempty"`        // ECS only
}

// Empty says whether l, which may be nil, names nothing.
func (l *LoadBalancer) Empty() bool {
	return l == nil || len(l.Classic)+len(l.TargetGroups)+len(l.Pairs) == 0
}

// A Registration is a port under which an instance gets its traffic from a balancer: a
// target group or, without a port, a Classic Load Balancer. The driver names balancers.
type Registration struct {
	Balancer string `json:"balancer"`
	Port     int32  `json:"port,omitempty"`
}

// A TargetGroupPair is the two target groups between which the traffic of listeners moves.
type TargetGroupPair struct {
	TargetGroups  []string `json:"targetGroups"`
	ProdListeners []string `json:"prodListeners,omitempty"` // ARNs
	TestListeners []string `json:"testListeners,omitempty"` // ARNs; nil for no test traffic
}

// A BlueGreenOptions is the API's blueGreenDeploymentConfiguration. An empty action was not
// given. The waits are in minutes.
type BlueGreenOptions struct {
	GreenAction     string `json:"greenAction,omitempty"` // DISCOVER_EXISTING or COPY_AUTO_SCALING_GROUP
	ReadyAction     string `json:"readyAction,omitempty"` // CONTINUE_DEPLOYMENT or STOP_DEPLOYMENT
	ReadyWait       *int32 `json:"readyWait,omitempty"`
	BlueAction      string `json:"blueAction,omitempty"` // TERMINATE or KEEP_ALIVE
	TerminationWait *int32 `json:"terminationWait,omitempty"`
}

// TargetInstances are the instances that replace a group's in a blue/green deployment.
// Filters and Set exclude each other.
type TargetInstances Members

// The actions that rules depend on.
const (
	CopyAutoScalingGroup = "COPY_AUTO_SCALING_GROUP"
	DiscoverExisting     = "DISCOVER_EXISTING"
	StopDeployment       = "STOP_DEPLOYMENT"
	Terminate            = "TERMINATE"
)

// Alarms are the CloudWatch alarms that stop a deployment.
type Alarms struct {
	Enabled           bool     `json:"enabled"`
	IgnorePollFailure bool     `json:"ignorePollFailure,omitempty"`
	Names             []string `json:"names,omitempty"`
}

// A Trigger publishes events to an SNS topic.
type Trigger struct {
	Name   string   `json:"name"`
	Topic  string   `json:"topic"` // an ARN
	Events []string `json:"events"`
}

// An ECSService is the target of an ECS group.
type ECSService struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
}
