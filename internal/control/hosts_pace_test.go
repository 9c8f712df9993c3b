package control_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/control"
)

// TestAHostThatNeverWaits is told to slow down; another is not, and a second later it may
// go on.
func TestAHostThatNeverWaits(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		f.inbox.Close() // polls end at once
		ask := func(name string) error {
			_, err := f.hosts.NextCommand(t.Context(), host(name), userARN+name)
			return err
		}
		refused := 0
		for range 1000 {
			if err := ask("web-1"); err != nil {
				wantError(t, err, "Throttling", "web-1 polls too often")
				refused++
			}
		}
		if refused < 900 || refused > 960 {
			t.Errorf("%d of 1000 polls at once were refused", refused)
		}
		if err := ask("web-2"); err != nil {
			t.Errorf("another host: %v", err)
		}
		time.Sleep(time.Second)
		if err := ask("web-1"); err != nil {
			t.Errorf("after a second: %v", err)
		}
		for range 3600 { // as the agents poll a server that does not hold them
			time.Sleep(time.Second)
			if err := ask("web-1"); err != nil {
				t.Fatalf("once a second: %v", err)
			}
		}
	})
}

// TestTooManyPollsThatWait: a host may have a few, for those that a proxy has lost.
func TestTooManyPollsThatWait(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fleet) {
		ctx, leave := context.WithCancel(t.Context())
		ask := func(ctx context.Context) (*control.Command, error) {
			return f.hosts.NextCommand(ctx, host("web-1"), userARN+"web-1")
		}
		for range 8 {
			go func() { _, _ = ask(ctx) }()
		}
		synctest.Wait()
		_, err := ask(ctx)
		wantError(t, err, "Throttling", "8 polls of web-1 wait already")
		leave()
		synctest.Wait()
		f.inbox.Close()
		if _, err := ask(t.Context()); err != nil {
			t.Errorf("after the others have left: %v", err)
		}
	})
}
