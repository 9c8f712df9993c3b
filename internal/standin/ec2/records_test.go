package ec2_test

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/standin/ec2"
)

// found are the ids of the instances that meet the filters.
func (w *world) found(t *testing.T, filters ...types.Filter) (ids []string) {
	t.Helper()
	for pages := sdk.NewDescribeInstancesPaginator(w.Client, &sdk.DescribeInstancesInput{Filters: filters, MaxResults: aws.Int32(5)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				ids = append(ids, *i.InstanceId)
			}
		}
	}
	return ids
}

func TestFiltersAndPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		web := w.launch(t, 6, func(in *sdk.RunInstancesInput) { in.TagSpecifications = tagged("fleet", "web*") })
		time.Sleep(time.Second)
		db := w.launch(t, 2, func(in *sdk.RunInstancesInput) {
			in.TagSpecifications, in.InstanceType = tagged("fleet", "db"), types.InstanceTypeM5Large
		})
		if _, err := w.StopInstances(t.Context(), &sdk.StopInstancesInput{InstanceIds: db[:1]}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		all := slices.Concat(web, db)
		for _, c := range []struct {
			filters []types.Filter
			want    []string
		}{
			{nil, all},
			{[]types.Filter{filter("tag:fleet", "db", "x")}, db},
			{[]types.Filter{filter("tag:fleet", `web\*`)}, web},
			{[]types.Filter{filter("tag:fleet", "?b")}, db},
			{[]types.Filter{filter("tag:fleet", "w*b*")}, web},
			{[]types.Filter{filter("tag:other", "*")}, nil},
			{[]types.Filter{filter("tag-key", "fleet")}, all},
			{[]types.Filter{filter("instance-state-name", "stopped"), filter("instance-type", "m5.*")}, db[:1]},
			{[]types.Filter{filter("instance-state-code", "16"), filter("tag:fleet", "db")}, db[1:]},
			{[]types.Filter{filter("private-ip-address", *w.one(t, web[3]).PrivateIpAddress)}, web[3:4]},
			{[]types.Filter{filter("availability-zone", "us-east-1b")}, []string{web[1], web[4], db[1]}},
		} {
			if got := w.found(t, c.filters...); !slices.Equal(got, c.want) {
				t.Errorf("%v: %v, want %v", c.filters, got, c.want)
			}
		}
	})
}

