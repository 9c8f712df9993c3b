package survey

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// Each host that is asked downloads the bundle. So only so many are, not all at a time, and
// only about a bundle of so many bytes; and one that does not answer is waited for so long.
const (
	mostAsked     = 50
	askedAtATime  = 10
	largestAsked  = 256 << 20
	answerTimeout = 20 * time.Second
)

// askHosts lets the hosts say what is in the way of the bundle there: files that exist already,
// users that do not, a disk that is full.
func (s *Survey) askHosts(ctx context.Context, d deploy.Deployment, size int64, targets []deploy.Target) []control.Warning {
	if size > largestAsked {
		return []control.Warning{{Text: fmt.Sprintf("The instances were not asked what is in the way of the bundle: "+
			"it is larger than %d MiB.", largestAsked>>20)}}
	}
	answers := make([]string, min(len(targets), mostAsked))
	var asking errgroup.Group
	asking.SetLimit(askedAtATime)
	for i := range answers {
		asking.Go(func() error {
			answers[i] = s.ask(ctx, targets[i].ID, d)
			return nil
		})
	}
	_ = asking.Wait() // none has an error
	var list []control.Warning
	for i, text := range answers {
		if text != "" {
			list = append(list, control.Warning{Target: targets[i].ID, Text: text})
		}
	}
	if rest := len(targets) - mostAsked; rest > 0 {
		list = append(list, control.Warning{Text: fmt.Sprintf("%d instances were not asked what is in the way of the bundle there.", rest)})
	}
	return list
}

// ask is what is in the way on one host; empty for nothing.
func (s *Survey) ask(ctx context.Context, targetID string, d deploy.Deployment) string {
	limited, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	switch o, ok, err := s.Ask(limited, targetID, d); {
	case limited.Err() != nil:
		return fmt.Sprintf("It did not say within %s what is in the way of the bundle.", answerTimeout)
	case err != nil:
		return fmt.Sprintf("It could not be asked what is in the way of the bundle: %v", err)
	case ok && o.Status == deploy.EventFailed:
		return "Install would fail: " + o.Diagnostics.Message
	default:
		return "" // nothing, or an agent that cannot be asked
	}
}
