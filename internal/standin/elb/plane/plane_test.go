package plane

import (
	"strings"
	"testing"
	"time"
)

func TestMatcher(t *testing.T) {
	for _, test := range []struct {
		text     string
		yes, not []int
	}{
		{"", []int{200}, []int{201, 199}},
		{"200,302", []int{200, 302}, []int{301}},
		{"200-399", []int{200, 304, 399}, []int{400}},
		{"200, 204-206", []int{200, 205}, []int{201, 207}},
	} {
		m, err := ParseMatcher(test.text)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range test.yes {
			if !m.Match(code) {
				t.Errorf("%q does not match %d", test.text, code)
			}
		}
		for _, code := range test.not {
			if m.Match(code) {
				t.Errorf("%q matches %d", test.text, code)
			}
		}
	}
	for _, bad := range []string{"ok", "200-", "399-200", "20", "200,,201"} {
		if _, err := ParseMatcher(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestDistribution(t *testing.T) {
	var d Distribution
	for i := range 1000 {
		d.Add(time.Duration(i+1) * time.Millisecond)
	}
	d.Add(time.Hour)
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond} {
		if got := d.Quantile(q); got < want || got > want*3/2 {
			t.Errorf("p%v is %v, want %v or up to half more", q*100, got, want)
		}
	}
	if d.Quantile(1) != time.Hour || d.Max != time.Hour || d.Count != 1001 {
		t.Errorf("maximum %v, count %d", d.Max, d.Count)
	}
	for i := range d.Buckets {
		if got := Bucket(Bound(i)); got > i || i < len(d.Buckets)-1 && Bucket(Bound(i)+time.Microsecond*10+Bound(i)/100) != i+1 {
			t.Errorf("bucket %d: its bound falls into %d", i, got)
		}
	}
}

func TestValidate(t *testing.T) {
	check := HealthCheck{Protocol: HTTP, Interval: time.Second, Timeout: time.Second, Healthy: 2, Unhealthy: 2}
	good := func() Desired {
		return Desired{
			Groups: []Group{{ID: "blue", Protocol: HTTP, Health: check, Targets: []Target{{"i-1", "127.0.0.1:80"}}}},
			Listeners: []Listener{{ID: "l", Address: "127.0.0.1:8080", Protocol: HTTP,
				Default: Action{Forward: &Forward{Groups: []Weighted{{"blue", 1}}}}}},
		}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Desired){
		"does not exist":       func(d *Desired) { d.Listeners[0].Default.Forward.Groups[0].Group = "green" },
		"listed twice":         func(d *Desired) { d.Groups = append(d.Groups, d.Groups[0]) },
		"both want":            func(d *Desired) { l := d.Listeners[0]; l.ID = "m"; d.Listeners = append(d.Listeners, l) },
		"not an IP address":    func(d *Desired) { d.Listeners[0].Address = "127.0.0.1:0" },
		"needs a certificate":  func(d *Desired) { d.Listeners[0].Protocol = HTTPS },
		"cannot forward to":    func(d *Desired) { d.Listeners[0].Protocol = TCP },
		"one of forward":       func(d *Desired) { d.Listeners[0].Default.Fixed = &Fixed{Status: 200} },
		"not within 0 and 999": func(d *Desired) { d.Listeners[0].Default.Forward.Groups[0].Weight = 1000 },
		"both thresholds":      func(d *Desired) { d.Groups[0].Health.Healthy = 0 },
		"is not host:port":     func(d *Desired) { d.Groups[0].Targets[0].Address = "127.0.0.1" },
		"twice: remove one":    func(d *Desired) { d.Groups[0].Targets = append(d.Groups[0].Targets, d.Groups[0].Targets[0]) },
		"neither a code":       func(d *Desired) { d.Groups[0].Health.Matcher = "fine" },
		"not a CIDR block": func(d *Desired) {
			d.Listeners[0].Rules = []Rule{{Conditions: []Condition{{Field: SourceIP, Values: []string{"me"}}}}}
		},
		"unknown condition":             func(d *Desired) { d.Listeners[0].Rules = []Rule{{Conditions: []Condition{{Field: "moon"}}}} },
		"have no rules":                 func(d *Desired) { d.Listeners[0].Protocol = TCP; d.Listeners[0].Rules = make([]Rule, 1) },
		"is none of HTTP, HTTPS, TCP":   func(d *Desired) { d.Groups[0].Protocol = "UDP" },
		"protocol \"\" is none of HTTP": func(d *Desired) { d.Listeners[0].Protocol = "" },
	} {
		d := good()
		spoil(&d)
		if err := d.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want ... %s ...", err, want)
		}
	}
}
