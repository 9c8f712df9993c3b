package control_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/slipway/slipway/internal/deploy"
)

const userARN = "arn:aws:iam::000000000000:user/"

func TestInstanceIdentities(t *testing.T) {
	session := "arn:aws:sts::000000000000:assumed-role/hosts/web-2"
	for _, c := range []struct{ name, user, session, code string }{
		{"web-1", userARN + "web-1", "", "InstanceNameAlreadyRegistered"},
		{"web-2", userARN + "web-0", "", "IamUserArnAlreadyRegistered"},
		{"web-2", "", "arn:aws:sts::000000000000:assumed-role/hosts/web-0", "IamSessionArnAlreadyRegistered"},
		{"web-2", "", "", "IamArnRequired"},
		{"web-2", userARN + "web-2", session, "MultipleIamArnsProvided"},
		{"web-2", "web-2", "", "InvalidIamUserArn"},
		{"web-2", "", userARN + "web-2", "InvalidIamSessionArn"},
		{"", userARN + "web-2", "", "InstanceNameRequired"},
		{"i-12345", userARN + "web-2", "", "InvalidInstanceName"},
		{"web 2", userARN + "web-2", "", "InvalidInstanceName"},
		{"web-2", "", session, ""},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			w := newWorld(t)
			for name, err := range map[string]error{
				"web-0": w.RegisterInstance(t.Context(), admin, "web-0", userARN+"web-0", ""),
				"web-1": w.RegisterInstance(t.Context(), admin, "web-1", "", "arn:aws:sts::000000000000:assumed-role/hosts/web-0"),
			} {
				if err != nil {
					t.Fatal(name, err)
				}
			}
			err := w.RegisterInstance(t.Context(), admin, c.name, c.user, c.session)
			if c.code != "" {
				wantError(t, err, c.code, "")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestANameIsFreeOnceDeregistered(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var arns []string
	for range 2 {
		if err := w.RegisterInstance(ctx, admin, "web-1", userARN+"web-1", ""); err != nil {
			t.Fatal(err)
		}
		i, _ := w.Instance(ctx, admin, "web-1")
		arns = append(arns, i.ARN)
		for range 2 { // twice is as good as once
			if err := w.DeregisterInstance(ctx, admin, "web-1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if arns[0] == arns[1] {
		t.Errorf("both registrations have the ARN %s", arns[0])
	}
	if i, err := w.Instance(ctx, admin, "web-1"); err != nil || i.Registered() {
		t.Errorf("instance is %+v, %v; want a deregistered one", i, err)
	}
	if err := w.DeregisterInstance(ctx, admin, "nobody"); err != nil {
		t.Errorf("deregistering a missing instance: %v", err)
	}
	wantError(t, w.TagInstances(ctx, admin, []string{"web-1"}, []deploy.Tag{{Key: "a", Value: "b"}}), "InstanceNotRegistered", "web-1")
}

// A change of tags that cannot be made on one instance is made on none.
func TestTagsChangeOnAllOrNone(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for _, name := range []string{"web-1", "web-2"} {
		if err := w.RegisterInstance(ctx, admin, name, userARN+name, ""); err != nil {
			t.Fatal(err)
		}
	}
	nine := make([]deploy.Tag, 9)
	for i := range nine {
		nine[i] = deploy.Tag{Key: fmt.Sprint("k", i), Value: "v"}
	}
	if err := w.TagInstances(ctx, admin, []string{"web-2"}, nine); err != nil {
		t.Fatal(err)
	}
	two := []deploy.Tag{{Key: "tier", Value: "web"}, {Key: "zone", Value: "a"}}
	wantError(t, w.TagInstances(ctx, admin, []string{"web-1", "web-2"}, two), "TagLimitExceeded", "web-2 would have 11 tags")
	wantError(t, w.TagInstances(ctx, admin, []string{"web-1", "nobody"}, two), "InstanceNotRegistered", "nobody")
	if i, _ := w.Instance(ctx, admin, "web-1"); len(i.Tags) > 0 {
		t.Errorf("web-1 has %v, want no tags", i.Tags)
	}

	// Adding replaces the value of a key; removing needs key and value.
	for _, err := range []error{
		w.TagInstances(ctx, admin, []string{"web-1"}, two),
		w.TagInstances(ctx, admin, []string{"web-1"}, []deploy.Tag{{Key: "tier", Value: "db"}}),
		w.UntagInstances(ctx, admin, []string{"web-1"}, two),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	i, _ := w.Instance(ctx, admin, "web-1")
	if want := []deploy.Tag{{Key: "tier", Value: "db"}}; !reflect.DeepEqual(i.Tags, want) {
		t.Errorf("web-1 has %v, want %v", i.Tags, want)
	}
}
