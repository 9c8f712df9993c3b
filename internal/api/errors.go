package api

import (
	"errors"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/deploy"
)

// wireError turns a code into the exception that the model names for it, which is the code
// with a suffix. Any other error stays as it is, a fault of ours: awswire logs and masks it.
func wireError(err error) error {
	var e *deploy.Error
	if !errors.As(err, &e) {
		return err
	}
	return &awswire.Error{Code: e.Code + "Exception", Message: e.Message}
}
