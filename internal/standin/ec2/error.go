package ec2

import (
	"strings"

	"github.com/slipway/slipway/internal/awswire"
)

// missing refuses a request that lacks a parameter.
func missing(parameter string) error {
	return awswire.Errorf("MissingParameter", "The request must contain the parameter %s", parameter)
}

// invalid refuses the value of a parameter.
func invalid(format string, args ...any) error {
	return awswire.Errorf("InvalidParameterValue", format, args...)
}

func instancesNotFound(ids []string) error {
	if len(ids) == 1 {
		return awswire.Errorf("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", ids[0])
	}
	return awswire.Errorf("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(ids, ", "))
}
