package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/rollout"
	"github.com/slipway/slipway/internal/store"
)

// A Surveyor looks at what a deployment would meet, and changes nothing.
type Surveyor interface {
	// Targets are the deployment's, in the order in which they are taken. A failure is what
	// would end the deployment at once.
	Targets(context.Context, deploy.Deployment, deploy.Group) ([]deploy.Target, *deploy.ErrorInfo, error)
	// ActiveAlarms lists those of the names that are in ALARM.
	ActiveAlarms(ctx context.Context, names []string) ([]string, error)
	// LastHeard is when the agent of a target was last heard of; zero when it was not since
	// the server started.
	LastHeard(ctx context.Context, targetID string) (time.Time, error)
	// CheckBundle says what is wrong with a revision's bundle, and what in it is in the way of
	// files that the targets have already, or which functions that validate them cannot be
	// called: a sentence each.
	CheckBundle(context.Context, deploy.Deployment, []deploy.Target) ([]Warning, error)
}

// A DeploymentPlan is what a deployment would do.
type DeploymentPlan struct {
	Deployment deploy.Deployment // without an id: it was not made
	Targets    []deploy.Target
	Forecast   rollout.Forecast
	// Work is how long a target was assumed to take: as long as the slowest of the group's
	// last successful deployment took. Where traffic moves, on Lambda and ECS, it is how long a
	// function takes to report, and tasks to run. Guessed says that there was no such deployment.
	Work     time.Duration
	Guessed  bool
	Warnings []Warning
}

// A Warning is something that may keep a deployment from going as planned. Target is empty
// where it is about the whole of it.
type Warning struct {
	Target string
	Text   string
}

// guessedWork is how long a target is assumed to take when nothing is known.
const guessedWork = time.Minute

// silentAfter is for how long an agent may be unheard of: it polls more often than that, also
// while its polls are held.
const silentAfter = 3 * time.Minute

// PlanDeployment says what CreateDeployment would do with the same request, and refuses what it
// would refuse.
func (s *Service) PlanDeployment(ctx context.Context, caller identity.Caller, r DeploymentRequest) (p DeploymentPlan, err error) {
	d, g, err := s.prepare(ctx, caller, r)
	if err != nil {
		return p, err
	}
	p.Deployment = d
	targets, failure, err := s.surveyor.Targets(ctx, d, g)
	if err != nil {
		return p, fmt.Errorf("look for targets: %w", err)
	}
	p.Targets = targets
	if p.Work, p.Guessed, err = s.usualWork(ctx, g); err != nil {
		return p, err
	}
	reading := s.survey(ctx, &p)
	if failure != nil {
		p.Deployment.Refusal = failure
	}
	now := s.now()
	p.Forecast, err = rollout.Foresee(rollout.Snapshot{Deployment: p.Deployment, Group: &g, Targets: targets, Alarms: reading}, now, p.Work)
	if err != nil {
		return p, fmt.Errorf("foresee: %w", err)
	}
	return p, s.warn(ctx, &p)
}

// usualWork is how long the slowest target of the group's last successful deployment took, or
// its slowest event, where traffic moves: how long that takes is known.
func (s *Service) usualWork(ctx context.Context, g deploy.Group) (work time.Duration, guessed bool, err error) {
	last := g.History.LastSuccessful
	if last == nil {
		return guessedWork, true, nil
	}
	targets, err := s.store.Targets(ctx, last.ID)
	if err != nil {
		return 0, false, fmt.Errorf("read the last deployment: %w", err)
	}
	for _, t := range targets {
		if n := len(t.Events); g.Platform == deploy.Server && t.Status == deploy.TargetSucceeded && n > 0 {
			work = max(work, t.Events[n-1].EndedAt.Sub(t.Events[0].StartedAt))
		}
		if g.Platform != deploy.Server {
			work = max(work, slowestEvent(t))
		}
	}
	if work <= 0 || work >= s.limits.Event {
		return guessedWork, true, nil
	}
	return work.Round(time.Millisecond), false, nil
}