func TestTags(t *testing.T) {
	w := newWorld(t)
	ctx, ids := t.Context(), w.launch(t, 2, func(in *sdk.RunInstancesInput) { in.TagSpecifications = tagged("fleet", "web") })
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	if _, err := w.CreateTags(ctx, &sdk.CreateTagsInput{Resources: ids, Tags: []types.Tag{tag("fleet", "db"), tag("rack", "1")}}); err != nil {
		t.Fatal(err)
	}
	// Of a value only that value is removed; without one, whatever the value is.
	if _, err := w.DeleteTags(ctx, &sdk.DeleteTagsInput{Resources: ids[:1], Tags: []types.Tag{tag("fleet", "web"), {Key: aws.String("rack")}}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.DescribeTags(ctx, &sdk.DescribeTagsInput{Filters: []types.Filter{filter("resource-type", "instance")}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range out.Tags {
		got = append(got, *d.ResourceId+" "+*d.Key+"="+*d.Value)
	}
	want := []string{ids[0] + " fleet=db", ids[1] + " fleet=db", ids[1] + " rack=1"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := w.DeleteTags(ctx, &sdk.DeleteTagsInput{Resources: ids}); err != nil {
		t.Fatal(err)
	}
	if left := w.one(t, ids[1]).Tags; len(left) > 0 {
		t.Errorf("after all were deleted: %v", left)
	}
}

func TestLaunchTemplates(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	made, err := w.CreateLaunchTemplate(ctx, &sdk.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"), VersionDescription: aws.String("first"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId: aws.String("ami-11111111"), InstanceType: types.InstanceTypeT3Small, UserData: aws.String("IyE="),
			Placement:         &types.LaunchTemplatePlacementRequest{AvailabilityZone: aws.String("us-east-1c")},
			TagSpecifications: []types.LaunchTemplateTagSpecificationRequest{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("template")}, {Key: aws.String("b"), Value: aws.String("template")}}}},
			MetadataOptions:   &types.LaunchTemplateInstanceMetadataOptionsRequest{InstanceMetadataTags: types.LaunchTemplateInstanceMetadataTagsStateEnabled},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := made.LaunchTemplate.LaunchTemplateId
	second, err := w.CreateLaunchTemplateVersion(ctx, &sdk.CreateLaunchTemplateVersionInput{LaunchTemplateId: id, SourceVersion: aws.String("1"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{ImageId: aws.String("ami-22222222")}})
	if err != nil {
		t.Fatal(err)
	}
	if v := second.LaunchTemplateVersion; *v.VersionNumber != 2 || v.LaunchTemplateData.InstanceType != types.InstanceTypeT3Small || *v.LaunchTemplateData.ImageId != "ami-22222222" {
		t.Errorf("version 2: %+v", v.LaunchTemplateData)
	}
	launch := func(version string, change func(*sdk.RunInstancesInput)) types.Instance {
		return w.one(t, w.launch(t, 1, func(in *sdk.RunInstancesInput) {
			in.ImageId = nil
			in.LaunchTemplate = &types.LaunchTemplateSpecification{LaunchTemplateId: id, Version: aws.String(version)}
			if change != nil {
				change(in)
			}
		})[0])
	}
	if i := launch("$Default", nil); *i.ImageId != "ami-11111111" || i.InstanceType != types.InstanceTypeT3Small || *i.Placement.AvailabilityZone != "us-east-1c" ||
		tagOf(i, "a") != "template" || tagOf(i, "aws:ec2launchtemplate:version") != "1" || tagOf(i, "aws:ec2launchtemplate:id") != *id ||
		i.MetadataOptions.InstanceMetadataTags != types.InstanceMetadataTagsStateEnabled {
		t.Errorf("of the default: %+v", i)
	}
	if i := launch("$Latest", func(in *sdk.RunInstancesInput) {
		in.InstanceType, in.TagSpecifications = types.InstanceTypeM5Large, tagged("a", "request")
	}); *i.ImageId != "ami-22222222" || i.InstanceType != types.InstanceTypeM5Large || tagOf(i, "a") != "request" || tagOf(i, "b") != "template" {
		t.Errorf("of the latest, with more: %+v", i)
	}
	if _, err := w.ModifyLaunchTemplate(ctx, &sdk.ModifyLaunchTemplateInput{LaunchTemplateName: aws.String("web"), DefaultVersion: aws.String("2")}); err != nil {
		t.Fatal(err)
	}
	gone, err := w.DeleteLaunchTemplateVersions(ctx, &sdk.DeleteLaunchTemplateVersionsInput{LaunchTemplateId: id, Versions: []string{"1", "2", "7"}})
	if err != nil || len(gone.SuccessfullyDeletedLaunchTemplateVersions) != 1 || len(gone.UnsuccessfullyDeletedLaunchTemplateVersions) != 2 {
		t.Errorf("delete versions: %+v %v", gone, err)
	}
	list, err := w.DescribeLaunchTemplateVersions(ctx, &sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: id})
	if err != nil || len(list.LaunchTemplateVersions) != 1 || !*list.LaunchTemplateVersions[0].DefaultVersion {
		t.Errorf("versions: %+v %v", list, err)
	}
	if _, err := w.DeleteLaunchTemplate(ctx, &sdk.DeleteLaunchTemplateInput{LaunchTemplateId: id}); err != nil {
		t.Fatal(err)
	}
	if out, err := w.DescribeLaunchTemplates(ctx, &sdk.DescribeLaunchTemplatesInput{}); err != nil || len(out.LaunchTemplates) > 0 {
		t.Errorf("after it was deleted: %v %v", out, err)
	}
}

func tagOf(i types.Instance, key string) string {
	for _, t := range i.Tags {
		if *t.Key == key {
			return *t.Value
		}
	}
	return ""
}

func TestPlaces(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	zones, err := w.DescribeAvailabilityZones(ctx, &sdk.DescribeAvailabilityZonesInput{})
	if err != nil || len(zones.AvailabilityZones) != 3 || *zones.AvailabilityZones[1].ZoneId != "use1-az2" {
		t.Fatalf("zones: %+v %v", zones, err)
	}
	subnets, err := w.DescribeSubnets(ctx, &sdk.DescribeSubnetsInput{Filters: []types.Filter{filter("availability-zone", "us-east-1b")}})
	if err != nil || len(subnets.Subnets) != 1 {
		t.Fatalf("subnets: %+v %v", subnets, err)
	}
	ids := w.launch(t, 2, func(in *sdk.RunInstancesInput) { in.SubnetId = subnets.Subnets[0].SubnetId })
	addresses := map[string]bool{}
	for _, id := range ids {
		i := w.one(t, id)
		if at := netip.MustParseAddr(*i.PrivateIpAddress); *i.Placement.AvailabilityZone != "us-east-1b" || *i.SubnetId != *subnets.Subnets[0].SubnetId || !ec2.DefaultPool.Contains(at) {
			t.Errorf("in the subnet: %+v", i)
		}
		addresses[*i.PrivateIpAddress] = true
	}
	if len(addresses) != 2 {
		t.Errorf("two instances have the addresses %v", addresses)
	}
	for name, err := range map[string]error{
		"regions": second(w.DescribeRegions(ctx, &sdk.DescribeRegionsInput{})),
		"vpcs":    second(w.DescribeVpcs(ctx, &sdk.DescribeVpcsInput{VpcIds: []string{*subnets.Subnets[0].VpcId}})),
		"types":   second(w.DescribeInstanceTypes(ctx, &sdk.DescribeInstanceTypesInput{})),
		"status":  second(w.DescribeInstanceStatus(ctx, &sdk.DescribeInstanceStatusInput{IncludeAllInstances: aws.Bool(true)})),
		"console": second(w.GetConsoleOutput(ctx, &sdk.GetConsoleOutputInput{InstanceId: &ids[0]})),
		"attribute": second(w.DescribeInstanceAttribute(ctx, &sdk.DescribeInstanceAttributeInput{InstanceId: &ids[0],
			Attribute: types.InstanceAttributeNameDisableApiTermination})),
		"protect": second(w.ModifyInstanceAttribute(ctx, &sdk.ModifyInstanceAttributeInput{InstanceId: &ids[0],
			DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.TerminateInstances(ctx, &sdk.TerminateInstancesInput{InstanceIds: ids}); codeOf(err) != "OperationNotPermitted" {
		t.Errorf("a protected instance is terminated: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
