package survey

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// checkFunctions says which functions that are to validate the targets cannot be called. Each is
// asked for once; the targets of a deployment have the same.
func (s *Survey) checkFunctions(ctx context.Context, targets []deploy.Target) (list []control.Warning) {
	if len(targets) == 0 {
		return nil
	}
	for _, e := range targets[0].Events {
		function := targets[0].Hooks[e.Name]
		if function == "" {
			continue
		}
		err := s.Callable(ctx, function)
		if _, refused := errors.AsType[*deploy.Error](err); refused {
			list = append(list, control.Warning{Text: fmt.Sprintf("%s would fail: %s", e.Name, deploy.ErrorText(err))})
		} else if err != nil {
			list = append(list, control.Warning{Text: fmt.Sprintf("Whether %s can call the function %s could not be looked at: %v", e.Name, function, err)})
		}
	}
	return list
}
