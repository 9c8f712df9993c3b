//go:build !windows

package agent

// Where the configuration is when no --config says otherwise, in this order.
const (
	DefaultConfigFile  = "/etc/codedeploy-agent/conf/codedeployagent.yml"
	FallbackConfigFile = "/opt/codedeploy-agent/conf/codedeployagent.yml"
)

const (
	defaultRootDir        = "/opt/codedeploy-agent/deployment-root"
	defaultOnPremisesFile = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
)
