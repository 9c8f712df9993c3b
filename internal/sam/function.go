package sam

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// refusedOfFunctions are properties that need a service which is no part of Slipway.
var refusedOfFunctions = map[string]string{
	"Events":    "Slipway has no API Gateway, queues, schedules or other sources of events; call the function, or give it a FunctionUrlConfig",
	"ImageUri":  "Slipway runs functions from zip archives, not from images",
	"VpcConfig": "functions run on the server's own network",
	"Layers":    "Slipway has no layers; put what is in them into the function's archive",
}

func (r *resolver) readFunction(s *Stack, id string, p properties) {
	f := Function{
		ID: id, Name: r.names[id], Code: r.readCode(p), Role: p.text("Role"), Runtime: p.needed("Runtime"), Handler: p.needed("Handler"),
		Description: p.text("Description"), Timeout: p.between("Timeout", 1, 900), Memory: p.between("MemorySize", 128, 10240),
		Environment: p.object("Environment").variables(), Tags: p.table("Tags"),
		Alias: p.text("AutoPublishAlias"), VersionText: p.text("VersionDescription"),
	}
	p.ignored("FunctionName", "AutoPublishAliasAllProperties") // a version is published when anything has changed
	if kind := p.text("PackageType"); kind != "" && kind != "Zip" {
		p.fault("PackageType", "Slipway runs functions from zip archives")
	}
	if f.Alias != "" && !aliasName.MatchString(f.Alias) {
		p.fault("AutoPublishAlias", "an alias is called by letters, digits, hyphens and underscores, but not by digits alone: %q is not", f.Alias)
	}
	if list := p.texts("Architectures"); len(list) == 1 {
		f.Architecture = p.among("Architectures", list[0], "x86_64", "arm64")
	} else if len(list) > 1 {
		p.fault("Architectures", "a function has one")
	}
	if f.Role == "" {
		f.Role = r.roleOf(s, id, p)
	}
	p.ignored("Policies")
	f.URL = readURL(p)
	f.Preference = r.readPreference(s, id, f.Alias, p)
	p.done(refusedOfFunctions)
	s.Functions = append(s.Functions, f)
}

var (
	aliasName    = regexp.MustCompile(`^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$`)
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
)

// variables is the environment of a function.
func (p properties) variables() map[string]string {
	v := p.table("Variables")
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if !variableName.MatchString(name) {
			p.fault("Variables."+name, "a variable is called by letters, digits and underscores, two at least, and begins with a letter")
		}
	}
	p.done(nil)
	return v
}

func (r *resolver) readCode(p properties) (c Code) {
	c.Inline = p.text("InlineCode")
	switch v := p.value("CodeUri").(type) {
	case string:
		if rest, ok := strings.CutPrefix(v, "s3://"); ok {
			c.Bucket, c.Key, _ = strings.Cut(rest, "/")
		} else {
			c.Path = v
		}
	case *object:
		o := newProperties(join(p.path, "CodeUri"), v, p.faults)
		c.Bucket, c.Key, c.Version = o.needed("Bucket"), o.needed("Key"), o.text("Version")
		o.done(nil)
	}
	switch inline, uri := c.Inline != "", c.Path != "" || c.Bucket != ""; {
	case inline && uri:
		p.fault("InlineCode", "there is a CodeUri too; a function has one of them")
	case !inline && !uri:
		c.Path = "." // as SAM has it
	case c.Bucket != "" && c.Key == "":
		p.fault("CodeUri", "it names no key: s3://BUCKET/KEY")
	}
	return c
}

// roleOf is the role that SAM makes for a function that names none.
func (r *resolver) roleOf(s *Stack, id string, p properties) string {
	if r.resources.get(id+"Role") != nil {
		p.fault("Role", "it is needed: SAM would make one with the logical id %sRole, and that is taken", id)
		return ""
	}
	role := Role{ID: id + "Role", Name: r.options.StackName + "-" + id + "Role", Trust: trust("lambda.amazonaws.com"), Inline: map[string]string{},
		Managed: []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}}
	list, ok := p.o.get("Policies").([]any)
	if !ok && p.has("Policies") {
		list = []any{p.o.get("Policies")}
	}
	for i, v := range list {
		key := "Policies[" + strconv.Itoa(i) + "]"
		if name := textOf(v); name != "" {
			role.Managed = append(role.Managed, managedARN(name))
			continue
		}
		o, _ := v.(*object)
		if o.get("Statement") == nil {
			p.fault(key, "Slipway knows policies by their name or ARN and those with a Statement, but none of SAM's policy templates")
			continue
		}
		holder := newProperties(p.path, &object{keys: []string{key}, values: map[string]any{key: withVersion(o)}}, p.faults)
		role.Inline[fmt.Sprintf("%sRolePolicy%d", id, i)] = holder.document(key)
	}
	s.Roles = append(s.Roles, role)
	return r.roleARN(role.Name)
}

