package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// pause waits, and reports the end of ctx instead if that comes first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// jittered spreads hosts that lost the same server at the same moment: half of d is random.
func jittered(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1)
}

const (
	quickFirst = 100 * time.Millisecond
	quickLast  = 5 * time.Second
)

// quick is the wait after the n-th failure in a row (from 1) to reach the service at all: 100 ms,
// doubling up to 5 s, so that a restarted server is found at once.
func quick(n int) time.Duration {
	return jittered(min(quickFirst<<min(n-1, 10), quickLast))
}

// slow is the wait after the n-th error answer in a row, by the table of AWS's agent: 10, 13, 17,
// 21, 27, 34, 44, 56, 71 and then 90 seconds.
func slow(n int) time.Duration {
	const base = 1.2675
	seconds := math.Floor(math.Pow(base, float64(min(n, 10))) * 90 / math.Pow(base, 10))
	return time.Duration(seconds) * time.Second
}

// unreachable says whether an error means that the service was not there, or only a proxy before it.
func unreachable(err error) bool {
	if service, ok := errors.AsType[*ServiceError](err); ok {
		switch service.Status {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return !service.throttled()
		}
		return false
	}
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return !errors.As(err, &certificate) && !errors.As(err, &authority)
}

// transient says whether the same request may well succeed a little later.
func transient(err error) bool {
	service, ok := errors.AsType[*ServiceError](err)
	return !ok || service.Status >= 500 || service.throttled()
}
