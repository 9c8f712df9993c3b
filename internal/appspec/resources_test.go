package appspec_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/deploy"
)

// oneFunction is an AppSpec with a gap for what a case adds or replaces.
func oneFunction(change ...string) string {
	return strings.NewReplacer(change...).Replace(`version: 0.0
Resources:
  - shop:
      Type: AWS::Lambda::Function
      Properties:
        Name: shop
        Alias: live
        CurrentVersion: 1
        TargetVersion: 2
Hooks:
  - BeforeAllowTraffic: check
  - AfterAllowTraffic: arn:aws:lambda:us-east-1:123456789012:function:verify
`)
}

var shopFunction = deploy.Function{Name: "shop", Alias: "live", Current: "1", Target: "2"}

func TestParseFunctions(t *testing.T) {
	hooks := map[deploy.Event]string{deploy.BeforeAllowTraffic: "check",
		deploy.AfterAllowTraffic: "arn:aws:lambda:us-east-1:123456789012:function:verify"}
	for name, c := range map[string]struct {
		text string
		want appspec.Resources
	}{
		"yaml":         {oneFunction(), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"small keys":   {strings.NewReplacer("Resources:", "resources:", "Hooks:", "hooks:", "Type:", "type:", "Properties:", "properties:", "Name:", "name:", "Alias:", "alias:", "CurrentVersion", "currentVersion", "TargetVersion", "targetVersion").Replace(oneFunction()), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"quoted":       {oneFunction("version: 0.0", "version: '0.0'", "CurrentVersion: 1", `CurrentVersion: "1"`), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"version 0":    {oneFunction("version: 0.0", "version: 0"), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"spaces":       {oneFunction("Name: shop", "Name: ' shop '"), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"no hooks":     {oneFunction()[:strings.Index(oneFunction(), "Hooks:")], appspec.Resources{Functions: []deploy.Function{shopFunction}}},
		"null hooks":   {oneFunction()[:strings.Index(oneFunction(), "Hooks:")] + "Hooks:\n", appspec.Resources{Functions: []deploy.Function{shopFunction}}},
		"empty hook":   {oneFunction("BeforeAllowTraffic: check", "BeforeAllowTraffic: ''", "  - AfterAllowTraffic: arn:aws:lambda:us-east-1:123456789012:function:verify\n", ""), appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: map[deploy.Event]string{}}},
		"unknown keys": {oneFunction("Name: shop", "Name: shop\n        Memory: 128") + "Comment: hello\n", appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: hooks}},
		"two functions": {oneFunction("Hooks:", `  - cart:
      Type: AWS::Lambda::Function
      Properties: {Name: cart, Alias: live, CurrentVersion: 10, TargetVersion: 9}
Hooks:`), appspec.Resources{Functions: []deploy.Function{shopFunction, {Name: "cart", Alias: "live", Current: "10", Target: "9"}}, Hooks: hooks}},
		"two aliases of a function": {oneFunction("Hooks:", `  - test:
      Type: AWS::Lambda::Function
      Properties: {Name: shop, Alias: test, CurrentVersion: 1, TargetVersion: 2}
Hooks:`), appspec.Resources{Functions: []deploy.Function{shopFunction, {Name: "shop", Alias: "test", Current: "1", Target: "2"}}, Hooks: hooks}},
		"json with tabs": {"{\n\t\"version\": 0.0,\n\t\"Resources\": [{\"shop\": {\"Type\": \"AWS::Lambda::Function\",\n\t\t\"Properties\": {\"Name\": \"shop\", \"Alias\": \"live\", \"CurrentVersion\": \"1\", \"TargetVersion\": 2}}}],\n\t\"Hooks\": [{\"BeforeAllowTraffic\": \"check\"}]\n}\n",
			appspec.Resources{Functions: []deploy.Function{shopFunction}, Hooks: map[deploy.Event]string{deploy.BeforeAllowTraffic: "check"}}},
		"yaml alias": {"version: 0.0\nx: &it {Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 2}\nResources: [{shop: {Type: 'AWS::Lambda::Function', Properties: *it}}]\n",
			appspec.Resources{Functions: []deploy.Function{shopFunction}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := appspec.ParseFunctions([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFunctionsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":                {"", "was empty. Make sure your AppSpec file defines at minimum the 'version' and 'Resources' properties."},
		"a list":               {"- a\n", "AppSpec"},
		"no yaml":              {"a: [", "AppSpec"},
		"no version":           {oneFunction("version: 0.0\n", ""), `its version is ""; it must be 0.0.`},
		"another version":      {oneFunction("version: 0.0", "version: 1.0"), `line 1: its version is "1.0"; it must be 0.0.`},
		"no resources":         {"version: 0.0\n", "Resources must be a list with a resource of type AWS::Lambda::Function."},
		"empty resources":      {"version: 0.0\nResources: []\n", "line 2: Resources must be a list with a resource of type AWS::Lambda::Function."},
		"resources are a map":  {oneFunction("  - shop:", "    shop:"), "line 3: Resources must be a list"},
		"resource is text":     {"version: 0.0\nResources: [shop]\n", "line 2: a resource must be a name with its Type and Properties below."},
		"resource of two":      {"version: 0.0\nResources: [{a: {}, b: {}}]\n", "line 2: a resource must be a name with its Type and Properties below."},
		"resource without all": {"version: 0.0\nResources: [{shop: }]\n", `line 2: the resource shop has the type ""`},
		"unknown type":         {oneFunction("AWS::Lambda::Function", "AWS::Lambda::Version"), `line 3: the resource shop has the type "AWS::Lambda::Version"; on this compute platform it is AWS::Lambda::Function.`},
		"type of ECS":          {oneFunction("AWS::Lambda::Function", "AWS::ECS::Service"), `the type "AWS::ECS::Service"; on this compute platform it is AWS::Lambda::Function.`},
		"no properties":        {oneFunction("Properties:", "Property:"), "line 3: the resource shop has no Properties."},
		"text for properties":  {"version: 0.0\nResources: [{shop: {Type: 'AWS::Lambda::Function', Properties: x}}]\n", "the resource shop has no Properties."},
		"no name":              {oneFunction("        Name: shop\n", ""), "line 6: Name is missing."},
		"blank name":           {oneFunction("Name: shop", "Name: '  '"), "Name is missing."},
		"no alias":             {oneFunction("        Alias: live\n", ""), "line 6: Alias is missing."},
		"no current version":   {oneFunction("        CurrentVersion: 1\n", ""), "line 6: CurrentVersion is missing."},
		"no target version":    {oneFunction("        TargetVersion: 2\n", ""), "line 6: TargetVersion is missing."},
		"list for a name":      {oneFunction("Name: shop", "Name: [shop]"), "line 6: Name is not a plain value."},
		"$LATEST":              {oneFunction("TargetVersion: 2", "TargetVersion: $LATEST"), `"$LATEST" is not the number of a published version.`},
		"version 0 of it":      {oneFunction("CurrentVersion: 1", "CurrentVersion: 0"), `"0" is not the number of a published version.`},
		"half a version":       {oneFunction("CurrentVersion: 1", "CurrentVersion: 1.5"), `"1.5" is not the number of a published version.`},
		"a key twice":          {oneFunction("Alias: live", "Name: cart\n        Alias: live"), "Name"},
		"a key in two cases":   {oneFunction("Alias: live", "name: cart\n        Alias: live"), "line 7: name is there twice, on line 6 as Name; remove one of them."},
		"two targets for one alias": {oneFunction("Hooks:", `  - again:
      Type: AWS::Lambda::Function
      Properties: {Name: shop, Alias: live, CurrentVersion: 1, TargetVersion: 3}
Hooks:`), "line 12: it has the alias live of the function shop twice; give each alias one resource."},
		"hooks are a map":    {oneFunction("  - BeforeAllowTraffic", "    BeforeAllowTraffic", "  - AfterAllowTraffic", "    AfterAllowTraffic"), "line 11: Hooks must be a list, each entry an event and its function."},
		"hook is text":       {oneFunction("  - BeforeAllowTraffic: check", "  - check"), "line 11: a hook must be an event and its function, such as BeforeAllowTraffic: check."},
		"unknown hook":       {oneFunction("BeforeAllowTraffic: check", "BeforeTraffic: check"), `line 11: there is no hook "BeforeTraffic" here; there are BeforeAllowTraffic, AfterAllowTraffic.`},
		"hook in small":      {oneFunction("BeforeAllowTraffic: check", "beforeAllowTraffic: check"), `there is no hook "beforeAllowTraffic" here`},
		"hook of ECS":        {oneFunction("BeforeAllowTraffic: check", "AfterInstall: check"), `there is no hook "AfterInstall" here`},
		"event of no hook":   {oneFunction("BeforeAllowTraffic: check", "AllowTraffic: check"), `there is no hook "AllowTraffic" here`},
		"list of functions":  {oneFunction("BeforeAllowTraffic: check", "BeforeAllowTraffic: [check]"), "line 11: the function of BeforeAllowTraffic is not a plain value."},
		"hook twice":         {oneFunction("AfterAllowTraffic: arn", "BeforeAllowTraffic: arn"), "line 12: BeforeAllowTraffic has two functions."},
		"json, unknown type": {`{"version": "0.0", "Resources": [{"shop": {"Type": "AWS::S3::Bucket", "Properties": {}}}]}`, `the resource shop has the type "AWS::S3::Bucket"`},
		"json, cut off":      {`{"version": "0.0", "Resources": [{"shop"`, "AppSpec"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := appspec.ParseFunctions([]byte(c.text))
			wantSpecError(t, err, c.want)
		})
	}
}

// wantSpecError wants an *Error with that in its text.
func wantSpecError(t *testing.T, err error, part string) {
	t.Helper()
	e, ok := errors.AsType[*appspec.Error](err)
	if !ok || !strings.Contains(e.Text, part) {
		t.Fatalf("got %#v, %v; want a text with %q", err, err, part)
	}
}

// oneService is an AppSpec with a gap for what a case adds or replaces.
func oneService(change ...string) string {
	return strings.NewReplacer(change...).Replace(`version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: arn:aws:ecs:us-east-1:123456789012:task-definition/web:2
        LoadBalancerInfo:
          ContainerName: web
          ContainerPort: 8080
`)
}

const serviceDetails = `        PlatformVersion: LATEST
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: [subnet-1, subnet-2]
            SecurityGroups: [sg-1]
            AssignPublicIp: ENABLED
        CapacityProviderStrategy:
          - {CapacityProvider: FARGATE, Base: 1, Weight: 2}
          - {CapacityProvider: FARGATE_SPOT}
Hooks:
  - BeforeInstall: one
  - AfterInstall: two
  - AfterAllowTestTraffic: three
  - BeforeAllowTraffic: four
  - AfterAllowTraffic: five
`

func TestParseService(t *testing.T) {
	least := deploy.TaskSetSpec{TaskDefinition: "arn:aws:ecs:us-east-1:123456789012:task-definition/web:2", ContainerName: "web", ContainerPort: 8080}
	most := least
	most.PlatformVersion = "LATEST"
	most.Network = &deploy.Network{Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-1"}, AssignPublicIP: "ENABLED"}
	most.Capacity = []deploy.CapacityProvider{{Name: "FARGATE", Base: 1, Weight: 2}, {Name: "FARGATE_SPOT"}}
	for name, c := range map[string]struct {
		text string
		want appspec.Resources
	}{
		"least": {oneService(), appspec.Resources{Service: &least}},
		"most": {oneService() + serviceDetails, appspec.Resources{Service: &most, Hooks: map[deploy.Event]string{
			deploy.BeforeInstall: "one", deploy.AfterInstall: "two", deploy.AfterAllowTestTraffic: "three",
			deploy.BeforeAllowTraffic: "four", deploy.AfterAllowTraffic: "five"}}},
		"json": {`{"version": 0.0, "Resources": [{"it": {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition":
			"arn:aws:ecs:us-east-1:123456789012:task-definition/web:2", "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}}}}]}`,
			appspec.Resources{Service: &least}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := appspec.ParseService([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestServicesThatAreRefused(t *testing.T) {
	whole := oneService() + serviceDetails
	replaced := func(change ...string) string { return strings.NewReplacer(change...).Replace(whole) }
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"# nothing\n", "defines at minimum the 'version' and 'Resources' properties."},
		"another version":    {oneService("version: 0.0", "version: 2"), `its version is "2"; it must be 0.0.`},
		"no resources":       {"version: 0.0\n", "Resources must be a list with a resource of type AWS::ECS::Service."},
		"type of Lambda":     {oneService("AWS::ECS::Service", "AWS::Lambda::Function"), `the type "AWS::Lambda::Function"; on this compute platform it is AWS::ECS::Service.`},
		"two services":       {oneService() + "  - b: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: b}}\n", "it has 2 resources; an ECS deployment has one service."},
		"no definition":      {oneService("TaskDefinition:", "Task:"), "line 6: TaskDefinition is missing."},
		"no balancer":        {oneService("LoadBalancerInfo:", "LoadBalancer:"), "LoadBalancerInfo is missing: it needs ContainerName and ContainerPort."},
		"text for balancer":  {"version: 0.0\nResources: [{a: {Type: 'AWS::ECS::Service', Properties: {TaskDefinition: b, LoadBalancerInfo: web}}}]\n", "LoadBalancerInfo is missing"},
		"no container":       {oneService("ContainerName: web", "Container: web"), "line 8: ContainerName is missing."},
		"no port":            {oneService("ContainerPort: 8080", "ContainerPort:"), "line 8: ContainerPort is missing."},
		"port 0":             {oneService("8080", "0"), "line 9: the ContainerPort is not a port: 0."},
		"port of letters":    {oneService("8080", "http"), "line 9: the ContainerPort is not a port: http."},
		"port too high":      {oneService("8080", "65536"), "line 9: the ContainerPort is not a port: 65536."},
		"no vpc":             {replaced("AwsvpcConfiguration", "VpcConfiguration"), "NetworkConfiguration needs AwsvpcConfiguration with Subnets, SecurityGroups and AssignPublicIp."},
		"text for subnets":   {replaced("[subnet-1, subnet-2]", "subnet-1"), "Subnets is not a list."},
		"no subnets":         {replaced("[subnet-1, subnet-2]", "[]"), "AwsvpcConfiguration needs Subnets, and AssignPublicIp ENABLED or DISABLED."},
		"list for a subnet":  {replaced("[subnet-1, subnet-2]", "[[subnet-1]]"), "Subnets has an entry that is not a plain value."},
		"groups are a map":   {replaced("[sg-1]", "{a: b}"), "SecurityGroups is not a list."},
		"no public ip":       {replaced("AssignPublicIp: ENABLED", "Assign: ENABLED"), "AssignPublicIp is missing."},
		"public ip yes":      {replaced("AssignPublicIp: ENABLED", "AssignPublicIp: yes"), "AssignPublicIp ENABLED or DISABLED."},
		"strategy is text":   {oneService() + "        CapacityProviderStrategy: FARGATE\n", "CapacityProviderStrategy is not a list."},
		"provider of nobody": {replaced("{CapacityProvider: FARGATE_SPOT}", "{Base: 1}"), "CapacityProvider is missing."},
		"provider is text":   {replaced("{CapacityProvider: FARGATE_SPOT}", "FARGATE_SPOT"), "CapacityProvider is missing."},
		"negative weight":    {replaced("Weight: 2", "Weight: -2"), "Weight is not a number: -2."},
		"unknown hook":       {replaced("AfterInstall", "ApplicationStart"), `there is no hook "ApplicationStart" here; there are BeforeInstall, AfterInstall, AfterAllowTestTraffic, BeforeAllowTraffic, AfterAllowTraffic.`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := appspec.ParseService([]byte(c.text))
			wantSpecError(t, err, c.want)
		})
	}
}

// FuzzParseResources: whatever the text, it is refused with a reason, or read and, written again, read
// as the same. The deployment that undoes one of functions writes such a text itself.
func FuzzParseResources(f *testing.F) {
	f.Add([]byte(oneFunction()))
	f.Add([]byte(oneService() + serviceDetails))
	f.Add([]byte(`{"version": 0.0, "Resources": [{"shop": {"Type": "AWS::Lambda::Function", "Properties": {"Name": "shop"}}}]}`))
	f.Add([]byte("version: 0.0\nResources: &a\n- *a\nHooks: [{? [a] : b}]\n"))
	f.Add([]byte("version: 0\nResources: [{? {a: b} : {Type: 'AWS::ECS::Service', Properties: {}}}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, parse := range []func([]byte) (*appspec.Resources, error){appspec.ParseFunctions, appspec.ParseService} {
			spec, err := parse(text)
			if err != nil {
				if e, ok := errors.AsType[*appspec.Error](err); !ok || e.Text == "" {
					t.Fatalf("error without a text: %#v", err)
				}
				continue
			}
			again, err := parse(written(t, spec))
			if diff := cmp.Diff(spec, again); err != nil || diff != "" {
				t.Fatalf("%q was read as %+v, and written again %v\n%s", text, spec, err, diff)
			}
		}
	})
}

// written is the AppSpec of r, in JSON.
func written(t *testing.T, r *appspec.Resources) []byte {
	t.Helper()
	type m = map[string]any
	var resources []m
	if s := r.Service; s != nil {
		properties := m{"TaskDefinition": s.TaskDefinition, "PlatformVersion": s.PlatformVersion,
			"LoadBalancerInfo": m{"ContainerName": s.ContainerName, "ContainerPort": s.ContainerPort}}
		if n := s.Network; n != nil {
			properties["NetworkConfiguration"] = m{"AwsvpcConfiguration": m{
				"Subnets": n.Subnets, "SecurityGroups": n.SecurityGroups, "AssignPublicIp": n.AssignPublicIP}}
		}
		for _, c := range s.Capacity {
			list, _ := properties["CapacityProviderStrategy"].([]m)
			properties["CapacityProviderStrategy"] = append(list, m{"CapacityProvider": c.Name, "Base": c.Base, "Weight": c.Weight})
		}
		resources = append(resources, m{"it": m{"Type": deploy.ServiceResource, "Properties": properties}})
	}
	for _, f := range r.Functions {
		resources = append(resources, m{"it": m{"Type": deploy.FunctionResource, "Properties": m{
			"Name": f.Name, "Alias": f.Alias, "CurrentVersion": f.Current, "TargetVersion": f.Target}}})
	}
	spec := m{"version": 0.0, "Resources": resources}
	if r.Hooks != nil {
		hooks := []m{}
		for e, function := range r.Hooks {
			hooks = append(hooks, m{string(e): function})
		}
		spec["Hooks"] = hooks
	}
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestReverseFunctions: what a rollback is made of says the same aliases, the other way round.
func TestReverseFunctions(t *testing.T) {
	want := []deploy.Function{shopFunction, {Name: `a "quoted" name`, Alias: "live", Current: "9", Target: "10"}}
	for _, way := range []string{"back", "and forth"} {
		got, err := appspec.ParseFunctions([]byte(deploy.ReverseFunctions(want).Content.Content))
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range want {
			f.Current, f.Target = f.Target, f.Current
			want[i] = f
		}
		if diff := cmp.Diff(want, got.Functions); diff != "" {
			t.Errorf("%s (-want +got)\n%s", way, diff)
		}
	}
}
