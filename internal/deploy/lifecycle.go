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

// behindBalancer is what a host goes through that is taken out of its load balancers first
// and put back at the end.
var behindBalancer = slices.Concat(
	[]Event{BeforeBlockTraffic, BlockTraffic, AfterBlockTraffic},
	serverInPlace,
	[]Event{BeforeAllowTraffic, AllowTraffic, AfterAllowTraffic},
)

// Lifecycle lists the events of one target in the order in which they run.
// It is nil for a combination that no platform here carries out yet.
func Lifecycle(p Platform, s Style) []Event {
	switch {
	case p == Server && s.Type == InPlace && s.Option == WithoutTrafficControl:
		return slices.Clone(serverInPlace)
	case p == Server && s.Type == InPlace && s.Option == WithTrafficControl:
		return slices.Clone(behindBalancer)
	default:
		return nil
	}
}

// ByService says whether the service itself carries out e, without a word to the host.
func (e Event) ByService() bool { return e == BlockTraffic || e == AllowTraffic }

// RunsPrevious says whether the scripts of e come from the revision that was installed
// before this deployment, not from the one being deployed.
func (e Event) RunsPrevious() bool {
	return e == ApplicationStop || e == BeforeBlockTraffic || e == AfterBlockTraffic
}
