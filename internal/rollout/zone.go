package rollout

import (
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A zone is a stretch of targets that are taken together. Without a zonal configuration
// the whole fleet is one.
type zone struct {
	name       string
	from, till int // targets[from:till]
}

func (z zone) String() string {
	if z.name == "" {
		return "the instances without an availability zone"
	}
	return "zone " + z.name
}

// zones cuts the targets, which are ordered by zone, where the zone changes.
func (p *pass) zones() []zone {
	fleet := p.fleet()
	if p.d.Config.Zonal == nil {
		return []zone{fleet}
	}
	var list []zone
	for i := range fleet.till {
		if i == 0 || p.targets[i].Zone != p.targets[i-1].Zone {
			list = append(list, zone{name: p.targets[i].Zone, from: i})
		}
		list[len(list)-1].till = i + 1
	}
	return list
}

// zone is the one to work on now: the first that is not finished. opens is when it may be
// begun, which is later than now while the one before it is being monitored.
func (p *pass) zone() (z zone, opens time.Time) {
	list := p.zones()
	for i, z := range list {
		if t := p.tallyOf(z); t.InFlight+t.Waiting > 0 {
			if i > 0 && !p.begun(z) {
				opens = p.monitoredUntil(list[:i])
			}
			return z, opens
		}
	}
	return list[len(list)-1], opens
}

// begun says whether anything was changed in z.
func (p *pass) begun(z zone) bool {
	for i := z.from; i < z.till; i++ {
		if !p.waits(i) && p.targets[i].Status != deploy.TargetSkipped {
			return true
		}
	}
	return false
}

// monitoredUntil is when the zones, which are finished, have been watched for long enough.
// One in which nothing was changed is not watched, nor is a replacement without traffic, and
// a rollback watches none: it brings back what was watched before.
func (p *pass) monitoredUntil(finished []zone) (until time.Time) {
	if p.d.Creator == deploy.ByRollback || p.incoming() != "" && !p.rerouting() {
		return until
	}
	monitor := p.d.Config.Zonal.FirstMonitor
	for _, z := range finished {
		if !p.begun(z) {
			continue
		}
		if monitor == nil {
			monitor = p.d.Config.Zonal.Monitor
		}
		if monitor != nil {
			until = later(until, p.endOf(z).Add(p.d.Pace(time.Duration(*monitor)*time.Second)))
		}
		monitor = nil // the first one's own is for the first one
	}
	return until
}

// endOf is when the last target of z ended.
func (p *pass) endOf(z zone) (end time.Time) {
	for _, t := range p.targets[z.from:z.till] {
		if t.Status != deploy.TargetSkipped {
			end = later(end, t.UpdatedAt)
		}
	}
	return end
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// roomIn is how many more targets of z may start, under the zone's own floor too.
func (p *pass) roomIn(z zone, room int) int {
	if floor := p.zoneFloor(); floor != nil {
		return min(room, floor.Room(p.tallyOf(z)))
	}
	return room
}

func (p *pass) zoneFloor() *deploy.MinimumHealthy {
	if p.d.Config.Zonal == nil {
		return nil
	}
	return p.d.Config.Zonal.HealthyPerZone
}

// zoneVerdict judges every zone by its own floor; GoOn when none has anything against it.
// A floor of nothing allows a zone to fail whole: the fleet's floor decides then.
func (p *pass) zoneVerdict() deploy.Verdict {
	floor := p.zoneFloor()
	if floor == nil || floor.Value == 0 {
		return deploy.GoOn
	}
	for _, z := range p.zones() {
		if v := floor.Judge(p.tallyOf(z)); v != deploy.GoOn && v != deploy.Enough {
			return v
		}
	}
	return deploy.GoOn
}

// monitoring waits until opens, and says so.
func (p *pass) monitoring(z zone, opens time.Time) {
	p.wake(opens)
	p.d.Waiting = fmt.Sprintf("Monitoring the zone before until %s; then %s follows.", opens.UTC().Format(time.RFC3339), z)
}
