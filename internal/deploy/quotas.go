package deploy

import "cmp"

// Quotas are the most of each thing that may exist.
type Quotas struct {
	Applications int
	Groups       int // of one application
	Configs      int // custom ones
	Instances    int // of one deployment; 0 for as many as there are
}

// DefaultQuotas are AWS's, but for instances: its thousand is no limit of Slipway's.
var DefaultQuotas = Quotas{Applications: 1000, Groups: 1000, Configs: 200}

// WithDefaults fills in the members that are zero.
func (q Quotas) WithDefaults() Quotas {
	return Quotas{
		Applications: cmp.Or(q.Applications, DefaultQuotas.Applications),
		Groups:       cmp.Or(q.Groups, DefaultQuotas.Groups),
		Configs:      cmp.Or(q.Configs, DefaultQuotas.Configs),
		Instances:    q.Instances,
	}
}
