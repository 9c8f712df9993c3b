package autoscaling

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/identity"
)

func TestGroupIsDescribedAsItWasMade(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 2, 4, behindTargetGroup, withHook(launching), func(in *sdk.CreateAutoScalingGroupInput) {
			in.LoadBalancerNames = []string{"old"}
			in.NewInstancesProtectedFromScaleIn = aws.Bool(true)
			in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
		})
		g := w.web()
		if *g.MinSize != 1 || *g.DesiredCapacity != 2 || *g.MaxSize != 4 || *g.DefaultCooldown != 300 || *g.HealthCheckType != "EC2" ||
			!slices.Equal(g.TerminationPolicies, []string{"Default"}) || !slices.Equal(g.AvailabilityZones, []string{"us-east-1a", "us-east-1b"}) ||
			*g.VPCZoneIdentifier != "subnet-a,subnet-b" || *g.LaunchTemplate.LaunchTemplateId != "lt-1" || *g.LaunchTemplate.Version != "$Latest" ||
			len(g.TrafficSources) != 2 || *g.TrafficSources[1].Type != "elb" {
			t.Errorf("the group is %+v", g)
		}
		if i := g.Instances[0]; *i.LaunchTemplate.Version != "1" || *i.InstanceType != "t3.micro" || !*i.ProtectedFromScaleIn {
			t.Errorf("its instance is %+v", i)
		}
		tags := must[*sdk.DescribeTagsOutput](t)(w.DescribeTags(t.Context(), &sdk.DescribeTagsInput{
			Filters: []types.Filter{{Name: aws.String("auto-scaling-group"), Values: []string{"web"}}}})).Tags
		if len(tags) != 1 || *tags[0].Key != "k" || *tags[0].ResourceType != "auto-scaling-group" {
			t.Errorf("its tags are %+v", tags)
		}
		hooks := must[*sdk.DescribeLifecycleHooksOutput](t)(w.DescribeLifecycleHooks(t.Context(),
			&sdk.DescribeLifecycleHooksInput{AutoScalingGroupName: aws.String("web")})).LifecycleHooks
		if h := hooks[0]; *h.HeartbeatTimeout != 600 || *h.GlobalTimeout != 60000 || *h.DefaultResult != "ABANDON" || *h.NotificationMetadata != "meta" {
			t.Errorf("its hook is %+v", h)
		}
		found := must[*sdk.DescribeAutoScalingGroupsOutput](t)(w.DescribeAutoScalingGroups(t.Context(), &sdk.DescribeAutoScalingGroupsInput{
			Filters: []types.Filter{{Name: aws.String("tag:k"), Values: []string{"other"}}}})).AutoScalingGroups
		if len(found) != 0 {
			t.Errorf("a filter for another tag finds %d groups", len(found))
		}
	})
}

func TestUpdateMovesTheDesiredCapacityIntoItsBounds(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 4)
		must[*sdk.UpdateAutoScalingGroupOutput](t)(w.UpdateAutoScalingGroup(t.Context(), &sdk.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(2)}))
		w.settle()
		w.is("i-1 a InService", "i-2 b InService")
		w.cloud.set(func(c *cloud) { c.versions = 2 })
		must[*sdk.UpdateAutoScalingGroupOutput](t)(w.UpdateAutoScalingGroup(t.Context(), &sdk.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(3)}))
		w.settle()
		if got := w.cloud.machine(t, "i-3").template; got != "2" {
			t.Errorf("the third instance is of version %s, want the latest", got)
		}
		_, err := w.UpdateAutoScalingGroup(t.Context(), &sdk.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(9)})
		w.refused(err, "ValidationError", "Desired capacity:9 must be between the specified min size:2 and max size:4")
	})
}

func TestDeleteGroup(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 4, behindTargetGroup, withHook(terminating))
		remove := func(force bool) error {
			_, err := w.DeleteAutoScalingGroup(t.Context(), &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("web"), ForceDelete: &force})
			return err
		}
		w.refused(remove(false), "ResourceInUse", "You cannot delete an AutoScalingGroup while there are instances")
		w.desire(0)
		w.refused(remove(false), "ScalingActivityInProgress", "while there are scaling activities in progress")
		w.desire(1)
		if err := remove(true); err != nil { // waits for no hook and no connection
			t.Fatal(err)
		}
		if got := w.web().Status; got == nil || *got != "Delete in progress" {
			t.Errorf("its status is %v", got)
		}
		w.settle()
		groups := must[*sdk.DescribeAutoScalingGroupsOutput](t)(w.DescribeAutoScalingGroups(t.Context(), &sdk.DescribeAutoScalingGroupsInput{}))
		if len(groups.AutoScalingGroups) != 0 || len(w.cloud.alive()) != 0 {
			t.Errorf("%d groups and the instances %v are left", len(groups.AutoScalingGroups), w.cloud.alive())
		}
		w.did("Successful: Terminating EC2 instance: i-2")
		w.refused(remove(true), "ValidationError", "AutoScalingGroup name not found - AutoScalingGroup 'web' not found")
		w.group(0, 1, 4)
		w.is("i-3 a InService")
	})
}

