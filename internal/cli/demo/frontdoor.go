package demo

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awsclient"
)

// A frontDoor is where the people come in: a load balancer of the server's, made with AWS's
// API, and the alarm on it.
type frontDoor struct {
	listener    string // an ARN
	url         string
	targetGroup string // its ARN
}

// slow is the alarm's name, and tooSlow when it goes on: seconds that answers take, on the
// average of ten seconds.
const (
	slow    = "shop-is-slow"
	tooSlow = 0.05
)

// openFrontDoor makes the load balancer, with every host behind it, and the alarm.
func openFrontDoor(ctx context.Context, c *awsclient.Clients, hosts []*host) (*frontDoor, error) {
	balancer, err := c.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String(application), Type: elbtypes.LoadBalancerTypeEnumApplication,
		Subnets: []string{"subnet-demo-a", "subnet-demo-b"},
	})
	if err != nil {
		return nil, fmt.Errorf("create the load balancer: %w", err)
	}
	group, err := c.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String(application), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: aws.String("vpc-demo"),
		TargetType: elbtypes.TargetTypeEnumInstance, HealthCheckPath: aws.String("/healthz"),
		HealthCheckIntervalSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(2),
	})
	if err != nil {
		return nil, fmt.Errorf("create the target group: %w", err)
	}
	door := &frontDoor{targetGroup: aws.ToString(group.TargetGroups[0].TargetGroupArn)}
	if err := door.listen(ctx, c, balancer.LoadBalancers[0]); err != nil {
		return nil, err
	}
	var targets []elbtypes.TargetDescription
	for _, h := range hosts {
		port, err := h.port()
		if err != nil {
			return nil, err
		}
		targets = append(targets, elbtypes.TargetDescription{Id: &h.name, Port: &port})
	}
	if _, err := c.ELB.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &door.targetGroup, Targets: targets}); err != nil {
		return nil, fmt.Errorf("register the hosts with the load balancer: %w", err)
	}
	return door, door.watchLatency(ctx, c, aws.ToString(balancer.LoadBalancers[0].LoadBalancerArn))
}

// listen makes the listener, on the first port from 8080 on that is free at the load
// balancer's address.
func (d *frontDoor) listen(ctx context.Context, c *awsclient.Clients, balancer elbtypes.LoadBalancer) error {
	host := aws.ToString(balancer.DNSName)
	const first, tries = 8080, 50
	var err error
	for port := int32(first); port < first+tries; port++ {
		var made *elb.CreateListenerOutput
		made, err = c.ELB.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: balancer.LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: &port,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &d.targetGroup}},
		})
		if err == nil {
			d.listener = aws.ToString(made.Listeners[0].ListenerArn)
			d.url = "http://" + net.JoinHostPort(host, strconv.Itoa(int(port)))
			return nil
		}
	}
	return fmt.Errorf("create the listener: %w", err)
}

// share gives the hosts, and another target group, shares of the traffic. Where there is none, the
// load balancer still looks whether the targets are healthy.
func (d *frontDoor) share(ctx context.Context, c *awsclient.Clients, hosts int32, other string, others int32) error {
	_, err := c.ELB.ModifyListener(ctx, &elb.ModifyListenerInput{
		ListenerArn: &d.listener, DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{
			TargetGroups: []elbtypes.TargetGroupTuple{{TargetGroupArn: &d.targetGroup, Weight: &hosts}, {TargetGroupArn: &other, Weight: &others}},
		}}},
	})
	if err != nil {
		return fmt.Errorf("share the traffic of the listener: %w", err)
	}
	return nil
}

// watchLatency makes the alarm on how long answers take.
func (d *frontDoor) watchLatency(ctx context.Context, c *awsclient.Clients, balancerARN string) error {
	_, balancer, _ := strings.Cut(balancerARN, ":loadbalancer/")
	targetGroup := d.targetGroup[strings.LastIndex(d.targetGroup, ":")+1:]
	_, err := c.CloudWatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(slow), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("TargetResponseTime"),
		Dimensions: []cwtypes.Dimension{
			{Name: aws.String("LoadBalancer"), Value: &balancer}, {Name: aws.String("TargetGroup"), Value: &targetGroup},
		},
		Statistic: cwtypes.StatisticAverage, Period: aws.Int32(10), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(tooSlow), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		return fmt.Errorf("create the alarm: %w", err)
	}
	return nil
}

// rackByRack is the config of the last deployment: the rack of web-1 first, then a minute to
// watch it.
const rackByRack = "RackByRack"

func createRackByRack(ctx context.Context, c *awsclient.Clients) error {
	_, err := c.CodeDeploy.CreateDeploymentConfig(ctx, &codedeploy.CreateDeploymentConfigInput{
		DeploymentConfigName: aws.String(rackByRack), ComputePlatform: cdtypes.ComputePlatformServer,
		MinimumHealthyHosts: &cdtypes.MinimumHealthyHosts{Type: cdtypes.MinimumHealthyHostsTypeHostCount, Value: fleetSize - 1},
		ZonalConfig:         &cdtypes.ZonalConfig{FirstZoneMonitorDurationInSeconds: aws.Int64(60)},
	})
	if err != nil {
		return fmt.Errorf("create the deployment config: %w", err)
	}
	return nil
}
