package plane

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
)

// Validate checks that a state hangs together: ids are unique, every group that is named exists and speaks
// what its listeners speak, addresses and certificates can be read. Its errors say what to change.
func (d Desired) Validate() error {
	groups := map[string]Group{}
	var errs []error
	for _, g := range d.Groups {
		if _, twice := groups[g.ID]; twice {
			errs = append(errs, fmt.Errorf("group %s is listed twice: merge the two", g.ID))
		}
		groups[g.ID] = g
		errs = append(errs, g.validate())
	}
	ids, addresses := map[string]bool{}, map[string]string{}
	for _, l := range d.Listeners {
		if ids[l.ID] {
			errs = append(errs, fmt.Errorf("listener %s is listed twice: merge the two", l.ID))
		}
		if other, taken := addresses[l.Address]; taken {
			errs = append(errs, fmt.Errorf("listeners %s and %s both want %s: give one another port", other, l.ID, l.Address))
		}
		ids[l.ID], addresses[l.Address] = true, l.ID
		if err := l.validate(groups); err != nil {
			errs = append(errs, fmt.Errorf("listener %s: %w", l.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (g Group) validate() error {
	if !slices.Contains([]Protocol{HTTP, HTTPS, TCP, TLS}, g.Protocol) {
		return fmt.Errorf("group %s: protocol %q is none of HTTP, HTTPS, TCP, TLS", g.ID, g.Protocol)
	}
	h := g.Health
	if !h.Disabled && (h.Interval <= 0 || h.Timeout <= 0 || h.Healthy <= 0 || h.Unhealthy <= 0) {
		return fmt.Errorf("group %s: the health check needs an interval, a timeout and both thresholds, all above zero", g.ID)
	}
	if _, err := ParseMatcher(h.Matcher); err != nil {
		return fmt.Errorf("group %s: %w", g.ID, err)
	}
	seen := map[Target]bool{}
	for _, t := range g.Targets {
		if seen[t] {
			return fmt.Errorf("group %s lists target %s at %s twice: remove one", g.ID, t.ID, t.Address)
		}
		seen[t] = true
		if err := checkHostPort(t.Address); err != nil {
			return fmt.Errorf("group %s, target %s: %w", g.ID, t.ID, err)
		}
	}
	return nil
}

func (l Listener) validate(groups map[string]Group) error {
	address, err := netip.ParseAddrPort(l.Address)
	if err != nil || address.Port() == 0 {
		return fmt.Errorf("address %q is not an IP address and a port", l.Address)
	}
	if !slices.Contains([]Protocol{HTTP, HTTPS, TCP, TLS}, l.Protocol) {
		return fmt.Errorf("protocol %q is none of HTTP, HTTPS, TCP, TLS", l.Protocol)
	}
	if l.Protocol.Secure() && len(l.Certificates) == 0 {
		return fmt.Errorf("%s needs a certificate", l.Protocol)
	}
	for _, c := range l.Certificates {
		if _, err := tls.X509KeyPair(c.Chain, c.Key); err != nil {
			return fmt.Errorf("certificate %s: %w", c.ID, err)
		}
	}
	if len(l.Rules) > 0 && !l.Protocol.Requests() {
		return fmt.Errorf("%s listeners have no rules", l.Protocol)
	}
	for _, r := range l.Rules {
		if err := errors.Join(r.validate(), r.Action.validate(l.Protocol, groups)); err != nil {
			return fmt.Errorf("rule %s: %w", r.ID, err)
		}
	}
	return l.Default.validate(l.Protocol, groups)
}

func (r Rule) validate() error {
	for _, c := range r.Conditions {
		switch c.Field {
		case HostHeader, PathPattern, RequestMethod, QueryString:
		case HTTPHeader:
			if c.Header == "" {
				return errors.New("an http-header condition needs the header's name")
			}
		case SourceIP:
			for _, v := range c.Values {
				if _, err := netip.ParsePrefix(v); err != nil {
					return fmt.Errorf("source-ip %q is not a CIDR block", v)
				}
			}
		default:
			return fmt.Errorf("unknown condition %q", c.Field)
		}
	}
	return nil
}

func (a Action) validate(p Protocol, groups map[string]Group) error {
	set := 0
	for _, is := range []bool{a.Forward != nil, a.Redirect != nil, a.Fixed != nil} {
		if is {
			set++
		}
	}
	if set != 1 {
		return errors.New("an action is one of forward, redirect and fixed-response")
	}
	if a.Forward == nil {
		if !p.Requests() {
			return fmt.Errorf("%s listeners can only forward", p)
		}
		return nil
	}
	for _, w := range a.Forward.Groups {
		g, known := groups[w.Group]
		switch {
		case !known:
			return fmt.Errorf("target group %s does not exist", w.Group)
		case w.Weight < 0 || w.Weight > 999:
			return fmt.Errorf("weight %d of %s is not within 0 and 999", w.Weight, w.Group)
		case g.Protocol.Requests() != p.Requests():
			return fmt.Errorf("%s cannot forward to target group %s, which speaks %s", p, w.Group, g.Protocol)
		}
	}
	return nil
}

func checkHostPort(address string) error {
	host, port, err := net.SplitHostPort(address)
	n, convErr := strconv.Atoi(port)
	if err != nil || convErr != nil || host == "" || n < 1 || n > 65535 {
		return fmt.Errorf("address %q is not host:port", address)
	}
	return nil
}
