package deploy

import "slices"

// An Event is the name of a lifecycle event, as CodeDeploy and appspec files spell it.
type Event string

// The lifecycle events of every platform.
const (
	BeforeBlockTraffic    Event = "BeforeBlockTraffic"
	BlockTraffic          Event = "BlockTraffic"
	AfterBlockTraffic     Event = "AfterBlockTraffic"
	ApplicationStop       Event = "ApplicationStop"
	DownloadBundle        Event = "DownloadBundle"
	BeforeInstall         Event = "BeforeInstall"
	Install               Event = "Install"
	AfterInstall          Event = "AfterInstall"
	ApplicationStart      Event = "ApplicationStart"
	ValidateService       Event = "ValidateService"
	AllowTestTraffic      Event = "AllowTestTraffic"
	AfterAllowTestTraffic Event = "AfterAllowTestTraffic"
	BeforeAllowTraffic    Event = "BeforeAllowTraffic"
	AllowTraffic          Event = "AllowTraffic"
	AfterAllowTraffic     Event = "AfterAllowTraffic"
)

// serverInPlace is what a host goes through when nothing in front of it must be told.
var serverInPlace = []Event{
	ApplicationStop, DownloadBundle, BeforeInstall, Install,
	AfterInstall, ApplicationStart, ValidateService,
}

// replaceTasks is what an ECS service goes through before its traffic moves.
var replaceTasks = []Event{BeforeInstall, Install, AfterInstall, AllowTestTraffic, AfterAllowTestTraffic}

// leaveBalancer and joinBalancer are how a host goes out of its load balancers and comes
// back: scripts of its own around the step of the service.
var (
	leaveBalancer = []Event{BeforeBlockTraffic, BlockTraffic, AfterBlockTraffic}
	joinBalancer  = []Event{BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic}
)

// Lifecycle lists the events of one target in the order in which they run. It is nil for a
// combination that no platform here carries out in place.
func Lifecycle(p Platform, s Style) []Event {
	switch {
	case p != Server || s.Type != InPlace:
		return nil
	case s.Option == WithTrafficControl:
		return slices.Concat(leaveBalancer, serverInPlace, joinBalancer)
	default:
		return slices.Clone(serverInPlace)
	}
}

// Lifecycle lists the events of a target on that side of the deployment; in place there are
// no sides. It is nil for what no platform here carries out yet.
func (d Deployment) Lifecycle(side Label) []Event {
	balanced := d.Style.Option == WithTrafficControl && !d.LoadBalancer.Empty()
	switch {
	case d.Platform == Lambda:
		return slices.Clone(joinBalancer)
	case d.Platform == ECS:
		return slices.Concat(replaceTasks, joinBalancer)
	case d.Platform == Server && d.Style.Type == BlueGreen:
		return d.blueGreenLifecycle(side)
	case d.Creator == ByLaunch && balanced:
		return slices.Concat(serverInPlace, joinBalancer) // it has no traffic to lose
	case d.Creator == ByEnding && balanced:
		return slices.Concat(leaveBalancer, []Event{ApplicationStop})
	case d.Creator == ByEnding:
		return []Event{ApplicationStop}
	}
	return Lifecycle(d.Platform, d.Style)
}

// ByService says whether the service itself carries out e, without a word to the host.
func (e Event) ByService() bool { return e == BlockTraffic || e == AllowTraffic }

// RunsPrevious says whether the scripts of e come from the revision that was installed
// before this deployment, not from the one being deployed.
func (e Event) RunsPrevious() bool {
	return e == ApplicationStop || e == BeforeBlockTraffic || e == AfterBlockTraffic
}
