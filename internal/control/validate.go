package control

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/slipway/slipway/internal/deploy"
)

// The limits of the API model.
const (
	maxName         = 100
	maxDescription  = 256
	maxBatch        = 100
	maxTagKey       = 128
	maxTagValue     = 256
	maxTags         = 50 // of an application or a group
	maxInstTags     = 10 // of an on-premises instance
	maxFilters      = 10 // in one list
	maxFilterLists  = 3  // in one tag set
	maxARN          = 1011
	maxKey          = 1024 // bytes of an S3 key
	maxGroupMembers = 10   // alarms, triggers, Auto Scaling groups, load balancers
	maxAlarmName    = 255
	maxRouting      = 2880 // minutes between the first and the last shift of traffic
)

var (
	nameForm       = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-]+$`)
	roleForm       = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9/+=,.@_-]+$`)
	userForm       = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9/+=,.@_-]+$`)
	sessionForm    = regexp.MustCompile(`^arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/[A-Za-z0-9+=,.@_-]+/[A-Za-z0-9+=,.@_-]+$`)
	commitForm     = regexp.MustCompile(`^[0-9a-f]{40}$`)
	bucketForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	targetIDForm   = regexp.MustCompile(`^[A-Za-z0-9+=,.@_:/$-]+$`)
	repositoryForm = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
)

const nameRule = "Use 1 to 100 letters, digits and the characters + = , . @ _ -"

// targetIDRule is of names and ids of instances, names of functions, <cluster>:<service>, and ARNs.
const targetIDRule = "It is the name, the ID or the ARN of a target, without blanks"

func validTargetID(id string) bool { return len(id) <= maxARN && targetIDForm.MatchString(id) }

func validName(name string) bool { return len(name) <= maxName && nameForm.MatchString(name) }

func checkApplicationName(name string) error {
	switch {
	case name == "":
		return deploy.Errorf("ApplicationNameRequired", "Application name is missing")
	case !validName(name):
		return deploy.Errorf("InvalidApplicationName", "Application name is not valid: %s. %s", shown(name), nameRule)
	}
	return nil
}

func checkGroupName(name string) error {
	switch {
	case name == "":
		return deploy.Errorf("DeploymentGroupNameRequired", "Deployment Group name is missing")
	case !validName(name):
		return deploy.Errorf("InvalidDeploymentGroupName", "Deployment Group name is not valid: %s. %s", shown(name), nameRule)
	}
	return nil
}

func checkConfigName(name string) error {
	switch {
	case name == "":
		return deploy.Errorf("DeploymentConfigNameRequired", "Deployment configuration name is missing")
	case !validName(name):
		return deploy.Errorf("InvalidDeploymentConfigName",
			"Deployment configuration name is not valid: %s. %s", shown(name), nameRule)
	}
	return nil
}

func checkInstanceName(name string) error {
	switch {
	case name == "":
		return deploy.Errorf("InstanceNameRequired", "The on-premises instance name is missing")
	case strings.HasPrefix(name, "i-"):
		return deploy.Errorf("InvalidInstanceName",
			"The on-premises instance name is not valid: %s. Names that begin with i- belong to EC2 instances", shown(name))
	case !validName(name):
		return deploy.Errorf("InvalidInstanceName", "The on-premises instance name is not valid: %s. %s", shown(name), nameRule)
	}
	return nil
}

func checkDeploymentID(id string) error {
	switch {
	case id == "":
		return deploy.Errorf("DeploymentIdRequired", "The deployment ID is missing")
	case !deploy.ValidDeploymentID(id):
		return deploy.Errorf("InvalidDeploymentId", "Specified DeploymentId is not in the valid format: %s", shown(id))
	}
	return nil
}

func checkRole(arn string) error {
	switch {
	case arn == "":
		return deploy.Errorf("RoleRequired", "The service role ARN is missing")
	case len(arn) > maxARN || !roleForm.MatchString(arn):
		return deploy.Errorf("InvalidRole",
			"AWS CodeDeploy does not have the permissions required to assume the role %s. "+
				"The ARN of a role has the form arn:aws:iam::<account>:role/<name>", shown(arn))
	}
	return nil
}

func checkDescription(text string) error {
	if n := utf8.RuneCountInString(text); n > maxDescription {
		return deploy.Errorf("DescriptionTooLong", "The description has %d characters; at most %d are allowed", n, maxDescription)
	}
	return nil
}

func checkBatch(what string, n int, required string) error {
	switch {
	case n == 0:
		return deploy.Errorf(required, "No %s are given", what)
	case n > maxBatch:
		return deploy.Errorf("BatchLimitExceeded",
			"The maximum number of names or IDs allowed for this request (%d) was exceeded.", maxBatch)
	}
	return nil
}

// checkResourceTags checks the tags of an application or a group.
func checkResourceTags(tags []deploy.Tag) error {
	if len(tags) > maxTags {
		return deploy.Errorf("InvalidTagsToAdd", "%d tags are given; a resource has at most %d", len(tags), maxTags)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		if why := tagFault(t); why != "" {
			return deploy.Errorf("InvalidTagsToAdd", "%s", why)
		}
		if strings.HasPrefix(t.Key, "aws:") {
			return deploy.Errorf("InvalidTagsToAdd", "The tag key %s is not valid: aws: is reserved", shown(t.Key))
		}
		if seen[t.Key] {
			return deploy.Errorf("InvalidTagsToAdd", "The tag key %s is given twice", shown(t.Key))
		}
		seen[t.Key] = true
	}
	return nil
}

// tagFault says what is wrong with a tag, "" when nothing is.
func tagFault(t deploy.Tag) string {
	switch {
	case t.Key == "":
		return "A tag has no key"
	case utf8.RuneCountInString(t.Key) > maxTagKey:
		return "A tag key has more than 128 characters: " + shown(t.Key)
	case utf8.RuneCountInString(t.Value) > maxTagValue:
		return "The value of tag " + t.Key + " has more than 256 characters"
	}
	return ""
}

// shown is the caller's own text, cut to a length that fits an error message.
func shown(text string) string {
	const longest = 200
	if text == "" {
		return "(none)"
	}
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest]) + "…"
}
