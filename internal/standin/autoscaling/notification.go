package autoscaling

import (
	"context"
	"log/slog"
	"time"
)

// A Notification says that an instance waits for a lifecycle hook. Its JSON form is AWS's
// message to a hook's target.
type Notification struct {
	Account    string    `json:"AccountId"`
	Time       time.Time `json:"Time"`
	Service    string    `json:"Service"` // AWS Auto Scaling
	Group      string    `json:"AutoScalingGroupName"`
	Instance   string    `json:"EC2InstanceId"`
	Transition string    `json:"LifecycleTransition"` // autoscaling:EC2_INSTANCE_LAUNCHING or …_TERMINATING
	Hook       string    `json:"LifecycleHookName"`
	Token      string    `json:"LifecycleActionToken"` // what to complete the action with
	Metadata   string    `json:"NotificationMetadata,omitempty"`
	Target     string    `json:"-"` // the ARN of the hook's notification target, "" where it has none
}

// notifications are what subscribers should know of the group as it is.
func (s *Service) notifications(g group) (list []Notification) {
	for _, m := range g.Members {
		for _, w := range m.Waits {
			h := g.hook(w.Hook)
			if h == nil || w.Result != "" {
				continue
			}
			n := Notification{
				Account: s.cfg.Account, Time: m.Since, Service: "AWS Auto Scaling", Group: g.name(), Instance: m.ID,
				Transition: *h.LifecycleTransition, Hook: w.Hook, Token: w.Token,
			}
			if h.NotificationMetadata != nil {
				n.Metadata = *h.NotificationMetadata
			}
			if h.NotificationTargetARN != nil {
				n.Target = *h.NotificationTargetARN
			}
			list = append(list, n)
		}
	}
	return list
}

// notified are the tokens of what was told in this life of the process. What is to be told is
// in the groups' records: who was told and went down with the server hears it again.
type notified map[string]string // the group's name, by token

// notify tells what was not told yet, and whether all of it was taken.
func (s *Service) notify(ctx context.Context, g group) bool {
	told, all := map[string]bool{}, true
	for _, n := range s.notifications(g) {
		told[n.Token] = true
		if _, ok := s.notified[n.Token]; ok {
			continue
		}
		if err := s.cfg.Notify(ctx, n); err != nil {
			s.cfg.Log.Error("a lifecycle hook's notification was not taken; it will be sent again", "group", n.Group,
				"hook", n.Hook, "instance", n.Instance, "error", err)
			all = false
			continue
		}
		s.notified[n.Token] = g.name()
	}
	for token, name := range s.notified {
		if name == g.name() && !told[token] {
			delete(s.notified, token)
		}
	}
	return all
}

// troubles are what groups' passes met with last, so that each is logged once.
type troubles map[string]string

func (t troubles) tell(log *slog.Logger, group string, err error) {
	if err == nil {
		delete(t, group)
		return
	}
	if text := err.Error(); t[group] != text {
		t[group] = text
		log.Error("an Auto Scaling group is not as it should be", "group", group, "error", err)
	}
}
