package agent

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
)

// advice says what a person can do about a request to the service that failed; empty when the
// error says it all.
func advice(err error) string {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var authority x509.UnknownAuthorityError
	service, answered := errors.AsType[*ServiceError](err)
	switch {
	case errors.As(err, &name):
		return "deploy_control_endpoint must be a name that the server's certificate has (--tls-host of slipway server)"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "compare this host's clock; if it is right, renew the server's certificate"
	case errors.As(err, &authority):
		return "name the PEM file of the server's authority as ca_file in the agent's configuration"
	case !answered && cutOff(err):
		return "the server is down, or is not at deploy_control_endpoint, or the network between is; the agent goes on by itself when it answers"
	case !answered:
	case service.throttled():
		return "see that no other agent has this host's keys"
	case service.skewed():
		return "see that the secret key is the right one and this host's clock is right (NTP)"
	case service.aboutKeys():
		return "see that the host is registered, and that its keys and ARN are right (on_premises_config_file)"
	}
	return ""
}

// cutOff says whether the network had no answer, as opposed to a fault on this side of it.
func cutOff(err error) bool {
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded)
}

// withAdvice is the error and what can be done about it, in one line.
func withAdvice(err error) string {
	if a := advice(err); a != "" {
		return err.Error() + ": " + a
	}
	return err.Error()
}
