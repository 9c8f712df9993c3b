package ecs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkDefinition refuses what cannot be run, and says the size of the task in ECS's numbers.
func checkDefinition(in *sdk.RegisterTaskDefinitionInput) error {
	if !namePattern.MatchString(aws.ToString(in.Family)) {
		return refused("Family contains invalid characters or is empty. Expected 1 to 255 letters, numbers, underscores and hyphens.")
	}
	if len(in.ContainerDefinitions) == 0 {
		return refused("Container list cannot be empty.")
	}
	if err := checkTags(in.Tags); err != nil {
		return err
	}
	if err := notHere(in); err != nil {
		return err
	}
	var err error
	if in.Cpu, err = size("cpu", in.Cpu, "VCPU"); err != nil {
		return err
	}
	if in.Memory, err = size("memory", in.Memory, "GB"); err != nil {
		return err
	}
	if err := checkFargate(in); err != nil {
		return err
	}
	var names []string
	for _, c := range in.ContainerDefinitions {
		if slices.Contains(names, aws.ToString(c.Name)) {
			return refused("Container names in a task definition must be unique: %s.", aws.ToString(c.Name))
		}
		names = append(names, aws.ToString(c.Name))
		if err := checkContainer(in, c); err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(in.ContainerDefinitions, isEssential) {
		return refused("TaskDefinition must have at least one essential container.")
	}
	return checkDependencies(in.ContainerDefinitions)
}

func isEssential(c types.ContainerDefinition) bool { return c.Essential == nil || *c.Essential }

// size reads "1 vCPU" and "0.5 GB" as numbers of 1/1024.
func size(member string, value *string, unit string) (*string, error) {
	if value == nil {
		return nil, nil
	}
	number, isUnit := strings.CutSuffix(strings.ToUpper(strings.TrimSpace(*value)), unit)
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isUnit {
		f *= 1024
	}
	if err != nil || f <= 0 || f != float64(int64(f)) {
		return nil, refused("Invalid '%s' setting for task: %s", member, clipped(*value))
	}
	return aws.String(strconv.FormatInt(int64(f), 10)), nil
}

// fargateMemory are the MiB that go with a number of CPU units: the least, the most, the step.
var fargateMemory = map[string][3]int{
	"512": {1024, 4096, 1024}, "1024": {2048, 8192, 1024}, "2048": {4096, 16384, 1024},
	"4096": {8192, 30720, 1024}, "8192": {16384, 61440, 4096}, "16384": {32768, 122880, 8192},
}

func fargateHas(cpu, memory string) bool {
	mib, _ := strconv.Atoi(memory)
	if cpu == "256" {
		return mib == 512 || mib == 1024 || mib == 2048
	}
	of, ok := fargateMemory[cpu]
	return ok && mib >= of[0] && mib <= of[1] && mib%of[2] == 0
}

func checkFargate(in *sdk.RegisterTaskDefinitionInput) error {
	if !slices.Contains(in.RequiresCompatibilities, types.CompatibilityFargate) {
		return nil
	}
	switch {
	case in.NetworkMode != types.NetworkModeAwsvpc:
		return refused("Fargate only supports network mode ‘awsvpc’.")
	case in.Cpu == nil || in.Memory == nil:
		return refused("Fargate requires that 'cpu' and 'memory' be defined at the task level.")
	case !fargateHas(*in.Cpu, *in.Memory):
		return refused("No Fargate configuration exists for given values: %s CPU, %s memory.", *in.Cpu, *in.Memory)
	}
	return nil
}

// compatibilities are the launch types that the definition is good for.
func compatibilities(in *sdk.RegisterTaskDefinitionInput) []types.Compatibility {
	list := []types.Compatibility{types.CompatibilityEc2}
	if in.NetworkMode == types.NetworkModeAwsvpc && in.Cpu != nil && in.Memory != nil && fargateHas(*in.Cpu, *in.Memory) {
		list = append(list, types.CompatibilityFargate)
	}
	return list
}

var modes = []types.NetworkMode{"", types.NetworkModeBridge, types.NetworkModeHost, types.NetworkModeAwsvpc, types.NetworkModeNone}

// notHere refuses what a definition may ask for at AWS and cannot have of an engine on the
// server's machine, or must not.
func notHere(in *sdk.RegisterTaskDefinitionInput) error {
	if !slices.Contains(modes, in.NetworkMode) {
		return refused("Invalid network mode: %s. It is bridge, host, awsvpc or none.", in.NetworkMode)
	}
	asked := map[string]bool{
		"proxyConfiguration": in.ProxyConfiguration != nil,
		"ipcMode":            in.IpcMode != "", "pidMode": in.PidMode != "",
	}
	for _, c := range in.ContainerDefinitions {
		asked["secrets"] = asked["secrets"] || len(c.Secrets) > 0
		asked["repositoryCredentials"] = asked["repositoryCredentials"] || c.RepositoryCredentials != nil
		asked["firelensConfiguration"] = asked["firelensConfiguration"] || c.FirelensConfiguration != nil
		asked["resourceRequirements"] = asked["resourceRequirements"] || len(c.ResourceRequirements) > 0
		asked["environmentFiles"] = asked["environmentFiles"] || len(c.EnvironmentFiles) > 0
		asked["privileged"] = asked["privileged"] || aws.ToBool(c.Privileged)
		asked["links"] = asked["links"] || len(c.Links) > 0
		asked["volumesFrom"] = asked["volumesFrom"] || len(c.VolumesFrom) > 0
		asked["dockerSecurityOptions"] = asked["dockerSecurityOptions"] || len(c.DockerSecurityOptions) > 0
		if l := c.LinuxParameters; l != nil {
			asked["linuxParameters.devices"] = asked["linuxParameters.devices"] || len(l.Devices) > 0
			asked["linuxParameters.capabilities.add"] = asked["linuxParameters.capabilities.add"] || l.Capabilities != nil && len(l.Capabilities.Add) > 0
		}
		for _, p := range c.PortMappings {
			asked["containerPortRange"] = asked["containerPortRange"] || p.ContainerPortRange != nil
		}
	}
	for _, v := range in.Volumes {
		elsewhere := v.DockerVolumeConfiguration != nil || v.EfsVolumeConfiguration != nil || v.FsxWindowsFileServerVolumeConfiguration != nil ||
			v.S3filesVolumeConfiguration != nil || aws.ToBool(v.ConfiguredAtLaunch)
		asked["volumes of another kind than an empty host"] = asked["volumes of another kind than an empty host"] || elsewhere
		asked["volumes.host.sourcePath"] = asked["volumes.host.sourcePath"] || v.Host != nil && aws.ToString(v.Host.SourcePath) != ""
	}
	var list []string
	for member, is := range asked {
		if is {
			list = append(list, member)
		}
	}
	if slices.Sort(list); len(list) > 0 {
		return refused("This server's containers cannot have %s. Leave it out of the task definition.", strings.Join(list, ", "))
	}
	return nil
}

func checkContainer(in *sdk.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	name := aws.ToString(c.Name)
	wrong := func(format string, args ...any) error {
		return refused("Invalid setting for container '%s'. %s", clipped(name), fmt.Sprintf(format, args...))
	}
	switch {
	case !namePattern.MatchString(name):
		return refused("Container.name contains invalid characters or is empty. Expected 1 to 255 letters, numbers, underscores and hyphens.")
	case aws.ToString(c.Image) == "":
		return refused("Container.image should not be null or empty.")
	case in.Memory == nil && c.Memory == nil && c.MemoryReservation == nil:
		return wrong("At least one of 'memory' or 'memoryReservation' must be specified.")
	case c.Memory != nil && *c.Memory < 6:
		return wrong("The minimum value for 'memory' is 6 MiB.")
	case c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation > *c.Memory:
		return wrong("'memory' must be greater than or equal to 'memoryReservation'.")
	case c.Cpu < 0:
		return wrong("'cpu' must not be negative.")
	case c.StopTimeout != nil && (*c.StopTimeout < 0 || *c.StopTimeout > 86400):
		return wrong("'stopTimeout' is a number of seconds from 0 to 86400.")
	}
	if why := checkHealth(c.HealthCheck); why != "" {
		return wrong("%s", why)
	}
	if slices.ContainsFunc(c.Environment, func(e types.KeyValuePair) bool { return aws.ToString(e.Name) == "" || strings.Contains(*e.Name, "=") }) {
		return wrong("The name of an environment variable must not be empty and has no '='.")
	}
	for _, m := range c.MountPoints {
		if !slices.ContainsFunc(in.Volumes, func(v types.Volume) bool { return aws.ToString(v.Name) == aws.ToString(m.SourceVolume) }) {
			return wrong("Unknown volume '%s'.", aws.ToString(m.SourceVolume))
		}
		if !strings.HasPrefix(aws.ToString(m.ContainerPath), "/") {
			return wrong("'containerPath' of a mount point must be absolute, not '%s'.", aws.ToString(m.ContainerPath))
		}
	}
	for _, p := range c.PortMappings {
		port, host := aws.ToInt32(p.ContainerPort), aws.ToInt32(p.HostPort)
		switch {
		case port < 1 || port > 65535 || host < 0 || host > 65535:
			return wrong("Ports are between 1 and 65535.")
		case p.Protocol != "" && p.Protocol != types.TransportProtocolTcp && p.Protocol != types.TransportProtocolUdp:
			return wrong("The protocol of a port mapping is tcp or udp.")
		case (in.NetworkMode == types.NetworkModeAwsvpc || in.NetworkMode == types.NetworkModeHost) && host != 0 && host != port:
			return refused("When networkMode=%s, the host ports and container ports in port mappings must match.", in.NetworkMode)
		}
	}
	return nil
}

// checkHealth says what is wrong with a health check; "" for nothing.
func checkHealth(h *types.HealthCheck) string {
	between := func(v *int32, least, most int32) bool { return v == nil || *v >= least && *v <= most }
	switch {
	case h == nil:
		return ""
	case len(h.Command) < 2 || h.Command[0] != "CMD" && h.Command[0] != "CMD-SHELL":
		return "A health check's command begins with CMD or CMD-SHELL, and has something to run."
	case !between(h.Interval, 5, 300) || !between(h.Timeout, 2, 60) || !between(h.Retries, 1, 10) || !between(h.StartPeriod, 0, 300):
		return "A health check's interval is 5 to 300 seconds, its timeout 2 to 60, its retries 1 to 10, and its startPeriod 0 to 300."
	}
	return ""
}

// checkDependencies refuses containers that would wait for each other, or for none.
func checkDependencies(all []types.ContainerDefinition) error {
	started := map[string]bool{}
	for range all {
		for _, c := range all {
			started[aws.ToString(c.Name)] = started[aws.ToString(c.Name)] || !slices.ContainsFunc(c.DependsOn, func(d types.ContainerDependency) bool {
				return !started[aws.ToString(d.ContainerName)]
			})
		}
	}
	for _, c := range all {
		for _, d := range c.DependsOn {
			i := slices.IndexFunc(all, func(o types.ContainerDefinition) bool { return aws.ToString(o.Name) == aws.ToString(d.ContainerName) })
			switch {
			case i < 0:
				return refused("Invalid 'dependsOn' setting for container '%s'. Dependency container '%s' is missing in the task definition.",
					aws.ToString(c.Name), aws.ToString(d.ContainerName))
			case d.Condition == types.ContainerConditionHealthy && all[i].HealthCheck == nil:
				return refused("A container dependency with condition HEALTHY requires a health check: container '%s'.", aws.ToString(d.ContainerName))
			case isEssential(all[i]) && (d.Condition == types.ContainerConditionComplete || d.Condition == types.ContainerConditionSuccess):
				return refused("A dependency container of condition %s cannot be essential: container '%s'.", d.Condition, aws.ToString(d.ContainerName))
			}
		}
		if !started[aws.ToString(c.Name)] {
			return refused("Invalid 'dependsOn' setting for container '%s'. The containers depend on each other in a circle.", aws.ToString(c.Name))
		}
	}
	return nil
}

// withDefaults says of containers what AWS says where the caller has not.
func withDefaults(in *sdk.RegisterTaskDefinitionInput) []types.ContainerDefinition {
	list := slices.Clone(in.ContainerDefinitions)
	for i := range list {
		c := &list[i]
		c.Essential = aws.Bool(isEssential(*c))
		c.Environment = append([]types.KeyValuePair{}, c.Environment...)
		c.MountPoints = append([]types.MountPoint{}, c.MountPoints...)
		c.VolumesFrom = append([]types.VolumeFrom{}, c.VolumesFrom...)
		c.SystemControls = append([]types.SystemControl{}, c.SystemControls...)
		c.PortMappings = append([]types.PortMapping{}, c.PortMappings...)
		for j := range c.PortMappings {
			p := &c.PortMappings[j]
			if p.Protocol == "" {
				p.Protocol = types.TransportProtocolTcp
			}
			if p.HostPort == nil && (in.NetworkMode == types.NetworkModeAwsvpc || in.NetworkMode == types.NetworkModeHost) {
				p.HostPort = p.ContainerPort
			}
			if p.HostPort == nil {
				p.HostPort = aws.Int32(0)
			}
		}
	}
	return list
}
