package slipway_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/slipway/slipway/"

// layers is the import law: what each room may import of this module, besides the rooms
// inside itself. A room that is not here may not exist. Read it from the top: what stands
// higher knows nothing of what stands lower.
var layers = map[string]string{
	// The centre: no I/O, no clock.
	"internal/deploy":  "",
	"internal/appspec": "internal/deploy",
	"internal/rollout": "internal/deploy",

	// Contracts, and those who keep them.
	"internal/identity":            "",
	"internal/store":               "internal/deploy",
	"internal/audit":               "",
	"internal/store/sqlite":        "internal/deploy internal/store internal/identity internal/audit",
	"internal/platform":            "internal/deploy",
	"internal/platform/server":     "internal/deploy internal/platform internal/store",
	"internal/platform/validation": "internal/deploy internal/platform",
	"internal/platform/lambda":     "internal/deploy internal/appspec internal/platform internal/platform/validation",
	"internal/platform/ecs":        "internal/deploy internal/appspec internal/platform internal/platform/validation",
	"internal/platform/simulated":  "internal/deploy internal/platform",

	// Doing.
	"internal/engine":  "internal/deploy internal/rollout internal/store internal/platform",
	"internal/control": "internal/deploy internal/appspec internal/rollout internal/store internal/identity",
	"internal/scaling": "internal/deploy internal/control internal/store",
	"internal/notify":  "internal/deploy internal/store",
	"internal/survey":  "internal/deploy internal/appspec internal/rollout internal/platform internal/control",
	"internal/sam":     "",
	"internal/alarm":   "",
	"internal/sandbox": "",

	// Edges: translate and nothing else.
	"internal/hostwire":            "",
	"internal/awswire":             "",
	"internal/awsclient":           "",
	"internal/api":                 "internal/deploy internal/control internal/identity internal/awswire",
	"internal/hostapi":             "internal/deploy internal/control internal/identity internal/awswire internal/hostwire",
	"internal/standin/record":      "",
	"internal/standin/iam":         "internal/identity internal/awswire",
	"internal/standin/s3":          "internal/awswire internal/identity",
	"internal/installer":           "",
	"internal/sam/release":         "internal/deploy internal/sam",
	"internal/standin/cloudwatch":  "internal/awswire internal/identity internal/standin/record",
	"internal/standin/elb/plane":   "",
	"internal/standin/elb":         "internal/awswire internal/identity internal/standin/record internal/standin/elb/plane",
	"internal/standin/ec2":         "internal/awswire internal/identity internal/standin/record",
	"internal/standin/ec2/machine": "internal/standin/ec2 internal/sandbox",
	"internal/standin/ecs":         "internal/awswire internal/identity internal/standin/record",
	"internal/standin/ecs/docker":  "internal/standin/ecs",
	"internal/standin/autoscaling": "internal/awswire internal/identity internal/standin/record",
	"internal/standin/lambda":      "internal/awswire internal/identity internal/standin/record internal/sandbox",
	"internal/standin/sns":         "internal/awswire internal/identity internal/standin/record",
	"internal/standin/cloudtrail":  "internal/awswire internal/identity internal/audit",

	// The load balancers' data planes.
	"internal/standin/elb/check":     "internal/standin/elb/plane",
	"internal/standin/elb/forward":   "internal/standin/elb/plane internal/standin/elb/check",
	"internal/standin/elb/haproxy":   "internal/standin/elb/plane internal/standin/elb/check",
	"internal/standin/elb/planetest": "internal/standin/elb/plane",

	// The agent links nothing of the control plane. appspec brings deploy, which is pure.
	"internal/agent": "internal/hostwire internal/appspec internal/deploy",

	// Assembly and proof.
	"internal/server": "internal/deploy internal/store internal/store/sqlite internal/platform internal/platform/server internal/platform/lambda internal/platform/ecs internal/platform/validation internal/engine " +
		"internal/control internal/identity internal/awswire internal/api internal/hostapi internal/standin/iam internal/standin/s3 " +
		"internal/standin/cloudtrail internal/audit internal/installer internal/awsclient internal/alarm internal/survey internal/scaling internal/standin/cloudwatch " +
		"internal/standin/elb internal/standin/elb/plane internal/standin/elb/forward internal/standin/elb/haproxy internal/standin/lambda " +
		"internal/standin/autoscaling internal/standin/ec2 internal/standin/ec2/machine internal/standin/ecs internal/standin/ecs/docker internal/standin/sns internal/notify",
	"internal/cli": "internal/deploy internal/appspec internal/server internal/agent internal/awsclient internal/sandbox internal/sam internal/sam/release",
	"internal/sim": "internal/deploy internal/engine internal/store internal/store/sqlite internal/platform internal/platform/simulated",

	"cmd/slipway":       "internal/cli",
	"cmd/slipway-agent": "internal/agent",
}

// pure lists what the centre may not touch, and why.
var pure = map[string]string{
	"os":           "the planner must be testable without a machine",
	"net":          "the planner must be testable without a network",
	"net/http":     "the planner must be testable without a network",
	"database/sql": "what is durable is the store's business",
	"log/slog":     "what happens is reported by those who do it",
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportLaw(t *testing.T) {
	for _, p := range listPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		room := roomOf(path)
		if room == "" {
			if path != "github.com/slipway/slipway" && !strings.HasPrefix(path, "test/") {
				t.Errorf("%s is in no room: add it to the table", path)
			}
			continue
		}
		allowed := strings.Fields(layers[room])
		for _, imported := range p.Imports {
			target, ours := strings.CutPrefix(imported, module)
			if ours && roomOf(target) != room && !slices.Contains(allowed, roomOf(target)) {
				t.Errorf("%s must not import %s", path, target)
			}
			if why, bad := pure[imported]; bad && isCentre(room) {
				t.Errorf("%s must not import %s: %s", path, imported, why)
			}
		}
	}
}

// roomOf is the longest entry of the table that holds the package.
func roomOf(path string) string {
	for room := path; ; {
		if _, ok := layers[room]; ok {
			return room
		}
		cut := strings.LastIndex(room, "/")
		if cut < 0 {
			return ""
		}
		room = room[:cut]
	}
}

func isCentre(room string) bool {
	return room == "internal/deploy" || room == "internal/appspec" || room == "internal/rollout"
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
