package control

import "sync"

// An Inbox lets the polls of hosts wait without asking the store: whoever has something for
// a host wakes it. A wake-up for a host that does not wait is lost, which does no harm,
// because a poll looks into the store before it waits.
type Inbox struct {
	mu      sync.Mutex
	waiting map[string]map[chan struct{}]bool
	closed  chan struct{}
}

// NewInbox returns an Inbox in which nobody waits.
func NewInbox() *Inbox {
	return &Inbox{waiting: map[string]map[chan struct{}]bool{}, closed: make(chan struct{})}
}

// Wait returns a channel that is closed when the host is woken, and a function that gives
// up waiting, which must be called in any case.
func (i *Inbox) Wait(host string) (<-chan struct{}, func()) {
	woken := make(chan struct{})
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.waiting[host] == nil {
		i.waiting[host] = map[chan struct{}]bool{}
	}
	i.waiting[host][woken] = true
	return woken, func() { i.leave(host, woken) }
}

func (i *Inbox) leave(host string, woken chan struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.waiting[host], woken)
	if len(i.waiting[host]) == 0 {
		delete(i.waiting, host)
	}
}

// Wake ends every wait of the host.
func (i *Inbox) Wake(host string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for woken := range i.waiting[host] {
		close(woken)
	}
	delete(i.waiting, host)
}

// Close ends every wait, now and from now on: the server is about to leave. Once only.
func (i *Inbox) Close() { close(i.closed) }
