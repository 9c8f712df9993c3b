package control_test

import (
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// The last one that a quota allows is made, the next one is not.
func TestQuotas(t *testing.T) {
	ctx := t.Context()
	few := deploy.Quotas{Applications: 2, Groups: 2, Configs: 2}
	for _, c := range []struct {
		name, code string
		make       func(w *world, name string) error
	}{
		{"applications", "ApplicationLimitExceeded", func(w *world, name string) error {
			_, err := w.CreateApplication(ctx, admin, name, "", nil)
			return err
		}},
		{"groups", "DeploymentGroupLimitExceeded", func(w *world, name string) error {
			_, err := w.CreateGroup(ctx, admin, "web", name, control.GroupSettings{ServiceRoleARN: role}, nil)
			return err
		}},
		{"configs", "DeploymentConfigLimitExceeded", func(w *world, name string) error {
			_, err := w.CreateConfig(ctx, admin, control.ConfigRequest{Name: name, Healthy: &deploy.MinimumHealthy{Type: deploy.HostCount}})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(c *control.Config) { c.Quotas = few })
			if c.name == "groups" {
				must(t)(w.CreateApplication(ctx, admin, "web", "", nil))
			}
			for _, name := range []string{"first", "second"} {
				if err := c.make(w, name); err != nil {
					t.Fatal(err)
				}
			}
			wantError(t, c.make(w, "third"), c.code, "no more are allowed")
		})
	}
}

// A config stays while a group names it or a deployment under way goes by it.
func TestAConfigInUseIsKept(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	must(t)(w.CreateConfig(ctx, admin, control.ConfigRequest{Name: "mine", Healthy: &deploy.MinimumHealthy{Type: deploy.HostCount}}))
	id := must(t)(w.CreateDeployment(ctx, admin, control.DeploymentRequest{
		Application: "web", Group: "prod", Revision: bundle, ConfigName: "mine",
	}))
	wantError(t, w.DeleteConfig(ctx, admin, "mine"), "DeploymentConfigInUse", "mine")
	w.end(t, id, deploy.Queued, deploy.InProgress, deploy.Succeeded)
	if err := w.DeleteConfig(ctx, admin, "mine"); err != nil {
		t.Errorf("after the deployment: %v", err)
	}
}
