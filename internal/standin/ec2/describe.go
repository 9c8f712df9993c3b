package ec2

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) instanceOperations() awswire.Operations {
	return awswire.Operations{
		"RunInstances": writes(s, "RunInstances", func(*ec2.RunInstancesInput) []string {
			return []string{s.arn("instance", "*")}
		}, s.runInstances),
		"DescribeInstances":      reads("DescribeInstances", nil, s.describeInstances),
		"DescribeInstanceStatus": reads("DescribeInstanceStatus", nil, s.describeInstanceStatus),
		"GetConsoleOutput": reads("GetConsoleOutput", func(in *ec2.GetConsoleOutputInput) []string {
			return s.arns("instance", []string{aws.ToString(in.InstanceId)})
		}, s.getConsoleOutput),
	}
}

var idPattern = regexp.MustCompile(`^i-([0-9a-f]{8}|[0-9a-f]{17})$`)

// find returns the instances of those ids, in their order.
func (s *Service) find(ids []string) ([]instance, error) {
	list := make([]instance, 0, len(ids))
	var lost []string
	for _, id := range ids {
		i, ok := s.instances.Get(id)
		switch {
		case !idPattern.MatchString(id):
			return nil, awswire.Errorf("InvalidInstanceID.Malformed", `Invalid id: "%s"`, id)
		case !ok:
			lost = append(lost, id)
		case !slices.ContainsFunc(list, func(other instance) bool { return other.ID == id }):
			list = append(list, i)
		}
	}
	if len(lost) > 0 {
		return nil, instancesNotFound(lost)
	}
	return list, nil
}

// chosen are the instances of those ids, or all, in the order of their launch.
func (s *Service) chosen(ids []string) (list []instance, err error) {
	if list = s.instances.All(); len(ids) > 0 {
		if list, err = s.find(ids); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b instance) int { return cmp.Compare(order(a), order(b)) })
	return list, nil
}

// order sorts instances by age.
func order(i instance) string {
	return i.CreatedAt.Format("20060102150405.000000000") + i.Reservation + strconv.Itoa(1_000_000+int(i.Index))
}

// facts are what filters may ask of an instance.
func (s *Service) facts(i instance) facts {
	f := facts{
		"instance-id": {i.ID}, "instance-state-name": {string(i.State)}, "instance-state-code": {strconv.Itoa(int(stateCodes[i.State]))},
		"availability-zone": {i.Zone}, "image-id": {i.Image}, "instance-type": {i.Type}, "reservation-id": {i.Reservation},
		"launch-index": {strconv.Itoa(int(i.Index))}, "owner-id": {s.cfg.Account}, "client-token": {i.Token}, "key-name": {i.Key},
		"architecture": {string(architecture())}, "tenancy": {"default"}, "root-device-type": {"ebs"}, "virtualization-type": {"hvm"},
		"launch-time": {i.LaunchedAt.Format("2006-01-02T15:04:05.000Z")}, "instance-lifecycle": {}, "platform": {},
		"iam-instance-profile.arn": {i.Profile}, "iam-instance-profile.id": {i.ProfileID}, "metadata-options.http-tokens": {"required"},
		"private-ip-address": {}, "private-dns-name": {}, "subnet-id": {}, "vpc-id": {}, "instance.group-id": {}, "group-id": {},
		"network-interface.subnet-id": {}, "network-interface.vpc-id": {}, "ip-address": {}, "dns-name": {},
	}.withTags(i.Tags)
	if !i.over() {
		f["private-ip-address"], f["private-dns-name"] = []string{i.Address}, []string{s.hostname(i.Address)}
		f["subnet-id"], f["vpc-id"] = []string{s.subnetOf(i.Zone)}, []string{s.vpc()}
		f["network-interface.subnet-id"], f["network-interface.vpc-id"] = f["subnet-id"], f["vpc-id"]
		f["instance.group-id"], f["group-id"] = i.Groups, i.Groups
	}
	return f
}

// checkPage refuses what AWS refuses of a page.
func checkPage(limit *int32, ids int) error {
	switch {
	case limit == nil:
		return nil
	case ids > 0:
		return awswire.Errorf("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults")
	case *limit < 5 || *limit > 1000:
		return invalid("Value ( %d ) for parameter maxResults is invalid. Expecting a value between 5 and 1000.", *limit)
	}
	return nil
}

func (s *Service) describeInstances(_ context.Context, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	if err := checkPage(in.MaxResults, len(in.InstanceIds)); err != nil {
		return nil, err
	}
	list, err := s.chosen(in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if list, err = filtered(list, in.Filters, s.facts); err != nil {
		return nil, err
	}
	list, next, err := pageOf(list, in.MaxResults, in.NextToken, order)
	return &ec2.DescribeInstancesOutput{Reservations: s.reservations(list), NextToken: next}, err
}

// describeInstanceStatus tells of running instances, unless all are wanted.
func (s *Service) describeInstanceStatus(_ context.Context, in *ec2.DescribeInstanceStatusInput) (*ec2.DescribeInstanceStatusOutput, error) {
	if err := checkPage(in.MaxResults, len(in.InstanceIds)); err != nil {
		return nil, err
	}
	list, err := s.chosen(in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if !aws.ToBool(in.IncludeAllInstances) {
		list = slices.DeleteFunc(list, func(i instance) bool { return i.State != types.InstanceStateNameRunning })
	}
	list, err = filtered(list, in.Filters, func(i instance) facts {
		status := string(statusOf(i).Status)
		f := s.facts(i)
		f["instance-status.status"], f["system-status.status"] = []string{status}, []string{status}
		return f
	})
	if err != nil {
		return nil, err
	}
	list, next, err := pageOf(list, in.MaxResults, in.NextToken, order)
	out := &ec2.DescribeInstanceStatusOutput{InstanceStatuses: []types.InstanceStatus{}, NextToken: next}
	for _, i := range list {
		out.InstanceStatuses = append(out.InstanceStatuses, types.InstanceStatus{
			InstanceId: &i.ID, AvailabilityZone: &i.Zone, AvailabilityZoneId: aws.String(s.zoneID(i.Zone)), InstanceState: stateOf(i.State),
			InstanceStatus: statusOf(i), SystemStatus: statusOf(i),
		})
	}
	return out, err
}

// statusOf is what AWS's checks say: a machine that runs is reachable.
func statusOf(i instance) *types.InstanceStatusSummary {
	if i.State != types.InstanceStateNameRunning {
		return &types.InstanceStatusSummary{Status: types.SummaryStatusNotApplicable}
	}
	return &types.InstanceStatusSummary{Status: types.SummaryStatusOk, Details: []types.InstanceStatusDetails{
		{Name: types.StatusNameReachability, Status: types.StatusTypePassed},
	}}
}

func (s *Service) getConsoleOutput(_ context.Context, in *ec2.GetConsoleOutputInput) (*ec2.GetConsoleOutputOutput, error) {
	if in.InstanceId == nil {
		return nil, missing("InstanceId")
	}
	if _, err := s.find([]string{*in.InstanceId}); err != nil {
		return nil, err
	}
	text, at, err := s.cfg.Machines.Console(*in.InstanceId)
	if err != nil {
		return nil, err
	}
	return consoleOutput(*in.InstanceId, text, at), nil
}

func consoleOutput(id string, text []byte, at time.Time) *ec2.GetConsoleOutputOutput {
	out := &ec2.GetConsoleOutputOutput{InstanceId: &id, Timestamp: &at}
	if len(text) > 0 {
		out.Output = aws.String(base64Of(text))
	}
	return out
}
