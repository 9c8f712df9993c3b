package docker

import (
	"maps"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/slipway/slipway/internal/standin/ecs"
)

const mebibyte = 1 << 20

// Published is the address whose ports lead to containers: only the machine itself reaches it.
const Published = "127.0.0.1"

// marks are the labels of a task's container.
func (e *Engine) marks(w ecs.Workload, container string) map[string]string {
	labels := maps.Clone(w.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[ownerLabel], labels[dataLabel], labels[taskLabel], labels[containerLabel] = e.cfg.Owner, e.cfg.Data, w.Task, container
	labels["com.amazonaws.ecs.container-name"] = container
	return labels
}

// options are what a container is made of.
func (e *Engine) options(w ecs.Workload, c types.ContainerDefinition, cpus int) client.ContainerCreateOptions {
	config := &container.Config{
		Image: *c.Image, Cmd: c.Command, Entrypoint: c.EntryPoint, User: aws.ToString(c.User), WorkingDir: aws.ToString(c.WorkingDirectory),
		Hostname: aws.ToString(c.Hostname), Tty: aws.ToBool(c.PseudoTerminal), OpenStdin: aws.ToBool(c.Interactive),
		NetworkDisabled: aws.ToBool(c.DisableNetworking), Labels: maps.Clone(c.DockerLabels), Healthcheck: healthcheck(c.HealthCheck),
	}
	if config.Labels == nil {
		config.Labels = map[string]string{}
	}
	maps.Copy(config.Labels, e.marks(w, *c.Name))
	for _, v := range c.Environment {
		config.Env = append(config.Env, aws.ToString(v.Name)+"="+aws.ToString(v.Value))
	}
	host := &container.HostConfig{
		ReadonlyRootfs: aws.ToBool(c.ReadonlyRootFilesystem), Resources: resources(w, c, cpus), Mounts: e.mounts(w, c),
		LogConfig: container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "5m", "max-file": "1"}},
	}
	linux(host, c.LinuxParameters)
	switch w.Mode {
	case types.NetworkModeAwsvpc:
		host.NetworkMode = container.NetworkMode("container:" + name(w.Task, ""))
		config.Hostname = "" // is that of the network's holder
	case types.NetworkModeHost, types.NetworkModeNone:
		host.NetworkMode = container.NetworkMode(w.Mode)
	default:
		ports(config, host, c.PortMappings)
	}
	if w.Mode != types.NetworkModeAwsvpc {
		for _, h := range c.ExtraHosts {
			host.ExtraHosts = append(host.ExtraHosts, aws.ToString(h.Hostname)+":"+aws.ToString(h.IpAddress))
		}
		for _, at := range c.DnsServers {
			if server, err := netip.ParseAddr(at); err == nil {
				host.DNS = append(host.DNS, server)
			}
		}
		host.DNSSearch = c.DnsSearchDomains
	}
	return client.ContainerCreateOptions{Config: config, HostConfig: host}
}

// ports lets ports of the machine lead to the container's; 0 stands for one that is free.
func ports(config *container.Config, host *container.HostConfig, mappings []types.PortMapping) {
	config.ExposedPorts, host.PortBindings = network.PortSet{}, network.PortMap{}
	for _, m := range mappings {
		port, ok := network.PortFrom(uint16(aws.ToInt32(m.ContainerPort)), network.IPProtocol(m.Protocol))
		if !ok {
			continue // as was checked
		}
		text := ""
		if p := aws.ToInt32(m.HostPort); p != 0 {
			text = strconv.Itoa(int(p))
		}
		config.ExposedPorts[port] = struct{}{}
		host.PortBindings[port] = append(host.PortBindings[port], network.PortBinding{HostIP: netip.MustParseAddr(Published), HostPort: text})
	}
}

// resources bounds a container by its own limits, and each by the whole task's.
func resources(w ecs.Workload, c types.ContainerDefinition, cpus int) container.Resources {
	r := container.Resources{CPUShares: int64(c.Cpu), Memory: w.Memory * mebibyte, MemoryReservation: int64(aws.ToInt32(c.MemoryReservation)) * mebibyte}
	if c.Memory != nil {
		r.Memory = int64(*c.Memory) * mebibyte
	}
	if w.CPU > 0 {
		r.NanoCPUs = min(w.CPU*1e9/1024, int64(cpus)*1e9)
	}
	for _, u := range c.Ulimits {
		r.Ulimits = append(r.Ulimits, &container.Ulimit{Name: string(u.Name), Soft: int64(u.SoftLimit), Hard: int64(u.HardLimit)})
	}
	return r
}

// mounts are volumes that live as long as the task.
func (e *Engine) mounts(w ecs.Workload, c types.ContainerDefinition) (list []mount.Mount) {
	for _, m := range c.MountPoints {
		list = append(list, mount.Mount{
			Type: mount.TypeVolume, Source: "slipway-" + w.Task + "-" + aws.ToString(m.SourceVolume), Target: aws.ToString(m.ContainerPath),
			ReadOnly:      aws.ToBool(m.ReadOnly),
			VolumeOptions: &mount.VolumeOptions{Labels: map[string]string{ownerLabel: e.cfg.Owner, dataLabel: e.cfg.Data, taskLabel: w.Task}},
		})
	}
	return list
}

func linux(host *container.HostConfig, p *types.LinuxParameters) {
	if p == nil {
		return
	}
	host.Init = p.InitProcessEnabled
	host.ShmSize = int64(aws.ToInt32(p.SharedMemorySize)) * mebibyte
	if p.Capabilities != nil {
		host.CapDrop = p.Capabilities.Drop
	}
	for _, t := range p.Tmpfs {
		if host.Tmpfs == nil {
			host.Tmpfs = map[string]string{}
		}
		host.Tmpfs[aws.ToString(t.ContainerPath)] = strings.Join(append([]string{"size=" + strconv.Itoa(int(t.Size)) + "m"}, t.MountOptions...), ",")
	}
}

// healthcheck is the definition's own: as at AWS, what the image says of itself counts for nothing.
func healthcheck(h *types.HealthCheck) *container.HealthConfig {
	if h == nil {
		return &container.HealthConfig{Test: []string{"NONE"}}
	}
	seconds := func(v *int32, otherwise int32) time.Duration {
		if v != nil {
			otherwise = *v
		}
		return time.Duration(otherwise) * time.Second
	}
	retries := 3
	if h.Retries != nil {
		retries = int(*h.Retries)
	}
	return &container.HealthConfig{
		Test: h.Command, Interval: seconds(h.Interval, 30), Timeout: seconds(h.Timeout, 5), StartPeriod: seconds(h.StartPeriod, 0), Retries: retries,
	}
}
