package cloudtrail

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipway/slipway/internal/audit"
)

// names takes from an input or output what names things, which secrets never do: members that
// are called so, and the likes of them further in.
func names(value any) map[string]any {
	text, err := json.Marshal(value)
	if err != nil {
		return nil
	}
	var all map[string]any
	if json.Unmarshal(text, &all) != nil {
		return nil // nil, or nothing that has members
	}
	return pick(all)
}

func pick(all map[string]any) map[string]any {
	picked := map[string]any{}
	for name, value := range all {
		key := lower(name)
		switch v := value.(type) {
		case map[string]any:
			if name == "Variables" {
				continue // a function's own, called as it likes
			}
			if inner := pick(v); len(inner) > 0 {
				picked[key] = inner
			}
		case string:
			if v != "" && isName(name) {
				picked[key] = v
			}
		case []any:
			if isName(strings.TrimSuffix(name, "s")) && onlyTexts(v) && len(v) > 0 {
				picked[key] = v
			}
		}
	}
	if len(picked) == 0 {
		return nil
	}
	return picked
}

func isName(member string) bool {
	for _, suffix := range []string{"Name", "Arn", "Id", "bucket", "key", "Status"} {
		if strings.HasSuffix(member, suffix) {
			return true
		}
	}
	return false
}

func onlyTexts(list []any) bool {
	return !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok })
}

func lower(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r)) + name[n:]
}

// types holds the kinds of resources by the member that names one.
var types = map[string]string{
	"applicationName":      "AWS::CodeDeploy::Application",
	"deploymentGroupName":  "AWS::CodeDeploy::DeploymentGroup",
	"deploymentConfigName": "AWS::CodeDeploy::DeploymentConfig",
	"deploymentId":         "AWS::CodeDeploy::Deployment",
	"instanceName":         "AWS::CodeDeploy::OnPremisesInstance",
	"functionName":         "AWS::Lambda::Function",
	"userName":             "AWS::IAM::User",
	"roleName":             "AWS::IAM::Role",
	"groupName":            "AWS::IAM::Group",
	"roleArn":              "AWS::IAM::Role",
	"policyArn":            "AWS::IAM::ManagedPolicy",
	"accessKeyId":          "AWS::IAM::AccessKey",
	"instanceProfileName":  "AWS::IAM::InstanceProfile",
	"launchTemplateId":     "AWS::EC2::LaunchTemplate",
	"bucketName":           "AWS::S3::Bucket",
	"objectArn":            "AWS::S3::Object",
	"autoScalingGroupName": "AWS::AutoScaling::AutoScalingGroup",
	"instanceId":           "AWS::EC2::Instance",
}

// resources lists what a call named, in the order of the members' names.
func resources(sides ...map[string]any) []audit.Resource {
	var list []audit.Resource
	for _, side := range sides {
		for _, member := range slices.Sorted(maps.Keys(side)) {
			name, ok := side[member].(string)
			r := audit.Resource{Type: types[member], Name: name}
			if ok && r.Type != "" && !slices.Contains(list, r) {
				list = append(list, r)
			}
		}
	}
	return list
}
