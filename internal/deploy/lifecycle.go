package deploy

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

// Lifecycle lists the events of one target in the order in which they run.
// It is nil for a combination that no platform here carries out yet.
func Lifecycle(p Platform, s Style) []Event {
	switch {
	case p == Server && s.Type == InPlace && s.Option == WithoutTrafficControl:
		return append([]Event(nil), serverInPlace...)
	default:
		return nil
	}
}

// RunsPrevious says whether the scripts of e come from the revision that was installed
// before this deployment, not from the one being deployed.
func (e Event) RunsPrevious() bool {
	return e == ApplicationStop || e == BeforeBlockTraffic || e == AfterBlockTraffic
}
