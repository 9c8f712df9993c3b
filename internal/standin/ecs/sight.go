package ecs

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// see records how the engine finds the containers. The caller has cloned them.
func (t *task) see(seen Sight) {
	var interfaces []types.NetworkInterface
	if seen.Address != "" {
		t.attach(seen)
		interfaces = []types.NetworkInterface{{AttachmentId: t.Attachments[0].Id, PrivateIpv4Address: &seen.Address}}
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		if interfaces != nil {
			c.NetworkInterfaces = interfaces
		}
		at := slices.IndexFunc(seen.Containers, func(s ContainerSight) bool { return s.Name == aws.ToString(c.Name) })
		switch {
		case at >= 0:
			seeContainer(c, seen.Containers[at])
		case aws.ToString(c.LastStatus) == running:
			c.LastStatus, c.Reason = aws.String(stopped), aws.String("The container is gone")
		}
	}
	t.HealthStatus = t.judged()
}

func seeContainer(c *types.Container, seen ContainerSight) {
	c.LastStatus, c.HealthStatus = &seen.State, seen.Health
	if seen.RuntimeID != "" {
		c.RuntimeId = &seen.RuntimeID
	}
	if seen.Image != "" {
		c.ImageDigest = &seen.Image
	}
	if seen.ExitCode != nil {
		c.ExitCode = seen.ExitCode
	}
	if seen.Reason != "" {
		c.Reason = &seen.Reason
	}
	if seen.Bindings != nil {
		c.NetworkBindings = seen.Bindings
	}
}

// attach records the network interface of a task that has one of its own.
func (t *task) attach(seen Sight) {
	if len(t.Attachments) > 0 {
		return
	}
	detail := func(name, value string) types.KeyValuePair { return types.KeyValuePair{Name: &name, Value: &value} }
	t.Attachments = []types.Attachment{{
		Id: aws.String(newUUID()), Type: aws.String("ElasticNetworkInterface"), Status: aws.String("ATTACHED"), Details: []types.KeyValuePair{
			detail("subnetId", t.Subnet), detail("networkInterfaceId", "eni-0"+t.ID[:16]), detail("macAddress", seen.MAC),
			detail("privateDnsName", "ip-"+strings.ReplaceAll(seen.Address, ".", "-")+".ec2.internal"), detail("privateIPv4Address", seen.Address),
		},
	}}
}

// address is that of the task's own network interface; "" where it has none.
func (t task) address() string {
	for _, a := range t.Attachments {
		for _, d := range a.Details {
			if aws.ToString(d.Name) == "privateIPv4Address" {
				return aws.ToString(d.Value)
			}
		}
	}
	return ""
}

// judged is the health of the containers that are checked: a container without a check of its
// own says nothing.
func (t *task) judged() types.HealthStatus {
	is := types.HealthStatusUnknown
	for _, c := range t.Containers {
		if !slices.Contains(t.Checks, aws.ToString(c.Name)) {
			continue
		}
		switch c.HealthStatus {
		case types.HealthStatusUnhealthy:
			return c.HealthStatus
		case types.HealthStatusHealthy:
			is = c.HealthStatus
		default:
			return types.HealthStatusUnknown
		}
	}
	return is
}

// sameSight tells whether two records of a task say the same about its containers.
func sameSight(a, b task) bool {
	return a.HealthStatus == b.HealthStatus && reflect.DeepEqual(a.Containers, b.Containers) && len(a.Attachments) == len(b.Attachments)
}

// end lets the task stop. It keeps the reason that it was given first.
func (t *task) end(code types.TaskStopCode, reason string, now time.Time) {
	if !t.live() {
		return
	}
	t.DesiredStatus, t.StopCode, t.StoppedReason, t.StoppingAt = aws.String(stopped), code, &reason, aws.Time(now.UTC())
}

// target is where a load balancer reaches the task: at its own address, or at the port of the
// machine that leads to the container's.
func (t task) target(b types.LoadBalancer) (target, bool) {
	group, port := aws.ToString(b.TargetGroupArn), aws.ToInt32(b.ContainerPort)
	switch t.Mode {
	case types.NetworkModeAwsvpc:
		return target{group, t.address(), port}, t.address() != ""
	case types.NetworkModeHost:
		return target{group, InstanceID, port}, true
	}
	for _, c := range t.Containers {
		if aws.ToString(c.Name) != aws.ToString(b.ContainerName) {
			continue
		}
		for _, n := range c.NetworkBindings {
			if aws.ToInt32(n.ContainerPort) == port {
				return target{group, InstanceID, aws.ToInt32(n.HostPort)}, true
			}
		}
	}
	return target{}, false
}
