package wire

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAreTheModels(t *testing.T) {
	tests := []struct {
		value any
		want  string
	}{
		{Tag{Key: new("k"), Value: new("v")}, `{"Key":"k","Value":"v"}`},
		{EC2TagFilter{Key: new("k"), Type: EC2TagFilterTypeKeyOnly}, `{"Key":"k","Type":"KEY_ONLY"}`},
		{DeploymentOverview{InProgress: new(int64(2))}, `{"InProgress":2}`},
		{ECSTaskSet{Identifer: new("ecs-svc/1")}, `{"identifer":"ecs-svc/1"}`},
		{S3Location{ETag: new("e"), BundleType: BundleTypeZip}, `{"bundleType":"zip","eTag":"e"}`},
		{ListTagsForResourceInput{ResourceArn: new("arn")}, `{"ResourceArn":"arn"}`},
		{UntagResourceInput{TagKeys: []string{"a"}}, `{"TagKeys":["a"]}`},
		{GetDeploymentInput{DeploymentId: new("d-1")}, `{"deploymentId":"d-1"}`},
		{MinimumHealthyHosts{Value: new(int32(0))}, `{"value":0}`},
		{TagResourceOutput{}, `{}`},
	}
	for _, test := range tests {
		got, err := json.Marshal(test.value)
		if err != nil || string(got) != test.want {
			t.Errorf("%T: got %s, %v; want %s", test.value, got, err, test.want)
		}
	}
}

func TestEmptyListDiffersFromAbsentList(t *testing.T) {
	absent, _ := json.Marshal(BatchGetDeploymentsOutput{})
	empty, _ := json.Marshal(BatchGetDeploymentsOutput{DeploymentsInfo: []DeploymentInfo{}})
	if string(absent) != `{}` || string(empty) != `{"deploymentsInfo":[]}` {
		t.Errorf("absent %s, empty %s", absent, empty)
	}
}

func TestRoundTrip(t *testing.T) {
	in := CreateDeploymentGroupInput{
		ApplicationName:     new("shop"),
		DeploymentGroupName: new("web"),
		DeploymentStyle:     &DeploymentStyle{DeploymentType: DeploymentTypeInPlace},
		Ec2TagSet:           &EC2TagSet{Ec2TagSetList: [][]EC2TagFilter{{{Key: new("role"), Value: new("web")}}}},
		AlarmConfiguration:  &AlarmConfiguration{Enabled: new(false), Alarms: []Alarm{{Name: new("cpu")}}},
		Tags:                []Tag{},
	}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out CreateDeploymentGroupInput
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Errorf("changed on the way (-sent +got):\n%s", diff)
	}
}

func TestTimestamp(t *testing.T) {
	at := time.Date(2015, 11, 5, 17, 23, 8, 711e6, time.UTC)
	text, err := json.Marshal(DeploymentInfo{CreateTime: TimestampOf(at), CompleteTime: TimestampOf(time.Time{})})
	if err != nil || string(text) != `{"createTime":1446744188.711}` {
		t.Fatalf("got %s, %v", text, err)
	}
	var info DeploymentInfo
	if err := json.Unmarshal(text, &info); err != nil || !info.CreateTime.Equal(at) {
		t.Errorf("got %v, %v; want %v", info.CreateTime, err, at)
	}
	for _, bad := range []string{`"2015-11-05T17:23:08Z"`, `{}`, `[1]`, `true`, `1e300`} {
		if err := json.Unmarshal([]byte(`{"createTime":`+bad+`}`), &info); err == nil {
			t.Errorf("%s was taken for a timestamp", bad)
		}
	}
}

func TestOperations(t *testing.T) {
	operations := Operations()
	if len(operations) != 47 {
		t.Fatalf("%d operations, want 47", len(operations))
	}
	silent := 0
	for _, op := range operations {
		if op.NewOutput == nil {
			silent++
		}
		for _, name := range op.Exceptions {
			if !strings.HasSuffix(name, "Exception") {
				t.Errorf("%s lists %q", op.Name, name)
			}
		}
	}
	if silent != 10 {
		t.Errorf("%d operations without output, want 10", silent)
	}
	if got := reflect.ValueOf(DeploymentStatus("").Values()).Len(); got != 8 {
		t.Errorf("%d deployment statuses, want 8", got)
	}
}
