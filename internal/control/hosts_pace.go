package control

import (
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// The bounds of polling. AWS's Ruby agent polls once a second when polls end at once, and
// its Rust agent asks again as soon as it was given a command, for up to sixteen in hand.
const (
	pollEvery  = 200 * time.Millisecond // on the average, per host
	pollBurst  = 50                     // polls at once, per host, after a silence
	pollsAHost = 8                      // waiting; one is usual, and proxies keep lost ones open
	pollsAtAll = 50_000                 // waiting; each costs a connection and some 45 KiB
)

// A pace bounds how often hosts poll and how many of their polls wait. What it keeps is
// bounded by the number of registered hosts.
type pace struct {
	mu       sync.Mutex
	next     map[string]time.Time // when a host's budget is whole again
	waiting  map[string]int
	all      int
	prunedAt time.Time
}

func newPace() *pace {
	return &pace{next: map[string]time.Time{}, waiting: map[string]int{}}
}

// admit lets a poll in or refuses it. Who is let in calls leave at the end.
func (p *pace) admit(host string, now time.Time) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.prune(now)
	whole := p.next[host]
	if whole.Before(now) {
		whole = now
	}
	switch {
	case whole.Sub(now) > (pollBurst-1)*pollEvery:
		return nil, deploy.Errorf("Throttling", "%s polls too often. Poll again after a second; where several agents share its key, give each a user of its own.", host)
	case p.waiting[host] >= pollsAHost:
		return nil, deploy.Errorf("Throttling", "%d polls of %s wait already. Where several agents share its key, give each a user of its own.", pollsAHost, host)
	case p.all >= pollsAtAll:
		return nil, deploy.Errorf("Throttling", "%d polls wait already, which is as many as this server keeps.", pollsAtAll)
	}
	p.next[host] = whole.Add(pollEvery)
	p.waiting[host]++
	p.all++
	return func() { p.leave(host) }, nil
}

func (p *pace) leave(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all--
	if p.waiting[host]--; p.waiting[host] == 0 {
		delete(p.waiting, host)
	}
}

// prune forgets now and then the hosts that have been silent.
func (p *pace) prune(now time.Time) {
	if now.Sub(p.prunedAt) < pollBurst*pollEvery {
		return
	}
	p.prunedAt = now
	for host, whole := range p.next {
		if whole.Before(now) {
			delete(p.next, host)
		}
	}
}