// slowestEvent is the longest that a function took to report on t, or its tasks to run.
func slowestEvent(t deploy.Target) (longest time.Duration) {
	for _, e := range t.Events {
		if e.Status == deploy.EventSucceeded && (t.Hooks[e.Name] != "" || e.Name == deploy.Install) {
			longest = max(longest, e.EndedAt.Sub(e.StartedAt))
		}
	}
	return longest
}

// survey reads the alarms, once. What cannot be read is a warning: so it would be for the
// deployment, for a while.
func (s *Service) survey(ctx context.Context, p *DeploymentPlan) rollout.AlarmReading {
	if !rollout.Watched(p.Deployment) {
		return rollout.AlarmReading{}
	}
	active, err := s.surveyor.ActiveAlarms(ctx, p.Deployment.Alarms.Names)
	if err != nil {
		p.warn("", "The alarms of the deployment cannot be read, which stops it unless ignorePollAlarmFailure is set: %v", err)
	}
	return rollout.AlarmReading{Active: active}
}

func (p *DeploymentPlan) warn(target, format string, args ...any) {
	p.Warnings = append(p.Warnings, Warning{target, fmt.Sprintf(format, args...)})
}

// warn adds what may go wrong.
func (s *Service) warn(ctx context.Context, p *DeploymentPlan) error {
	active, err := s.store.ListDeployments(ctx, store.DeploymentFilter{GroupID: p.Deployment.GroupID, Statuses: activeStatuses, Limit: 1})
	if err != nil {
		return fmt.Errorf("list active deployments: %w", err)
	}
	for _, other := range active {
		p.warn("", "The deployment %s of this group is %s. Another one is refused until it has ended.", other.ID, other.Status)
	}
	if !p.Deployment.Routed() {
		if err := s.warnOfHosts(ctx, p); err != nil {
			return err
		}
	}
	list, err := s.surveyor.CheckBundle(ctx, p.Deployment, p.Targets)
	if err != nil {
		return fmt.Errorf("check the bundle: %w", err)
	}
	p.Warnings = append(p.Warnings, list...)
	return nil
}

// warnOfHosts adds what may go wrong where the targets are hosts.
func (s *Service) warnOfHosts(ctx context.Context, p *DeploymentPlan) error {
	if p.Deployment.Revision.S3 == nil {
		p.warn("", "The bundle is not in S3: whether it can be fetched, and what is in it, was not looked at.")
	}
	for _, t := range p.Targets {
		heard, err := s.surveyor.LastHeard(ctx, t.ID)
		if err != nil {
			return fmt.Errorf("look for the agent of %s: %w", t.ID, err)
		}
		p.warnOf(t, heard, s.now())
	}
	return nil
}

func (p *DeploymentPlan) warnOf(t deploy.Target, heard, now time.Time) {
	if t.ARN == "" {
		return // it is still to be made
	}
	switch {
	case heard.IsZero():
		p.warn(t.ID, "Its agent was not heard of since the server started. It has %s to take the first lifecycle event.",
			p.Deployment.Limits.Pickup)
	case now.Sub(heard) > silentAfter:
		p.warn(t.ID, "Its agent was last heard of %s ago, at %s.", now.Sub(heard).Round(time.Second), heard.UTC().Format(time.RFC3339))
	}
	if p.Deployment.Style.Option == deploy.WithTrafficControl && t.Label == "" && len(t.Registrations) == 0 {
		p.warn(t.ID, "It gets no traffic from %s now, and will afterwards.", balancersOf(p.Deployment.LoadBalancer))
	}
}

func balancersOf(l *deploy.LoadBalancer) string {
	if l.Empty() {
		return "the load balancers"
	}
	return strings.Join(slices.Concat(l.TargetGroups, l.Classic), ", ")
}
