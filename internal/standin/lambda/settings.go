package lambda

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// Bounds of a function, which are Lambda's.
const (
	defaultTimeout, maxTimeout          = 3, 900 // seconds
	defaultMemory, minMemory, maxMemory = 128, 128, 10240
	defaultScratch, maxScratch          = 512, 10240
	maxVariables                        = 4096 // bytes
	maxDescription                      = 256
	maxHandler                          = 128
)

// runtimes are those that functions can have here.
var runtimes = []types.Runtime{
	types.RuntimeProvidedal2023, types.RuntimeProvidedal2, types.RuntimeNodejs18x, types.RuntimeNodejs20x, types.RuntimeNodejs22x,
	types.RuntimeNodejs24x, types.RuntimePython39, types.RuntimePython310, types.RuntimePython311, types.RuntimePython312,
	types.RuntimePython313, types.RuntimePython314,
}

// reserved are variables that Lambda sets itself.
var reserved = []string{
	"_HANDLER", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
	"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME",
	"AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// settings is what CreateFunction and UpdateFunctionConfiguration have in common: what is nil
// or empty stays as it is.
type settings struct {
	description, handler, role *string
	runtime                    types.Runtime
	memory, timeout            *int32
	environment                *types.Environment
	scratch                    *types.EphemeralStorage
	tracing                    *types.TracingConfig
	logging                    *types.LoggingConfig
	unsupported                map[string]bool // what else is asked for, by name
}

func settingsOfNew(in *sdk.CreateFunctionInput) settings {
	return settings{
		description: in.Description, handler: in.Handler, role: in.Role, runtime: in.Runtime, memory: in.MemorySize, timeout: in.Timeout,
		environment: in.Environment, scratch: in.EphemeralStorage, tracing: in.TracingConfig, logging: in.LoggingConfig,
		unsupported: map[string]bool{
			"CapacityProviderConfig": in.CapacityProviderConfig != nil, "CodeSigningConfigArn": in.CodeSigningConfigArn != nil,
			"DeadLetterConfig": in.DeadLetterConfig != nil && aws.ToString(in.DeadLetterConfig.TargetArn) != "", "DurableConfig": in.DurableConfig != nil,
			"FileSystemConfigs": len(in.FileSystemConfigs) > 0, "ImageConfig": in.ImageConfig != nil, "KMSKeyArn": aws.ToString(in.KMSKeyArn) != "",
			"Layers": len(in.Layers) > 0, "PackageType Image": in.PackageType == types.PackageTypeImage, "PublishTo": in.PublishTo != "",
			"SnapStart": in.SnapStart != nil && in.SnapStart.ApplyOn != types.SnapStartApplyOnNone, "TenancyConfig": in.TenancyConfig != nil,
			"VpcConfig": in.VpcConfig != nil && len(in.VpcConfig.SubnetIds)+len(in.VpcConfig.SecurityGroupIds) > 0,
		},
	}
}

func settingsOfUpdate(in *sdk.UpdateFunctionConfigurationInput) settings {
	return settings{
		description: in.Description, handler: in.Handler, role: in.Role, runtime: in.Runtime, memory: in.MemorySize, timeout: in.Timeout,
		environment: in.Environment, scratch: in.EphemeralStorage, tracing: in.TracingConfig, logging: in.LoggingConfig,
		unsupported: map[string]bool{
			"CapacityProviderConfig": in.CapacityProviderConfig != nil,
			"DeadLetterConfig":       in.DeadLetterConfig != nil && aws.ToString(in.DeadLetterConfig.TargetArn) != "", "DurableConfig": in.DurableConfig != nil,
			"FileSystemConfigs": len(in.FileSystemConfigs) > 0, "ImageConfig": in.ImageConfig != nil, "KMSKeyArn": aws.ToString(in.KMSKeyArn) != "",
			"Layers": len(in.Layers) > 0, "SnapStart": in.SnapStart != nil && in.SnapStart.ApplyOn != types.SnapStartApplyOnNone,
			"VpcConfig": in.VpcConfig != nil && len(in.VpcConfig.SubnetIds)+len(in.VpcConfig.SecurityGroupIds) > 0,
		},
	}
}

// apply checks the settings and changes the configuration.
func (in settings) apply(c *types.FunctionConfiguration) error {
	for name, asked := range in.unsupported {
		if asked {
			return invalid("%s is not supported here. Leave it out.", name)
		}
	}
	if err := in.applyRuntime(c); err != nil {
		return err
	}
	if err := in.applySizes(c); err != nil {
		return err
	}
	if in.description != nil {
		if len(*in.description) > maxDescription {
			return malformed(clipped(*in.description), "description", "Member must have length less than or equal to 256")
		}
		c.Description = in.description
	}
	if in.tracing != nil {
		c.TracingConfig = &types.TracingConfigResponse{Mode: in.tracing.Mode}
	}
	if in.logging != nil {
		c.LoggingConfig = in.logging
	}
	return in.applyEnvironment(c)
}

func (in settings) applyRuntime(c *types.FunctionConfiguration) error {
	if in.runtime != "" {
		if !slices.Contains(runtimes, in.runtime) {
			return invalid("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: %v or be a valid ARN",
				clipped(string(in.runtime)), runtimes)
		}
		if _, err := environment.Interpreter(string(in.runtime)); err != nil {
			return invalid("%v.", err)
		}
		c.Runtime = in.runtime
	}
	if in.handler != nil {
		if len(*in.handler) > maxHandler || strings.ContainsAny(*in.handler, " \t\r\n") {
			return malformed(clipped(*in.handler), "handler", `Member must satisfy regular expression pattern: [^\s]+`)
		}
		c.Handler = in.handler
	}
	if c.Runtime == "" || aws.ToString(c.Handler) == "" {
		return invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	return nil
}

func (in settings) applySizes(c *types.FunctionConfiguration) error {
	for _, bound := range []struct {
		given       *int32
		least, most int32
		member      string
		to          **int32
	}{
		{in.memory, minMemory, maxMemory, "memorySize", &c.MemorySize},
		{in.timeout, 1, maxTimeout, "timeout", &c.Timeout},
	} {
		switch {
		case bound.given == nil:
		case *bound.given < bound.least:
			return malformed(*bound.given, bound.member, "Member must have value greater than or equal to "+itoa(bound.least))
		case *bound.given > bound.most:
			return malformed(*bound.given, bound.member, "Member must have value less than or equal to "+itoa(bound.most))
		default:
			*bound.to = bound.given
		}
	}
	if in.scratch == nil {
		return nil
	}
	if size := aws.ToInt32(in.scratch.Size); size < defaultScratch || size > maxScratch {
		return malformed(size, "ephemeralStorage.size", "Member must have value between 512 and 10240")
	}
	c.EphemeralStorage = in.scratch
	return nil
}

func (in settings) applyEnvironment(c *types.FunctionConfiguration) error {
	if in.environment == nil {
		return nil
	}
	size := 0
	for name, value := range in.environment.Variables {
		size += len(name) + len(value)
		switch {
		case slices.Contains(reserved, name):
			return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
				"contains reserved keys that are currently not supported for modification. Reserved keys used in this request: %s", name)
		case !variablePattern.MatchString(name):
			return malformed(clipped(name), "environment.variables", "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]")
		case strings.ContainsRune(value, 0):
			return invalid("The value of the environment variable %s contains a null byte.", name)
		}
	}
	if size > maxVariables {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"exceeded the 4KB limit. String measured: %d bytes", size)
	}
	c.Environment = &types.EnvironmentResponse{Variables: in.environment.Variables}
	return nil
}

var variablePattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

func itoa(n int32) string { return strconv.Itoa(int(n)) }
