package cloudtrail

import (
	"reflect"
	"testing"
)

// Names are kept, and nothing else: no secret, no token, no document.
func TestNames(t *testing.T) {
	type location struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
	}
	in := struct {
		UserName, SecretAccessKey, SessionToken, PolicyDocument, Description string
		AccessKey                                                            struct{ AccessKeyId, SecretAccessKey string }
		InstanceNames                                                        []string `json:"instanceNames"`
		S3Location                                                           location `json:"s3Location"`
	}{UserName: "anna", SecretAccessKey: "s", SessionToken: "t", PolicyDocument: "{}", Description: "d"}
	in.AccessKey.AccessKeyId, in.AccessKey.SecretAccessKey = "AKIA1", "s"
	in.InstanceNames, in.S3Location = []string{"web-1"}, location{"b", "k"}
	want := map[string]any{
		"userName": "anna", "accessKey": map[string]any{"accessKeyId": "AKIA1"},
		"instanceNames": []any{"web-1"}, "s3Location": map[string]any{"bucket": "b", "key": "k"},
	}
	if got := names(&in); !reflect.DeepEqual(got, want) {
		t.Errorf("names are %v, want %v", got, want)
	}
	if got := names(nil); got != nil {
		t.Errorf("names of nothing are %v", got)
	}
}

func TestReads(t *testing.T) {
	for operation, want := range map[string]bool{
		"GetDeployment": true, "PlanDeployment": true, "ListRoles": true, "BatchGetDeployments": true, "LookupEvents": true, "PutMetricData": true,
		"GetSessionToken": false, "AssumeRole": false, "CreateDeployment": false, "StopDeployment": false,
	} {
		if got := reads(operation); got != want {
			t.Errorf("reads(%s) is %v", operation, got)
		}
	}
}
