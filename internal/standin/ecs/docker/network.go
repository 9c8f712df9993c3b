package docker

import (
	"context"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// networks are the bridges of this server: one, or none.
func (e *Engine) networks(ctx context.Context) ([]network.Summary, error) {
	out, err := e.client.NetworkList(ctx, client.NetworkListOptions{Filters: e.labels("")})
	if err != nil {
		return nil, fmt.Errorf("list networks: %w", err)
	}
	return out.Items, nil
}

// ensureNetwork returns the id of the bridge, and makes it where it is not there, with addresses
// that the engine finds free. Engines do not mind two of one name, so there is one at a time here.
func (e *Engine) ensureNetwork(ctx context.Context) (id string, err error) {
	e.making.Lock()
	defer e.making.Unlock()
	all, err := e.networks(ctx)
	if err != nil {
		return "", err
	}
	if len(all) > 0 {
		return all[0].ID, nil
	}
	out, err := e.client.NetworkCreate(ctx, "slipway-"+e.cfg.Owner[:12], client.NetworkCreateOptions{
		Driver: "bridge", Labels: map[string]string{ownerLabel: e.cfg.Owner, dataLabel: e.cfg.Data},
	})
	return out.ID, err
}

// removeNetwork removes the bridge, unless a container is on it.
func (e *Engine) removeNetwork(ctx context.Context) error {
	e.networking.Lock()
	defer e.networking.Unlock()
	all, err := e.networks(ctx)
	if err != nil {
		return err
	}
	for _, n := range all {
		_, err := e.client.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsPermissionDenied(err) { // denied: a container is on it
			return fmt.Errorf("remove the network: %w", err)
		}
	}
	return nil
}