// withVersion adds the version of the policy language, which SAM lets templates leave out.
func withVersion(o *object) *object {
	if o.get("Version") != nil {
		return o
	}
	return merged(&object{keys: []string{"Version"}, values: map[string]any{"Version": "2012-10-17"}}, o).(*object)
}

func readURL(p properties) *URL {
	if !p.has("FunctionUrlConfig") {
		p.ignored("FunctionUrlConfig")
		return nil
	}
	o := p.object("FunctionUrlConfig")
	u := &URL{
		Auth:   o.among("AuthType", o.needed("AuthType"), "NONE", "AWS_IAM"),
		Stream: o.among("InvokeMode", o.text("InvokeMode"), "BUFFERED", "RESPONSE_STREAM") == "RESPONSE_STREAM",
	}
	o.done(map[string]string{"Cors": "Slipway's function URLs know no Cors; answer such requests in the function"})
	return u
}

// predefined are the types of SAM that are configs of CodeDeploy.
var predefined = []string{
	"Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
	"Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes",
	"AllAtOnce",
}

// configOf is the deployment config of a preference's type.
func configOf(kind string) string {
	if slices.Contains(predefined, kind) {
		return "CodeDeployDefault.Lambda" + kind
	}
	return kind
}

// maxAlarms is how many a deployment group may have.
const maxAlarms = 10

// maxTriggers is how many a deployment group may have.
const maxTriggers = 10

func readTriggers(o properties) (triggers []Trigger) {
	for i, v := range o.list("TriggerConfigurations") {
		at := "TriggerConfigurations[" + strconv.Itoa(i) + "]"
		given, ok := v.(*object)
		if !ok {
			o.fault(at, "it is not a map")
			continue
		}
		p := newProperties(join(o.path, at), given, o.faults)
		t := Trigger{Name: p.needed("TriggerName"), Topic: p.needed("TriggerTargetArn"), Events: p.texts("TriggerEvents")}
		if t.Topic != "" && !strings.HasPrefix(t.Topic, "arn:aws:sns:") {
			p.fault("TriggerTargetArn", "it is not the ARN of an SNS topic, which is made beforehand: aws sns create-topic")
		}
		if len(t.Events) == 0 {
			p.fault("TriggerEvents", "it is needed: events such as DeploymentFailure")
		}
		p.done(nil)
		triggers = append(triggers, t)
	}
	if n := len(triggers); n > maxTriggers {
		o.fault("TriggerConfigurations", "there are %d; a deployment group has %d at most", n, maxTriggers)
	}
	return triggers
}

func (r *resolver) readPreference(s *Stack, id, alias string, p properties) *Preference {
	if !p.has("DeploymentPreference") {
		p.ignored("DeploymentPreference")
		return nil
	}
	o := p.object("DeploymentPreference")
	pref := &Preference{Enabled: o.flag("Enabled", true), Config: configOf(o.text("Type")), Role: o.text("Role"),
		Group: s.Name + "-" + id + "DeploymentGroup", Alarms: o.texts("Alarms")}
	o.flag("PassthroughCondition", false) // a function whose condition does not hold has no deployments here in any case
	hooks := o.object("Hooks")
	pref.PreTraffic, pref.PostTraffic = hooks.text("PreTraffic"), hooks.text("PostTraffic")
	hooks.done(nil)
	pref.Triggers = readTriggers(o)
	o.done(nil)
	switch {
	case !pref.Enabled:
	case alias == "":
		p.fault("DeploymentPreference", "it needs an AutoPublishAlias: that is what the traffic moves behind")
	case pref.Config == "":
		o.fault("Type", "it is needed: %s, or the name of a deployment config", strings.Join(predefined, ", "))
	}
	if n := len(pref.Alarms); n > maxAlarms {
		o.fault("Alarms", "there are %d; a deployment group looks at %d at most", n, maxAlarms)
	}
	return pref
}
