package autoscaling

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// fullness is how many instances the group has or will have in the zone.
func (g group) fullness(zone string) int {
	n := 0
	for _, m := range g.Members {
		if m.Zone == zone && (m.counts() || m.Spare) {
			n++
		}
	}
	return n
}

// emptiest is where the next instance is launched: the zone with the fewest instances, and of
// its subnets the one with the fewest. The first of equals.
func (g group) emptiest() place {
	inSubnet := func(at place) int {
		n := 0
		for _, m := range g.Members {
			if m.place == at && !m.isGoing() {
				n++
			}
		}
		return n
	}
	best := g.Places[0]
	for _, at := range g.Places[1:] {
		here, there := g.fullness(at.Zone), g.fullness(best.Zone)
		if here < there || here == there && at.Zone == best.Zone && inSubnet(at) < inSubnet(best) {
			best = at
		}
	}
	return best
}

// fullest is the zone with the most instances.
func (g group) fullest() string {
	best := ""
	for _, m := range g.Members {
		if g.fullness(m.Zone) > g.fullness(best) {
			best = m.Zone
		}
	}
	return best
}

// victim is the instance that a scale-in ends, nil where all are protected: of the fullest
// zone that has one, and there first what is not in service yet, which nobody misses.
func (p *plan) victim() *member {
	var candidates []*member
	for i := range p.Members {
		if m := &p.Members[i]; m.ID != "" && m.counts() && !m.Protected {
			candidates = append(candidates, m)
		}
	}
	least := func(key func(*member) int64) { candidates = leastOf(candidates, key) }
	least(func(m *member) int64 { return -int64(p.fullness(m.Zone)) })
	least(func(m *member) int64 {
		if m.isPending() {
			return 0
		}
		return 1
	})
	for _, policy := range p.policies() {
		least(p.rank(policy))
	}
	least(func(m *member) int64 { return m.Launched.UnixNano() })
	if len(candidates) == 0 {
		return nil
	}
	return candidates[0]
}

// leastOf keeps the members with the least key, in their order.
func leastOf(list []*member, key func(*member) int64) []*member {
	var least []*member
	for _, m := range list {
		switch {
		case len(least) == 0 || key(m) < key(least[0]):
			least = []*member{m}
		case key(m) == key(least[0]):
			least = append(least, m)
		}
	}
	return least
}

const defaultPolicy = "Default"

// terminationPolicies are those that there are.
var terminationPolicies = []string{
	"AllocationStrategy", "ClosestToNextInstanceHour", defaultPolicy, "NewestInstance", "OldestInstance",
	"OldestLaunchConfiguration", "OldestLaunchTemplate",
}

// policies are the group's, with what the default one consists of.
func (g group) policies() []string {
	i := slices.Index(g.TerminationPolicies, defaultPolicy)
	if i < 0 {
		return g.TerminationPolicies
	}
	ofDefault := []string{"OldestLaunchConfiguration", "OldestLaunchTemplate", "ClosestToNextInstanceHour"}
	return slices.Concat(g.TerminationPolicies[:i], ofDefault, g.TerminationPolicies[i+1:])
}

// rank is what a policy sorts instances by: the least goes first.
func (p *plan) rank(policy string) func(*member) int64 {
	switch policy {
	case "OldestInstance":
		return func(m *member) int64 { return m.Launched.UnixNano() }
	case "NewestInstance":
		return func(m *member) int64 { return -m.Launched.UnixNano() }
	case "OldestLaunchConfiguration":
		return func(m *member) int64 { return m.age(m.Configuration) }
	case "OldestLaunchTemplate":
		return func(m *member) int64 {
			if t := p.LaunchTemplate; t == nil || m.Template != *t.LaunchTemplateId {
				return -1 // of another template, or of none: older than any version of this one
			}
			version, _ := strconv.ParseInt(m.Version, 10, 64)
			return version
		}
	case "ClosestToNextInstanceHour":
		return func(m *member) int64 { return int64((time.Hour - p.now.Sub(m.Launched)%time.Hour) / time.Minute) }
	}
	return func(*member) int64 { return 0 } // allocation strategies are for mixed instances
}

// age ranks an instance by when its launch configuration was made; those of none come last.
func (m member) age(configuration string) int64 {
	if configuration == "" {
		return math.MaxInt64
	}
	return m.Made.UnixNano()
}
