package deploy

// A Service is an ECS service whose traffic a deployment moves from one task set to another.
type Service struct {
	Cluster string `json:"cluster"`
	Name    string `json:"name"`
	// Original is what has the traffic at the beginning, and Replacement what is to have it.
	Original    TaskSetRef `json:"original"`
	Replacement TaskSetRef `json:"replacement"`
	// Spec is what the replacement is made of. In a rollback there is nothing to make.
	Spec *TaskSetSpec `json:"spec,omitempty"`
}

// ID is what the deployment's target is called, as AWS calls it.
func (s Service) ID() string { return s.Cluster + ":" + s.Name }

// A TaskSetRef is a task set and the target group that its tasks are in.
type TaskSetRef struct {
	// ID is empty for a replacement that is still to be made. It is found by its external id,
	// which is the deployment's.
	ID             string `json:"id,omitempty"`
	TargetGroup    string `json:"targetGroup"` // the name
	TargetGroupARN string `json:"targetGroupArn"`
}

// A TaskSetSpec is what the AppSpec of an ECS deployment says of the replacement. What it leaves
// out is the service's.
type TaskSetSpec struct {
	TaskDefinition  string             `json:"taskDefinition"` // an ARN
	ContainerName   string             `json:"containerName"`
	ContainerPort   int32              `json:"containerPort"`
	PlatformVersion string             `json:"platformVersion,omitempty"`
	Network         *Network           `json:"network,omitempty"`
	Capacity        []CapacityProvider `json:"capacity,omitempty"`
}

// A Network is an awsvpc configuration.
type Network struct {
	Subnets        []string `json:"subnets,omitempty"`
	SecurityGroups []string `json:"securityGroups,omitempty"`
	AssignPublicIP string   `json:"assignPublicIp,omitempty"` // ENABLED or DISABLED
}

// A CapacityProvider is an entry of a capacity provider strategy.
type CapacityProvider struct {
	Name   string `json:"name"`
	Base   int32  `json:"base,omitempty"`
	Weight int32  `json:"weight,omitempty"`
}

// A TaskSet is how one side of a service stood when it was last looked at.
type TaskSet struct {
	ID          string `json:"id"`
	Label       Label  `json:"label"`
	Status      string `json:"status"` // PRIMARY, ACTIVE or DRAINING
	Desired     int32  `json:"desired"`
	Pending     int32  `json:"pending"`
	Running     int32  `json:"running"`
	TargetGroup string `json:"targetGroup"`
	Weight      int    `json:"weight"` // of the production traffic, in percent
}
