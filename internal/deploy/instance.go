package deploy

import "time"

// An Instance is an on-premises machine that was registered under a name. Its host calls
// as the IAM user or session that it was registered with, and as nobody else.
type Instance struct {
	Name           string    `json:"name"`
	ARN            string    `json:"arn"`
	IAMUserARN     string    `json:"iamUserArn,omitempty"`
	IAMSessionARN  string    `json:"iamSessionArn,omitempty"`
	Tags           []Tag     `json:"tags,omitempty"`
	RegisteredAt   time.Time `json:"registeredAt"`
	DeregisteredAt time.Time `json:"deregisteredAt,omitzero"`
}

// Registered says whether the instance can be deployed to.
func (i Instance) Registered() bool { return i.DeregisteredAt.IsZero() }

// Identity is the ARN that the instance's host calls as.
func (i Instance) Identity() string {
	if i.IAMUserARN != "" {
		return i.IAMUserARN
	}
	return i.IAMSessionARN
}

// InstanceHealth is what a group remembers of an instance between deployments.
type InstanceHealth struct {
	GroupID  string
	Instance string
	Healthy  bool
	// Revision is the key of the revision that the instance runs, empty when unknown.
	Revision string
	// Registrations are where it got its traffic when a deployment last took it.
	Registrations []Registration
}
