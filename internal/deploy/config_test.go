package deploy

import "testing"

// The examples are those of AWS's documentation of instance health.
func TestFloor(t *testing.T) {
	for _, c := range []struct {
		min   MinimumHealthy
		fleet int
		floor int
		room  int // at the start, everything healthy
	}{
		{MinimumHealthy{HostCount, 6}, 9, 6, 3},
		{MinimumHealthy{FleetPercent, 40}, 9, 4, 5},
		{MinimumHealthy{FleetPercent, 50}, 9, 5, 4},
		{MinimumHealthy{FleetPercent, 50}, 2, 1, 1},
		{MinimumHealthy{FleetPercent, 85}, 10, 9, 1},
		{MinimumHealthy{FleetPercent, 95}, 10, 10, 0},
		{MinimumHealthy{FleetPercent, 0}, 10, 0, 10},
		{MinimumHealthy{HostCount, 0}, 10, 0, 10},
		{MinimumHealthy{HostCount, 8}, 10, 8, 2},
		{MinimumHealthy{OneAtATime, 1}, 9, 8, 1},
		{MinimumHealthy{OneAtATime, 1}, 1, 0, 1},
	} {
		if got := c.min.Floor(c.fleet); got != c.floor {
			t.Errorf("%+v of %d: floor %d, want %d", c.min, c.fleet, got, c.floor)
		}
		if got := c.min.Room(Tally{Fleet: c.fleet, Waiting: c.fleet}); got != c.room {
			t.Errorf("%+v of %d: room for %d, want %d", c.min, c.fleet, got, c.room)
		}
	}
}

func TestJudge(t *testing.T) {
	one, half, count8, none := MinimumHealthy{OneAtATime, 1}, MinimumHealthy{FleetPercent, 50}, MinimumHealthy{HostCount, 8}, MinimumHealthy{HostCount, 0}
	for _, c := range []struct {
		name string
		min  MinimumHealthy
		t    Tally
		want Verdict
	}{
		{"a floor as high as the fleet", MinimumHealthy{FleetPercent, 95}, Tally{Fleet: 10, Waiting: 10}, NotValid},
		{"half of one", half, Tally{Fleet: 1, Waiting: 1}, NotValid},
		{"one of one", one, Tally{Fleet: 1, Waiting: 1}, GoOn},
		{"one of one failed", one, Tally{Fleet: 1, Failed: 1}, TooFew},
		{"one at a time, first failure", one, Tally{Fleet: 3, Failed: 1, Waiting: 2}, TooMany},
		{"one at a time, failure of the last", one, Tally{Fleet: 3, Failed: 1}, Enough},
		{"ten with eight, one failed", count8, Tally{Fleet: 10, Failed: 1, InFlight: 1, Waiting: 4}, GoOn},
		{"ten with eight, two failed", count8, Tally{Fleet: 10, Failed: 2, Waiting: 4}, TooMany},
		{"ten with eight, the last is the second to fail", count8, Tally{Fleet: 10, Failed: 2}, Enough},
		{"85 percent, a single failure", MinimumHealthy{FleetPercent, 85}, Tally{Fleet: 10, Failed: 1, Waiting: 9}, TooMany},
		{"all at once, all but one failed", none, Tally{Fleet: 5, Failed: 4}, Enough},
		{"all at once, all failed", none, Tally{Fleet: 5, Failed: 5}, TooFew},
		{"all at once, at work", none, Tally{Fleet: 5, Failed: 4, InFlight: 1}, GoOn},
	} {
		if got := c.min.Judge(c.t); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
