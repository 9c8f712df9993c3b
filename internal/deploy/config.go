package deploy

import "time"

// A Config is a deployment config: for servers a floor of healthy hosts, for Lambda and ECS
// the way that traffic moves.
type Config struct {
	ID       string         `json:"id"`
	Name     string         `json:"name"`
	Platform Platform       `json:"platform"`
	Healthy  MinimumHealthy `json:"healthy,omitzero"` // zero but for servers
	// Traffic is nil for servers.
	Traffic *TrafficRouting `json:"traffic,omitempty"`
	// Zonal is nil where zones make no difference.
	Zonal     *ZonalConfig `json:"zonal,omitempty"`
	CreatedAt time.Time    `json:"createdAt,omitzero"`
}

// MinimumHealthy is the number or share of hosts that must stay healthy.
type MinimumHealthy struct {
	Type  MinimumHealthyType `json:"type"`
	Value int                `json:"value"`
}

// A MinimumHealthyType is the unit of MinimumHealthy.Value.
type MinimumHealthyType string

// The units. OneAtATime is AWS's own rule behind the config of that name: the API shows it
// as MOST_CONCURRENCY 1, and no percentage expresses it.
const (
	HostCount    MinimumHealthyType = "HOST_COUNT"
	FleetPercent MinimumHealthyType = "FLEET_PERCENT"
	OneAtATime   MinimumHealthyType = "ONE_AT_A_TIME"
)

// PredefinedPrefix begins the names that belong to the service.
const PredefinedPrefix = "CodeDeployDefault."

// DefaultConfigName is what a group of the Server platform gets when it names none.
const DefaultConfigName = PredefinedPrefix + "OneAtATime"

// Predefined returns the config of that name which every installation has.
func Predefined(name string) (Config, bool) {
	for _, c := range PredefinedConfigs() {
		if c.Name == name {
			return c, true
		}
	}
	return Config{}, false
}

// Floor is the number of the fleet's hosts that must stay healthy throughout.
func (m MinimumHealthy) Floor(fleet int) int {
	switch m.Type {
	case OneAtATime:
		return max(fleet-1, 0)
	case FleetPercent:
		return (fleet*m.Value + 99) / 100
	default:
		return m.Value
	}
}

// A Verdict is what the number of failures so far means for a deployment.
type Verdict int

// The verdicts.
const (
	GoOn     Verdict = iota // more targets may start, or are still at work
	TooMany                 // the floor is reached with targets left: start no more, fail
	Enough                  // every target ended and enough succeeded
	TooFew                  // every target ended and too few succeeded
	NotValid                // the floor can never be held: nothing may start
)

// A Tally counts a fleet's targets by where they are.
type Tally struct {
	Fleet    int // targets in the deployment, with those that are up to date already
	Failed   int
	InFlight int // started, not ended
	Waiting  int // not started
}

// Judge applies the rules of AWS's instance health: min hosts stay up, a failure that
// reaches the floor ends the deployment unless it was the last target's, and at least
// one target must succeed.
func (m MinimumHealthy) Judge(t Tally) Verdict {
	floor := m.Floor(t.Fleet)
	healthy := t.Fleet - t.Failed
	left := t.InFlight + t.Waiting
	switch {
	case t.Fleet > 0 && floor >= t.Fleet && t.Failed == 0 && t.InFlight == 0 && t.Waiting == t.Fleet:
		return NotValid
	case left == 0 && healthy >= max(floor, 1):
		return Enough
	case left == 0:
		return TooFew
	case healthy < max(floor, 1), healthy <= floor && t.Failed > 0 && t.Waiting > 0:
		return TooMany
	default:
		return GoOn
	}
}

// Room is how many more targets may start now without the fleet falling below its floor.
func (m MinimumHealthy) Room(t Tally) int {
	return max(min(t.Fleet-t.Failed-m.Floor(t.Fleet)-t.InFlight, t.Waiting), 0)
}
