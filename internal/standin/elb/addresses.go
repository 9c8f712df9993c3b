package elb

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway/slipway/internal/awswire"
)

// AddressTag is the tag of an on-premises instance that says where load balancers reach it.
const AddressTag = "slipway:address"

// newAddress picks an address of the pool at random, so that two servers on one machine are
// unlikely to want the same, and one that no other load balancer has, unless all are taken.
func (s *Service) newAddress() (string, error) {
	var taken []string
	for _, b := range s.balancers.All() {
		taken = append(taken, b.Address)
	}
	for _, c := range s.classics.All() {
		taken = append(taken, c.Address)
	}
	pool := s.cfg.Pool.Masked()
	free := pool.Addr().BitLen() - pool.Bits()
	if free == 0 {
		return pool.Addr().String(), nil // shared: the listeners' ports tell its load balancers apart
	}
	size := 1 << min(free, 24)
	first := rand.IntN(size)
	for i := range size {
		n := (first + i) % size
		if free > 1 && (n == 0 || n == size-1) {
			continue // the addresses of the network itself, and of all in it
		}
		if at := plus(pool.Addr(), n).String(); !slices.Contains(taken, at) {
			return at, nil
		}
	}
	return "", awswire.Errorf("TooManyLoadBalancers", "All addresses of %s are taken by load balancers. "+
		"Start the server with a larger --load-balancer-address.", pool)
}

// plus is the n-th address after at.
func plus(at netip.Addr, n int) netip.Addr {
	b := at.AsSlice()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += int(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	sum, _ := netip.AddrFromSlice(b)
	return sum
}

// mayListen refuses a port that could not be listened on, before a listener is recorded.
func (s *Service) mayListen(address string, port int32) error {
	for _, b := range s.balancers.All() {
		for _, l := range s.listenersOf(b.arn()) {
			if b.Address == address && *l.Port == port {
				return portTaken(address, port, "by the load balancer "+aws.ToString(b.LoadBalancerName))
			}
		}
	}
	for _, c := range s.classics.All() {
		if c.Address == address && slices.Contains(c.ports(), port) {
			return portTaken(address, port, "by the load balancer "+c.Name)
		}
	}
	at := net.JoinHostPort(address, strconv.Itoa(int(port)))
	probe, err := net.Listen("tcp", at)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return portTaken(address, port, "by another program")
	case errors.Is(err, syscall.EACCES):
		return awswire.Errorf("InvalidConfigurationRequest", "The load balancer may not listen on %s: ports below 1024 need "+
			"privileges that the server does not have. Choose another port.", at)
	case err != nil:
		return awswire.Errorf("InvalidConfigurationRequest", "The load balancer cannot listen on %s: %v", at, err)
	}
	if err := probe.Close(); err != nil {
		return fmt.Errorf("try to listen on %s: %w", at, err)
	}
	return nil
}

func portTaken(address string, port int32, by string) error {
	return awswire.Errorf("InvalidConfigurationRequest", "The port %d of the load balancer's address %s is taken %s. "+
		"Choose another port, or give load balancers addresses of their own with --load-balancer-address.", port, address, by)
}
