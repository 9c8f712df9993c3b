package sam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Stack is what a template asks for, resolved. Values may hold marks for what is known only
// once a version is published: see Late.
type Stack struct {
	Name      string
	Roles     []Role
	Functions []Function
	Alarms    []Alarm
	Outputs   []Output
}

// A Role is an IAM role: one of the template's, or one that SAM makes for a function that
// names none and for its deployments.
type Role struct {
	ID, Name   string // the logical one, which SAM makes up for its own, and the physical one
	Text       string
	MaxSession int32             // seconds; 0 for IAM's default
	Trust      string            // the policy of who may assume it, in JSON
	Inline     map[string]string // policies in JSON, by name
	Managed    []string          // ARNs
	Tags       map[string]string
}

// A Function is a Lambda function, behind an alias where it names one.
type Function struct {
	ID, Name     string // the logical and the physical one
	Code         Code
	Role         string // ARN
	Runtime      string
	Handler      string
	Description  string
	Timeout      int32 // seconds; 0 for Lambda's default
	Memory       int32 // MiB; 0 for Lambda's default
	Architecture string
	Environment  map[string]string
	Tags         map[string]string
	Alias        string // empty: only $LATEST is kept
	VersionText  string // the description of a version
	Preference   *Preference
	URL          *URL
}

// Code is where the program of a function is: exactly one of its fields says.
type Code struct {
	Path        string // a folder or a zip file, relative to the template
	Inline      string // the one file of a program in Python or JavaScript
	Bucket, Key string
	Version     string // of the object; may be empty
}

// A Preference is how the traffic of an alias moves to another version.
type Preference struct {
	Enabled     bool
	Config      string // a deployment config
	Group       string // the deployment group
	Role        string // ARN
	PreTraffic  string // functions, by name or ARN; may be empty
	PostTraffic string
	Alarms      []string // names
	Triggers    []Trigger
}

// A Trigger tells an SNS topic about deployments.
type Trigger struct {
	Name, Topic string   // Topic is an ARN
	Events      []string // TriggerEvents of CodeDeploy
}

// A URL is the address of a function, of its alias where it has one.
type URL struct {
	Auth   string // NONE or AWS_IAM
	Stream bool
}

// An Alarm is a CloudWatch alarm.
type Alarm struct {
	ID, Name, Text              string
	Namespace, Metric           string
	Dimensions                  map[string]string
	Statistic, Extended         string // one of them: Sum, or p99
	Unit                        string
	Period, Periods, Datapoints int32 // seconds; how many; how many of them must breach, 0 for all
	Threshold                   float64
	Comparison, Missing         string
}

// An Output is what the template says about itself when all is done.
type Output struct{ Name, Text, Value string }

// Application is the name of the application of the stack's deployments.
func (s *Stack) Application() string { return s.Name + "-" + ApplicationID }

// Deploys says whether a function of the stack is deployed by CodeDeploy.
func (s *Stack) Deploys() bool {
	return slices.ContainsFunc(s.Functions, Function.Deploys)
}

// Deploys says whether the function's alias is moved by deployments.
func (f Function) Deploys() bool { return f.Preference != nil && f.Preference.Enabled }

// String says how the traffic is to move, and what is asked meanwhile.
func (p *Preference) String() string {
	text := "as " + p.Config
	if p.PreTraffic != "" {
		text += ", after the hook " + p.PreTraffic
	}
	if p.PostTraffic != "" {
		text += ", followed by the hook " + p.PostTraffic
	}
	if len(p.Alarms) > 0 {
		text += ", unless there is an alarm from " + strings.Join(p.Alarms, " or ")
	}
	for _, t := range p.Triggers {
		text += ", telling " + t.Topic
	}
	return text
}

// Marks stand for what is not known before a version is published.
const mark = "\x00"

func versionMark(id string) string { return mark + "version:" + id + mark }
func aliasMark(id string) string   { return mark + "alias:" + id + mark }

var marks = regexp.MustCompile(mark + `(version|alias):([A-Za-z0-9]+)` + mark)

// Late fills in the versions of functions, which are known by their logical ids.
func (s *Stack) Late(text string, versions map[string]string) string {
	return marks.ReplaceAllStringFunc(text, func(m string) string {
		parts := marks.FindStringSubmatch(m)
		if parts[1] == "version" {
			return versions[parts[2]]
		}
		for _, f := range s.Functions {
			if f.ID == parts[2] {
				return f.Alias
			}
		}
		return ""
	})
}

// early refuses what is known only later, where that is too late.
func early(path, text string) error {
	if strings.Contains(text, mark) {
		return errorAt(path, "it depends on a version that is not published yet; only the dimensions of alarms and Outputs may")
	}
	return nil
}

// deploymentRole is what SAM calls the role of deployments whose preferences name none.
const deploymentRole = "CodeDeployServiceRole"

// finish completes what depends on several resources.
func (s *Stack) finish(r *resolver) []error {
	role := Role{ID: deploymentRole, Name: s.Name + "-" + deploymentRole, Trust: trust("codedeploy.amazonaws.com"),
		Managed: []string{"arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"}}
	wanted := false
	for _, f := range s.Functions {
		if f.Deploys() && f.Preference.Role == "" {
			f.Preference.Role, wanted = r.roleARN(role.Name), true
		}
	}
	if wanted {
		s.Roles = append(s.Roles, role)
	}
	return s.checkNames()
}

// trust lets a service assume a role.
func trust(service string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}]}`, service)
}