func TestLaunchConfigurations(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		create := func(in *sdk.CreateLaunchConfigurationInput) error {
			in.LaunchConfigurationName = aws.String("small")
			_, err := w.CreateLaunchConfiguration(t.Context(), in)
			return err
		}
		w.refused(create(&sdk.CreateLaunchConfigurationInput{ImageId: aws.String("ami-1")}), "ValidationError",
			"Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.")
		small := &sdk.CreateLaunchConfigurationInput{ImageId: aws.String("ami-1"), InstanceType: aws.String("t3.small")}
		if err := create(small); err != nil {
			t.Fatal(err)
		}
		w.refused(create(small), "AlreadyExists", "Launch Configuration by this name already exists")
		w.group(0, 1, 4, func(in *sdk.CreateAutoScalingGroupInput) {
			in.LaunchTemplate, in.LaunchConfigurationName = nil, aws.String("small")
			in.VPCZoneIdentifier, in.AvailabilityZones = nil, []string{"us-east-1c"}
		})
		w.is("i-1 c InService")
		_, err := w.DeleteLaunchConfiguration(t.Context(), &sdk.DeleteLaunchConfigurationInput{LaunchConfigurationName: aws.String("small")})
		w.refused(err, "ResourceInUse", "Cannot delete launch configuration small because it is attached to AutoScalingGroup web")

		must[*sdk.CreateAutoScalingGroupOutput](t)(w.CreateAutoScalingGroup(t.Context(), &sdk.CreateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("like"), InstanceId: aws.String("i-1"), MinSize: aws.Int32(0), MaxSize: aws.Int32(1),
			AvailabilityZones: []string{"us-east-1a"}}))
		made := must[*sdk.DescribeLaunchConfigurationsOutput](t)(w.DescribeLaunchConfigurations(t.Context(),
			&sdk.DescribeLaunchConfigurationsInput{LaunchConfigurationNames: []string{"like"}})).LaunchConfigurations
		if len(made) != 1 || *made[0].ImageId != "ami-1" || *made[0].InstanceType != "t3.micro" {
			t.Errorf("the launch configuration like i-1 is %+v", made)
		}
	})
}

func TestAttachAndDetachLoadBalancers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 4)
		attach := func(arn string) error {
			_, err := w.AttachLoadBalancerTargetGroups(t.Context(), &sdk.AttachLoadBalancerTargetGroupsInput{
				AutoScalingGroupName: aws.String("web"), TargetGroupARNs: []string{arn}})
			w.settle()
			return err
		}
		states := func() (list []string) {
			out := must[*sdk.DescribeTrafficSourcesOutput](t)(w.DescribeTrafficSources(t.Context(),
				&sdk.DescribeTrafficSourcesInput{AutoScalingGroupName: aws.String("web")}))
			for _, s := range out.TrafficSources {
				list = append(list, *s.Type+" "+*s.State)
			}
			return list
		}
		w.refused(attach("arn:other"), "ValidationError", "Provided Target Groups may not be valid. Please ensure they exist and try again.")
		if err := attach(targetGroup); err != nil {
			t.Fatal(err)
		}
		must[*sdk.AttachLoadBalancersOutput](t)(w.AttachLoadBalancers(t.Context(), &sdk.AttachLoadBalancersInput{
			AutoScalingGroupName: aws.String("web"), LoadBalancerNames: []string{"old"}}))
		w.settle()
		if got := states(); !slices.Equal(got, []string{"elbv2 InService", "elb InService"}) || w.cloud.is("i-1") != "healthy" {
			t.Errorf("traffic sources are %v", got)
		}
		detach := func() error {
			_, err := w.DetachLoadBalancerTargetGroups(t.Context(), &sdk.DetachLoadBalancerTargetGroupsInput{
				AutoScalingGroupName: aws.String("web"), TargetGroupARNs: []string{targetGroup}})
			w.settle()
			return err
		}
		if err := detach(); err != nil {
			t.Fatal(err)
		}
		if got := states(); !slices.Equal(got, []string{"elb InService", "elbv2 Removing"}) {
			t.Errorf("traffic sources are %v", got)
		}
		w.cloud.drained("i-1")
		w.settle()
		if got := states(); !slices.Equal(got, []string{"elb InService"}) {
			t.Errorf("traffic sources are %v", got)
		}
		w.refused(detach(), "ValidationError", "Trying to remove Target Groups that are not part of the group")

		// One that is deleted holds nobody.
		w.cloud.set(func(c *cloud) { c.gone = []string{"old"} })
		w.desire(2)
		w.is("i-1 a InService", "i-2 b InService")
		w.desire(0)
		w.is()
	})
}

