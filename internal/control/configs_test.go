package control_test

import (
	"fmt"
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

func TestCustomConfigsAreLimited(t *testing.T) {
	w := newWorld(t)
	half := &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: 50}
	for i := range 200 {
		must(t)(w.CreateConfig(t.Context(), admin, control.ConfigRequest{Name: fmt.Sprintf("c%d", i), Healthy: half}))
	}
	_, err := w.CreateConfig(t.Context(), admin, control.ConfigRequest{Name: "more", Healthy: half})
	wantError(t, err, "DeploymentConfigLimitExceeded", "200")
	if err := w.DeleteConfig(t.Context(), admin, "c7"); err != nil {
		t.Fatal(err)
	}
	must(t)(w.CreateConfig(t.Context(), admin, control.ConfigRequest{Name: "more", Healthy: half}))
}
