package api_test

// What of the API's model no story shows, and why. Each entry that a story does show fails
// the tests in completeness_test.go, so that these lists only ever shrink. "Not built yet"
// is work to come; everything else is for good.

const (
	noRecord      = "AWS documents no situation; what is gone or unhealthy has codes that say which"
	noQuota       = "Slipway has no such quota: what you keep is bounded by your disk"
	noTokens      = "Slipway keeps no GitHub tokens: AWS makes them in its console only"
	anotherCode   = "AWS's model keeps it from an older API; the present one says so with another exception: "
	noParameter   = "the operation has no parameter that it could be about"
	noRoles       = "Slipway acts with its own permissions and never assumes the group's role, so a well-formed one cannot fail"
	keptWithGroup = "a group's config cannot be deleted while the group names it, so it is always there"
)

// neverSucceeds lists operations that no request can succeed with.
var neverSucceeds = map[string]string{
	"DeleteGitHubAccountToken": noTokens,
}

// neverRaised lists exceptions, for every operation ("Exception") or for one
// ("Operation Exception").
var neverRaised = map[string]string{
	"ThrottlingException": "Slipway does not limit the rate of requests",

	"DeploymentAlreadyStartedException": "the model lists it for no operation",
	"InvalidInstanceIdException":        "the model lists it for no operation",
	"InvalidTargetException":            "the model lists it for no operation",
	"IamUserArnRequiredException":       anotherCode + "IamArnRequiredException",

	"InvalidGitHubAccountTokenException": noTokens,
	"OperationNotSupportedException":     noTokens + "; both operations answer as for an account without any",
	"ResourceValidationException":        noTokens + "; both operations answer as for an account without any",

	"LifecycleHookLimitExceededException": "raised by package server, in Auto Scaling's words: see TestHooksThatAreRefused",

	"CreateDeployment InvalidLoadBalancerInfoException":              "checked when the group is made",
	"CreateDeployment InvalidRoleException":                          noRoles,
	"DeleteApplication InvalidRoleException":                         noRoles,
	"DeleteDeploymentGroup InvalidRoleException":                     noRoles,
	"BatchGetDeploymentGroups DeploymentConfigDoesNotExistException": keptWithGroup,
	"GetDeploymentGroup DeploymentConfigDoesNotExistException":       keptWithGroup,

	"GetDeploymentConfig InvalidComputePlatformException":            noParameter,
	"ListDeploymentInstances InvalidTargetFilterNameException":       noParameter,
	"ListDeploymentTargets InvalidInstanceTypeException":             anotherCode + "InvalidTargetFilterNameException",
	"ListDeploymentInstances InvalidDeploymentInstanceTypeException": anotherCode + "InvalidInstanceTypeException",
	"StopDeployment UnsupportedActionForDeploymentTypeException":     "a deployment of every type can be stopped",
	"StopDeployment DeploymentGroupDoesNotExistException":            "a deployment without its group can be stopped too",
	"BatchGetDeploymentTargets InstanceDoesNotExistException":        anotherCode + "DeploymentTargetDoesNotExistException",

	"GetDeploymentTarget InvalidInstanceNameException": anotherCode + "InvalidDeploymentTargetIdException",

	"TagResource DeploymentConfigDoesNotExistException":   "deployment configs have no tags: their ARNs are ArnNotSupportedException",
	"UntagResource DeploymentConfigDoesNotExistException": "deployment configs have no tags: their ARNs are ArnNotSupportedException",
	"UntagResource InvalidTagsToAddException":             "nothing is added; a key that is not there is no error",
}

// neverSeen lists values of enumerations ("Enumeration value").
var neverSeen = map[string]string{
	"DeploymentCreator autoscaling":            "made by package scaling for instances that come: see the story scaling.txtar",
	"DeploymentCreator CodeDeploy":             "AWS documents no deployment that it starts by itself under this name",
	"DeploymentCreator CloudFormation":         noFormation,
	"DeploymentCreator CloudFormationRollback": noFormation,

	"DeploymentTargetType CloudFormationTarget": noFormation,

	"TargetStatus Unknown":         "every event has a deadline, at which it has failed",
	"LifecycleEventStatus Unknown": "every event has a deadline, at which it has failed",
	"StopStatus Pending":           "a deployment is marked as stopping before the request is answered",

	"ErrorCode CLOUDFORMATION_STACK_FAILURE":        noFormation,
	"ErrorCode CODEDEPLOY_RESOURCE_CANNOT_BE_FOUND": noRecord,
	"ErrorCode CUSTOMER_APPLICATION_UNHEALTHY":      noRecord,
	"ErrorCode IAM_ROLE_MISSING":                    noRoles,
	"ErrorCode MISSING_GITHUB_TOKEN":                noTokens,
	"ErrorCode NO_EC2_SUBSCRIPTION":                 "there is nothing to subscribe to",
	"ErrorCode RESOURCE_LIMIT_EXCEEDED":             noQuota,
}

const noFormation = "CloudFormation is no part of Slipway"
