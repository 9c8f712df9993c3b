// Package hostwire holds the shapes that the host agent and the server exchange: the
// CodeDeployCommand service (AWS JSON 1.1, long polls) and the deployment specification
// inside its signed envelope. Both sides import it; it knows nothing of either.
//
// The conversation for one command is: PollHostCommand, GetDeploymentSpecification,
// PutHostCommandAcknowledgement, the work itself, PutHostCommandComplete.
package hostwire

// The names that the service goes by on the wire.
const (
	// TargetPrefix comes before the operation in X-Amz-Target.
	TargetPrefix = "CodeDeployCommandService_v20141006"
	// SecureTargetPrefix is used by agents with enable_auth_policy.
	SecureTargetPrefix = "CodeDeployCommandService"
	// SigningName and SecureSigningName are the SigV4 service names.
	SigningName       = "codedeploy-commands"
	SecureSigningName = "codedeploy-commands-secure"
	// DeploymentSystem is the only system an agent accepts in a specification.
	DeploymentSystem = "CodeDeploy"
	// AgentVersionHeader tells which agent is calling.
	AgentVersionHeader = "X-Amz-Codedeploy-Agent-Version"
	// PlansHeader tells that the agent understands PlanInstall. AWS's do not.
	PlansHeader = "X-Slipway-Plans"
	// PlanInstall asks what Install of a deployment would say, without doing it. It is not
	// acknowledged; what is in the way is the message of its completion as Failed.
	PlanInstall = "PlanInstall"
)

// Formats of an envelope.
const (
	FormatPKCS7 = "PKCS7/JSON" // a deployment specification, signed
	FormatText  = "TEXT/JSON"  // a deployment specification, unsigned: local use only
	FormatJSON  = "JSON"       // diagnostics
)

// Statuses of a command.
const (
	Pending    = "Pending"
	InProgress = "InProgress"
	Succeeded  = "Succeeded"
	Failed     = "Failed"
)

// An Envelope carries text in a named format.
type Envelope struct {
	Format  string `json:"Format,omitempty"`
	Payload string `json:"Payload,omitempty"`
}

// PollHostCommandInput asks for the next command of a host.
type PollHostCommandInput struct {
	HostIdentifier string `json:"HostIdentifier"`
}

// PollHostCommandOutput has no command when there is nothing to do.
type PollHostCommandOutput struct {
	HostCommand *HostCommand `json:"HostCommand,omitempty"`
}

// A HostCommand is one lifecycle event of one deployment, for one host.
type HostCommand struct {
	// HostCommandIdentifier is opaque and names one delivery; Ack and Complete echo it.
	HostCommandIdentifier string `json:"HostCommandIdentifier"`
	// HostIdentifier repeats the caller's own identifier exactly.
	HostIdentifier string `json:"HostIdentifier"`
	// DeploymentExecutionId has at least three slashes and ends in the deployment id.
	DeploymentExecutionId string `json:"DeploymentExecutionId"`
	// CommandName is a lifecycle event.
	CommandName string `json:"CommandName"`
	Nonce       int64  `json:"Nonce"`
}

// GetDeploymentSpecificationInput asks what a deployment execution is about.
type GetDeploymentSpecificationInput struct {
	DeploymentExecutionId string `json:"DeploymentExecutionId"`
	HostIdentifier        string `json:"HostIdentifier"`
}

// GetDeploymentSpecificationOutput answers with the specification in its envelope.
type GetDeploymentSpecificationOutput struct {
	DeploymentSystem        string                  `json:"DeploymentSystem"`
	DeploymentSpecification *SpecificationEnvelopes `json:"DeploymentSpecification,omitempty"`
}

// SpecificationEnvelopes holds the envelope that counts; AWS models a variant beside it
// which no agent reads.
type SpecificationEnvelopes struct {
	GenericEnvelope *Envelope `json:"GenericEnvelope,omitempty"`
	VariantId       *string   `json:"VariantId"`
	VariantEnvelope *Envelope `json:"VariantEnvelope"`
}

// PutHostCommandAcknowledgementInput says that a host is about to run a command.
type PutHostCommandAcknowledgementInput struct {
	HostCommandIdentifier string    `json:"HostCommandIdentifier"`
	Diagnostics           *Envelope `json:"Diagnostics,omitempty"`
}

// Acknowledgement is the JSON in the diagnostics of an acknowledgement.
type Acknowledgement struct {
	IsCommandNoop bool `json:"IsCommandNoop"`
}