func TestWhatIsAttachedWhileAddToLoadBalancerIsSuspendedGetsItsInstancesAfterwards(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 4)
		must[*sdk.SuspendProcessesOutput](t)(w.SuspendProcesses(t.Context(), &sdk.SuspendProcessesInput{
			AutoScalingGroupName: aws.String("web"), ScalingProcesses: []string{"AddToLoadBalancer"}}))
		must[*sdk.AttachTrafficSourcesOutput](t)(w.AttachTrafficSources(t.Context(), &sdk.AttachTrafficSourcesInput{
			AutoScalingGroupName: aws.String("web"), TrafficSources: []types.TrafficSourceIdentifier{{Identifier: aws.String(targetGroup)}}}))
		w.settle()
		if got := w.cloud.is("i-1"); got != "" {
			t.Errorf("while it is suspended, the instance is %s", got)
		}
		must[*sdk.ResumeProcessesOutput](t)(w.ResumeProcesses(t.Context(), &sdk.ResumeProcessesInput{AutoScalingGroupName: aws.String("web")}))
		w.settle()
		if got := w.cloud.is("i-1"); got != "healthy" {
			t.Errorf("after it is resumed, the instance is %q", got)
		}
	})
}

func TestWhatDoesNotChangeIsNotWritten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 2, 4, behindTargetGroup, checkedByELB(0))
		w.store.mu.Lock()
		before := w.store.written
		w.store.mu.Unlock()
		w.settle()
		w.restart()
		w.settle()
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		if n := w.store.written - before; n != 0 {
			t.Errorf("%d writes though nothing changed", n)
		}
	})
}

func TestGroupOfTheSameNameIsAnother(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 0, 4)
		old, err := w.service.group(aws.String("web"))
		if err != nil {
			t.Fatal(err)
		}
		must[*sdk.DeleteAutoScalingGroupOutput](t)(w.DeleteAutoScalingGroup(t.Context(), &sdk.DeleteAutoScalingGroupInput{AutoScalingGroupName: aws.String("web")}))
		w.group(0, 0, 4)
		p, err := w.service.record(t.Context(), old, func(p *plan) { p.want(4) })
		if p != nil || err != nil || *w.web().DesiredCapacity != 0 {
			t.Errorf("what was decided about the old group was done to the new one: %v, %v", p, err)
		}
	})
}

func TestFailedLaunchIsTriedAgainMoreAndMoreSeldom(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.cloud.refusal = &smithy.GenericAPIError{Code: "InstanceLimitExceeded", Message: "You have requested more instances than your limit.", Fault: smithy.FaultClient}
		w.group(0, 1, 4)
		w.did("Failed: Launching a new EC2 instance.  Status Reason: You have requested more instances than your limit. Launching EC2 instance failed.")
		tries := func() int {
			return len(must[*sdk.DescribeScalingActivitiesOutput](t)(w.DescribeScalingActivities(t.Context(), &sdk.DescribeScalingActivitiesInput{})).Activities)
		}
		before := tries()
		time.Sleep(5 * time.Minute)
		if n := tries(); before > 6 || n < before+3 || n > before+7 {
			t.Errorf("%d launches in 20 seconds, %d after five minutes more", before, n)
		}
		w.cloud.set(func(c *cloud) { c.refusal = nil })
		time.Sleep(time.Minute)
		w.settle()
		w.is("i-1 a InService")
	})
}

func TestZonesAreBalancedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 3, 4, func(in *sdk.CreateAutoScalingGroupInput) { in.VPCZoneIdentifier = aws.String("subnet-a") })
		w.is("i-1 a InService", "i-2 a InService", "i-3 a InService")
		must[*sdk.UpdateAutoScalingGroupOutput](t)(w.UpdateAutoScalingGroup(t.Context(), &sdk.UpdateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), VPCZoneIdentifier: aws.String("subnet-a,subnet-b")}))
		w.settle()
		w.is("i-2 a InService", "i-3 a InService", "i-4 b InService")
	})
}

func TestGroupsThatCannotBe(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 1, 2)
		create := func(change func(*sdk.CreateAutoScalingGroupInput)) error {
			in := &sdk.CreateAutoScalingGroupInput{
				AutoScalingGroupName: aws.String("other"), MinSize: aws.Int32(0), MaxSize: aws.Int32(1),
				LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}, AvailabilityZones: []string{"us-east-1a"},
			}
			change(in)
			_, err := w.CreateAutoScalingGroup(t.Context(), in)
			return err
		}
		for _, c := range []struct {
			code, text string
			change     func(*sdk.CreateAutoScalingGroupInput)
		}{
			{"AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name web already exists",
				func(in *sdk.CreateAutoScalingGroupInput) { in.AutoScalingGroupName = aws.String("web") }},
			{"ValidationError", "Max bound, 1, must be greater than or equal to min bound, 3",
				func(in *sdk.CreateAutoScalingGroupInput) { in.MinSize = aws.Int32(3) }},
			{"ValidationError", "Desired capacity:5 must be between the specified min size:0 and max size:1",
				func(in *sdk.CreateAutoScalingGroupInput) { in.DesiredCapacity = aws.Int32(5) }},
			{"ValidationError", "Valid requests must contain either LaunchTemplate, LaunchConfigurationName",
				func(in *sdk.CreateAutoScalingGroupInput) { in.LaunchTemplate = nil }},
			{"ValidationError", "Launch configuration name not found - Launch configuration none not found",
				func(in *sdk.CreateAutoScalingGroupInput) {
					in.LaunchTemplate, in.LaunchConfigurationName = nil, aws.String("none")
				}},
			{"ValidationError", "The specified launch template, with template ID x, does not exist.",
				func(in *sdk.CreateAutoScalingGroupInput) { in.LaunchTemplate.LaunchTemplateName = aws.String("x") }},
			{"ValidationError", "Valid requests must contain either launchTemplateId or LaunchTemplateName",
				func(in *sdk.CreateAutoScalingGroupInput) { in.LaunchTemplate.LaunchTemplateId = aws.String("lt-1") }},
			{"ValidationError", "At least one Availability Zone or VPC Subnet is required.",
				func(in *sdk.CreateAutoScalingGroupInput) { in.AvailabilityZones = nil }},
			{"ValidationError", "Invalid availability zones: [mars-1a]",
				func(in *sdk.CreateAutoScalingGroupInput) { in.AvailabilityZones = []string{"mars-1a"} }},
			{"ValidationError", "The subnet ID 'subnet-x' does not exist",
				func(in *sdk.CreateAutoScalingGroupInput) { in.VPCZoneIdentifier = aws.String("subnet-a, subnet-x") }},
			{"ValidationError", "Not available here: MixedInstancesPolicy. Leave it out.",
				func(in *sdk.CreateAutoScalingGroupInput) {
					in.MixedInstancesPolicy = &types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{LaunchTemplateSpecification: in.LaunchTemplate}}
				}},
			{"ValidationError", "Member must have value greater than or equal to 30", func(in *sdk.CreateAutoScalingGroupInput) {
				withHook(launching)(in)
				in.LifecycleHookSpecificationList[0].HeartbeatTimeout = aws.Int32(1)
			}},
			{"ValidationError", "Tag keys cannot start with 'aws:'",
				func(in *sdk.CreateAutoScalingGroupInput) { in.Tags = []types.Tag{{Key: aws.String("aws:x")}} }},
			{"ValidationError", "Termination policy Youngest is not valid",
				func(in *sdk.CreateAutoScalingGroupInput) { in.TerminationPolicies = []string{"Youngest"} }},
		} {
			w.refused(create(c.change), c.code, c.text)
		}
	})
}

