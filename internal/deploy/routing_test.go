package deploy

import (
	"encoding/json"
	"testing"
)

func TestPredefinedConfigsAreAWSs(t *testing.T) {
	perPlatform, ids := map[Platform]int{}, map[string]bool{}
	for _, c := range PredefinedConfigs() {
		perPlatform[c.Platform]++
		ids[c.ID] = true
		if (c.Traffic == nil) != (c.Platform == Server) || (c.Healthy == MinimumHealthy{}) != (c.Platform != Server) {
			t.Errorf("%+v", c)
		}
		if found, ok := Predefined(c.Name); !ok || found.ID != c.ID || len(c.ID) != 36 {
			t.Errorf("%s: %+v, %v", c.Name, found, ok)
		}
	}
	if perPlatform[Server] != 3 || perPlatform[Lambda] != 9 || perPlatform[ECS] != 5 || len(ids) != 17 {
		t.Errorf("%v, %d ids", perPlatform, len(ids))
	}
	for _, p := range Platforms {
		if c, ok := Predefined(DefaultConfig(p)); !ok || c.Platform != p {
			t.Errorf("default of %s: %+v", p, c)
		}
	}
}

// What was stored before there were routing and zones reads as before.
func TestOldConfigsRead(t *testing.T) {
	var c Config
	err := json.Unmarshal([]byte(`{"id":"1","name":"n","platform":"Server","healthy":{"type":"HOST_COUNT","value":3}}`), &c)
	if err != nil || c.Healthy != (MinimumHealthy{HostCount, 3}) || c.Traffic != nil || c.Zonal != nil {
		t.Errorf("%+v, %v", c, err)
	}
}