// PutHostCommandAcknowledgementOutput tells the host whether to go on: Succeeded means drop
// the command silently, Failed that this delivery lost, anything else run it.
type PutHostCommandAcknowledgementOutput struct {
	CommandStatus string `json:"CommandStatus"`
}

// PutHostCommandCompleteInput reports how a command ended.
type PutHostCommandCompleteInput struct {
	HostCommandIdentifier string    `json:"HostCommandIdentifier"`
	CommandStatus         string    `json:"CommandStatus"`
	Diagnostics           *Envelope `json:"Diagnostics,omitempty"`
}

// PutHostCommandCompleteOutput is empty.
type PutHostCommandCompleteOutput struct{}

// PostHostCommandUpdateInput is a sign of life while a command runs. AWS's agents never
// send it; Slipway's may, with the log tail so far as diagnostics.
type PostHostCommandUpdateInput struct {
	HostCommandIdentifier string    `json:"HostCommandIdentifier"`
	Diagnostics           *Envelope `json:"Diagnostics,omitempty"`
}

// PostHostCommandUpdateOutput answers with the command's status as the server has it.
type PostHostCommandUpdateOutput struct {
	CommandStatus string `json:"CommandStatus"`
}

// Codes of Diagnostics.ErrorCode.
const (
	CodeSucceeded           = 0
	CodeScriptMissing       = 1
	CodeScriptNotExecutable = 2
	CodeScriptTimedOut      = 3
	CodeScriptFailed        = 4
	CodeUnknown             = 5
	CodeOutputsLeftOpen     = 6
	CodeFailedAfterRestart  = 7
)

// Diagnostics is the JSON in the envelope of PutHostCommandComplete.
type Diagnostics struct {
	ErrorCode  int    `json:"error_code"`
	ScriptName string `json:"script_name"`
	Message    string `json:"message"`
	Log        string `json:"log"`
}

// A Specification is the content of the signed envelope: which revision a deployment
// installs and under which names. Names are AWS's, exactly.
type Specification struct {
	DeploymentId         string                `json:"DeploymentId"`
	DeploymentGroupId    string                `json:"DeploymentGroupId"`
	DeploymentGroupName  string                `json:"DeploymentGroupName"`
	ApplicationName      string                `json:"ApplicationName"`
	DeploymentCreator    string                `json:"DeploymentCreator,omitempty"`
	DeploymentType       string                `json:"DeploymentType,omitempty"`
	AppSpecFilename      string                `json:"AppSpecFilename,omitempty"`
	AgentActionOverrides *AgentActionOverrides `json:"AgentActionOverrides,omitempty"`
	Revision             *Revision             `json:"Revision"`
	GitHubAccessToken    string                `json:"GitHubAccessToken,omitempty"`
}

// AgentActionOverrides wraps AgentOverrides, as AWS nests it.
type AgentActionOverrides struct {
	AgentOverrides AgentOverrides `json:"AgentOverrides"`
}

// AgentOverrides changes how the agent installs files.
type AgentOverrides struct {
	// FileExistsBehavior is DISALLOW, OVERWRITE or RETAIN, in any case.
	FileExistsBehavior string `json:"FileExistsBehavior,omitempty"`
}

// A Revision says where a bundle is. RevisionType is "S3", "GitHub", "Local File" or
// "Local Directory" and tells which member is set.
type Revision struct {
	RevisionType   string          `json:"RevisionType"`
	S3Revision     *S3Revision     `json:"S3Revision,omitempty"`
	GitHubRevision *GitHubRevision `json:"GitHubRevision,omitempty"`
	LocalRevision  *LocalRevision  `json:"LocalRevision,omitempty"`
}

// An S3Revision is an object in a bucket. BundleType is tar, tgz or zip.
type S3Revision struct {
	Bucket     string `json:"Bucket"`
	Key        string `json:"Key"`
	BundleType string `json:"BundleType"`
	Version    string `json:"Version,omitempty"`
	ETag       string `json:"ETag,omitempty"`
}

// A GitHubRevision is a commit. BundleType is zip, tar or empty.
type GitHubRevision struct {
	Account    string `json:"Account"`
	Repository string `json:"Repository"`
	CommitId   string `json:"CommitId"`
	BundleType string `json:"BundleType,omitempty"`
}

// A LocalRevision is a path on the host. BundleType is tar, tgz, zip or directory.
type LocalRevision struct {
	Location   string `json:"Location"`
	BundleType string `json:"BundleType"`
}