func TestRefusals(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 1, 2)
		ctx, web := t.Context(), aws.String("web")
		_, err := w.SetDesiredCapacity(ctx, &sdk.SetDesiredCapacityInput{AutoScalingGroupName: web, DesiredCapacity: aws.Int32(3)})
		w.refused(err, "ValidationError", "New SetDesiredCapacity value 3 is above max value 2 for the AutoScalingGroup.")
		_, err = w.SetDesiredCapacity(ctx, &sdk.SetDesiredCapacityInput{AutoScalingGroupName: web, DesiredCapacity: aws.Int32(0)})
		w.refused(err, "ValidationError", "New SetDesiredCapacity value 0 is below min value 1 for the AutoScalingGroup.")
		_, err = w.SetDesiredCapacity(ctx, &sdk.SetDesiredCapacityInput{AutoScalingGroupName: web, DesiredCapacity: aws.Int32(2), HonorCooldown: aws.Bool(true)})
		w.refused(err, "ScalingActivityInProgress", "is in progress and blocks this action")
		_, err = w.PutLifecycleHook(ctx, &sdk.PutLifecycleHookInput{AutoScalingGroupName: web, LifecycleHookName: aws.String("h")})
		w.refused(err, "ValidationError", "Lifecycle transition must be specified")
		for i := range maxHooks + 1 {
			_, err = w.PutLifecycleHook(ctx, &sdk.PutLifecycleHookInput{AutoScalingGroupName: web,
				LifecycleHookName: aws.String(fmt.Sprint("hook-", i)), LifecycleTransition: aws.String(terminating)})
			if i < maxHooks && err != nil {
				t.Fatal(err)
			}
		}
		w.refused(err, "LimitExceeded", "You've reached your limit of 50 lifecycle hooks")
		_, err = w.SuspendProcesses(ctx, &sdk.SuspendProcessesInput{AutoScalingGroupName: web, ScalingProcesses: []string{"Everything"}})
		w.refused(err, "ValidationError", "Member must satisfy enum value set")
		_, err = w.DescribeAutoScalingGroups(ctx, &sdk.DescribeAutoScalingGroupsInput{NextToken: aws.String("?")})
		w.refused(err, "InvalidNextToken", "The token '?' is invalid.")
		_, err = w.StartInstanceRefresh(ctx, &sdk.StartInstanceRefreshInput{AutoScalingGroupName: web})
		w.refused(err, "InvalidAction", "Could not find operation StartInstanceRefresh")
	})
}

func TestWhoMayNotIsRefused(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 0, 2)
		policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"autoscaling:Describe*","Resource":"*"},
			{"Effect":"Allow","Action":"autoscaling:*","Resource":"arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/dev"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		developer := w.as(identity.Caller{ARN: "arn:aws:iam::1:user/dev", AccountID: account, Policies: []identity.Policy{policy}})
		must[*sdk.DescribeAutoScalingGroupsOutput](t)(developer.DescribeAutoScalingGroups(t.Context(), &sdk.DescribeAutoScalingGroupsInput{}))
		_, err = developer.SetDesiredCapacity(t.Context(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(1)})
		w.refused(err, "AccessDenied", "autoscaling:SetDesiredCapacity")
		_, err = developer.SetDesiredCapacity(t.Context(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("dev"), DesiredCapacity: aws.Int32(1)})
		w.refused(err, "ValidationError", "AutoScalingGroup 'dev' not found")
	})
}

func TestNotificationConfigurationsAreKept(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 0, 1)
		web, topic := aws.String("web"), aws.String("arn:aws:sns:us-east-1:1:t")
		put := func(kinds ...string) error {
			_, err := w.PutNotificationConfiguration(t.Context(), &sdk.PutNotificationConfigurationInput{
				AutoScalingGroupName: web, TopicARN: topic, NotificationTypes: kinds})
			return err
		}
		w.refused(put("autoscaling:NONE"), "ValidationError", "is not a valid Notification Type")
		if err := put("autoscaling:EC2_INSTANCE_LAUNCH", "autoscaling:EC2_INSTANCE_TERMINATE"); err != nil {
			t.Fatal(err)
		}
		w.restart()
		count := func() int {
			return len(must[*sdk.DescribeNotificationConfigurationsOutput](t)(w.DescribeNotificationConfigurations(t.Context(),
				&sdk.DescribeNotificationConfigurationsInput{AutoScalingGroupNames: []string{"web"}})).NotificationConfigurations)
		}
		if n := count(); n != 2 {
			t.Errorf("there are %d, want 2", n)
		}
		must[*sdk.DeleteNotificationConfigurationOutput](t)(w.DeleteNotificationConfiguration(t.Context(),
			&sdk.DeleteNotificationConfigurationInput{AutoScalingGroupName: web, TopicARN: topic}))
		if n := count(); n != 0 {
			t.Errorf("there are %d after the topic was taken out", n)
		}
	})
}
