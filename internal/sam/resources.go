package sam

import (
	"slices"
	"strconv"
	"strings"
)

// attributes are what a resource may have beside its properties. Nothing is ever deleted, so
// that policies about deletion hold by themselves; the order is the same in every stack.
var attributes = []string{"Type", "Properties", "Condition", "DependsOn", "Metadata", "DeletionPolicy", "UpdateReplacePolicy"}

func (r *resolver) readResource(s *Stack, id string) error {
	path := join("Resources", id)
	resource, err := r.resources.section("Resources", id)
	if err != nil {
		return err
	}
	for _, key := range resource.keys {
		if !slices.Contains(attributes, key) {
			return errorAt(join(path, key), "Slipway does not know this attribute of resources")
		}
	}
	own, err := resource.section(path, "Properties")
	if err != nil {
		return err
	}
	if own == nil {
		own = &object{}
	}
	var raw any = own
	if r.kinds[id] == functionType && r.globals != nil {
		raw = merged(r.globals, own)
	}
	path = join(path, "Properties")
	resolved, err := r.resolve(path, raw, 0)
	if err != nil {
		return err
	}
	o, ok := resolved.(*object)
	if !ok {
		return errorAt(path, "it is not a map")
	}
	var faults []error
	p := newProperties(path, o, &faults)
	switch r.kinds[id] {
	case functionType:
		r.readFunction(s, id, p)
	case alarmType:
		s.Alarms = append(s.Alarms, r.readAlarm(id, p))
	case roleType:
		s.Roles = append(s.Roles, r.readRole(id, p))
	}
	return joinFaults(faults)
}

func (r *resolver) readAlarm(id string, p properties) Alarm {
	a := Alarm{
		ID: id, Name: r.names[id], Text: p.text("AlarmDescription"), Namespace: p.needed("Namespace"), Metric: p.needed("MetricName"),
		Statistic: p.text("Statistic"), Extended: p.text("ExtendedStatistic"), Unit: p.text("Unit"),
		Period: p.whole("Period"), Periods: p.whole("EvaluationPeriods"), Datapoints: p.whole("DatapointsToAlarm"),
		Threshold: p.number("Threshold"), Comparison: p.needed("ComparisonOperator"), Missing: p.text("TreatMissingData"),
	}
	p.ignored("AlarmName")
	p.checkAlarm(a)
	for i, v := range p.list("Dimensions") {
		o, ok := v.(*object)
		if !ok {
			p.fault("Dimensions["+strconv.Itoa(i)+"]", "it is not a map")
			continue
		}
		d := newProperties(join(p.path, "Dimensions["+strconv.Itoa(i)+"]"), o, p.faults)
		if a.Dimensions == nil {
			a.Dimensions = map[string]string{}
		}
		a.Dimensions[d.needed("Name")] = d.late("Value")
		d.done(nil)
	}
	p.done(map[string]string{
		"AlarmActions": "alarms of Slipway have no actions; a deployment group looks at them itself", "Metrics": "Slipway alarms on one metric, not on an expression",
	})
	return a
}

// checkAlarm refuses what CloudWatch would refuse.
func (p properties) checkAlarm(a Alarm) {
	for _, key := range []string{"Period", "EvaluationPeriods", "Threshold"} {
		p.needed(key)
	}
	p.among("ComparisonOperator", a.Comparison, "GreaterThanThreshold", "GreaterThanOrEqualToThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold")
	p.among("Statistic", a.Statistic, "SampleCount", "Average", "Sum", "Minimum", "Maximum")
	p.among("TreatMissingData", a.Missing, "missing", "notBreaching", "breaching", "ignore")
	switch short := slices.Contains([]int32{10, 20, 30}, a.Period); {
	case p.has("Period") && !short && (a.Period < 60 || a.Period%60 != 0):
		p.fault("Period", "it is 10, 20, 30 or a multiple of 60 seconds")
	case p.has("EvaluationPeriods") && a.Periods < 1:
		p.fault("EvaluationPeriods", "it is 1 at least")
	case p.has("DatapointsToAlarm") && (a.Datapoints < 1 || a.Datapoints > a.Periods):
		p.fault("DatapointsToAlarm", "it is 1 to EvaluationPeriods")
	case a.Statistic == "" && a.Extended == "":
		p.fault("Statistic", "it is needed, or ExtendedStatistic")
	case a.Statistic != "" && a.Extended != "":
		p.fault("ExtendedStatistic", "there is a Statistic too; an alarm has one of them")
	}
}

func (r *resolver) readRole(id string, p properties) Role {
	role := Role{ID: id, Name: r.names[id], Text: p.text("Description"), MaxSession: p.between("MaxSessionDuration", 3600, 43200),
		Trust: p.document("AssumeRolePolicyDocument"), Managed: p.texts("ManagedPolicyArns"), Inline: map[string]string{}}
	p.ignored("RoleName")
	for i, v := range p.list("Tags") {
		o, _ := v.(*object)
		tag := newProperties(join(p.path, "Tags["+strconv.Itoa(i)+"]"), o, p.faults)
		if role.Tags == nil {
			role.Tags = map[string]string{}
		}
		role.Tags[tag.needed("Key")] = tag.text("Value")
	}
	for i, v := range p.list("Policies") {
		path := "Policies[" + strconv.Itoa(i) + "]"
		o, ok := v.(*object)
		if !ok {
			p.fault(path, "it is not a map")
			continue
		}
		policy := newProperties(join(p.path, path), o, p.faults)
		role.Inline[policy.needed("PolicyName")] = policy.document("PolicyDocument")
		policy.done(nil)
	}
	p.done(nil)
	return role
}

func (r *resolver) readOutputs(s *Stack) error {
	if r.outputs == nil {
		return nil
	}
	for _, name := range r.outputs.keys {
		path := join("Outputs", name)
		o, err := r.outputs.section("Outputs", name)
		if err != nil {
			return err
		}
		if o.get("Export") != nil {
			return errorAt(join(path, "Export"), "there are no other stacks to import it; leave it out")
		}
		if condition := o.get("Condition"); condition != nil {
			holds, err := r.condition(join(path, "Condition"), textOf(condition))
			if err != nil {
				return err
			}
			if !holds {
				continue
			}
		}
		v, err := r.resolve(join(path, "Value"), o.get("Value"), 0)
		if err != nil {
			return err
		}
		value, err := plain(join(path, "Value"), "it is not", v)
		if err != nil {
			return err
		}
		s.Outputs = append(s.Outputs, Output{Name: name, Text: textOf(o.get("Description")), Value: value})
	}
	return nil
}

// managedARN is the ARN of one of AWS's policies, which SAM lets templates name alone.
func managedARN(name string) string {
	switch {
	case strings.HasPrefix(name, "arn:"):
		return name
	case strings.HasPrefix(name, "AWSLambda") && strings.HasSuffix(name, "Role"):
		return "arn:aws:iam::aws:policy/service-role/" + name
	default:
		return "arn:aws:iam::aws:policy/" + name
	}
}
