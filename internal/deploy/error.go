package deploy

import (
	"errors"
	"fmt"
)

// An Error is something that a caller asked for and cannot have. Code is the name of the
// API's exception without its suffix, such as "ApplicationDoesNotExist"; Message is for
// the person who asked.
type Error struct {
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an Error.
func Errorf(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// ErrorCode is the code of the Error in err's chain, or "".
func ErrorCode(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// ErrorText is the message of the Error in err's chain, or "".
func ErrorText(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// An ErrorInfo says why a deployment did not succeed.
type ErrorInfo struct {
	Code    FailureCode `json:"code"`
	Message string      `json:"message"`
}

// A FailureCode is the API's ErrorCode of a deployment.
type FailureCode string

// The failure codes that are raised so far.
const (
	HealthConstraints        FailureCode = "HEALTH_CONSTRAINTS"
	HealthConstraintsInvalid FailureCode = "HEALTH_CONSTRAINTS_INVALID"
	NoInstances              FailureCode = "NO_INSTANCES"
	TimedOut                 FailureCode = "TIMEOUT"
	ManualStop               FailureCode = "MANUAL_STOP"
	InternalError            FailureCode = "INTERNAL_ERROR"
	DeploymentGroupMissing   FailureCode = "DEPLOYMENT_GROUP_MISSING"
	ApplicationMissing       FailureCode = "APPLICATION_MISSING"
	AgentIssue               FailureCode = "AGENT_ISSUE"
	RevisionMissing          FailureCode = "REVISION_MISSING"
	OverMaxInstances         FailureCode = "OVER_MAX_INSTANCES"
	AlarmActive              FailureCode = "ALARM_ACTIVE"
	LoadBalancerInvalid      FailureCode = "ELASTIC_LOAD_BALANCING_INVALID"
	LoadBalancerInstance     FailureCode = "ELB_INVALID_INSTANCE"
	RolePermissions          FailureCode = "IAM_ROLE_PERMISSIONS"
	LoadBalancerMissing      FailureCode = "MISSING_ELB_INFORMATION"
	Throttled                FailureCode = "THROTTLED"
	BlueGreenMissing         FailureCode = "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION"
	ScalingInvalid           FailureCode = "AUTO_SCALING_CONFIGURATION"
	ScalingValidation        FailureCode = "AUTOSCALING_VALIDATION_ERROR"
	ScalingPermissions       FailureCode = "AUTO_SCALING_IAM_ROLE_PERMISSIONS"
	HookFailed               FailureCode = "HOOK_EXECUTION_FAILURE"
	FunctionInvalid          FailureCode = "INVALID_LAMBDA_FUNCTION"
	FunctionConfigInvalid    FailureCode = "INVALID_LAMBDA_CONFIGURATION"
	ServiceInvalid           FailureCode = "INVALID_ECS_SERVICE"
	ServiceUpdate            FailureCode = "ECS_UPDATE_ERROR"
	RevisionInvalid          FailureCode = "INVALID_REVISION"
)

// failureTexts are AWS's own, where AWS publishes one.
var failureTexts = map[FailureCode]string{
	HealthConstraints: "The overall deployment failed because too many individual instances failed deployment, " +
		"too few healthy instances are available for deployment, " +
		"or some instances in your deployment group are experiencing problems.",
	HealthConstraintsInvalid: "The deployment can’t start because the minimum number of healthy instances, " +
		"as defined by your deployment configuration, are not available. " +
		"You can reduce the required number of healthy instances by updating your deployment configuration " +
		"or increase the number of instances in this deployment group.",
	NoInstances: "The deployment failed because no instances were found for your deployment group. " +
		"Check your deployment group settings to make sure the tags for your EC2 instances or Auto Scaling groups " +
		"correctly identify the instances you want to deploy to, and then try again.",
	TimedOut:               "The deployment has timed out.",
	ManualStop:             "The deployment was stopped by a StopDeployment request.",
	DeploymentGroupMissing: "The deployment group was deleted after the deployment was created.",
	ApplicationMissing:     "The application was deleted after the deployment was created.",
	AgentIssue: "The deployment failed because of a problem with the CodeDeploy agent. Make sure the agent is installed " +
		"and running on all instances in this deployment group.",
	RolePermissions: "CodeDeploy does not have the permissions required to assume a role, or the IAM role you're using " +
		"doesn't give you permission to perform operations in an AWS service.",
	ScalingPermissions: "The service role associated with your deployment group does not have the permission required to perform " +
		"operations in the following AWS service: Auto Scaling.",
	Throttled: "The deployment failed because more requests were made than are permitted for AWS CodeDeploy by an IAM role. " +
		"Try reducing the number of requests.",
	OverMaxInstances: "The deployment failed because more instances are targeted for deployment than are allowed for your " +
		"account. To reduce the number of instances targeted for this deployment, update the tag settings for this " +
		"deployment group or delete some of the targeted instances.",
}

// Failure is the ErrorInfo of a code, with its published text.
func Failure(code FailureCode) *ErrorInfo {
	return &ErrorInfo{Code: code, Message: failureTexts[code]}
}

// NotPickedUp is what the first event of a host that never answered says.
const NotPickedUp = "CodeDeploy agent was not able to receive the lifecycle event. " +
	"Check the CodeDeploy agent logs on your host and make sure the agent is running " +
	"and can connect to the CodeDeploy server."
