// Package engine is the Docker Engine of tests: whether there is one, and an image for it that
// is built here, for nothing is pulled.
package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Missing says why tests cannot run containers; "" where they can.
func Missing() string {
	c, err := client.New(client.FromEnv)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return "no Docker Engine answers; make test installs and starts one where it may: " + err.Error()
	}
	return ""
}

// Image is the name of an image with the program of test/container at /container, which it runs.
// It stays in the engine, for the next test.
func Image(ctx context.Context) (string, error) {
	program, err := build(ctx)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("slipway-test:%x", sha256.Sum256(program))[:len("slipway-test:")+12]
	c, err := client.New(client.FromEnv)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := c.ImageInspect(ctx, name); err == nil || !errdefs.IsNotFound(err) {
		return name, err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	w.WriteHeader(&tar.Header{Name: "container", Mode: 0o755, Size: int64(len(program))}) // to memory
	w.Write(program)
	w.Close()
	out, err := c.ImageImport(ctx, client.ImageImportSource{Source: &archive, SourceName: "-"}, name,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/container"]`}})
	if err != nil {
		return "", fmt.Errorf("import the image: %w", err)
	}
	defer out.Close()
	_, err = io.Copy(io.Discard, out)
	return name, err
}

func build(ctx context.Context) ([]byte, error) {
	dir, err := os.MkdirTemp("", "slipway-image-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "container")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "github.com/slipway/slipway/test/container")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the image's program: %w\n%s", err, out)
	}
	return os.ReadFile(path)
}

// Clear removes the containers, volumes and networks of the server with that data directory.
func Clear(ctx context.Context, data string) error {
	c, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer c.Close()
	mine := client.Filters{}.Add("label", "slipway.data="+data)
	containers, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return err
	}
	for _, one := range containers.Items {
		if _, err := c.ContainerRemove(ctx, one.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true}); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	volumes, err := c.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	if err != nil {
		return err
	}
	for _, one := range volumes.Items {
		if _, err := c.VolumeRemove(ctx, one.Name, client.VolumeRemoveOptions{Force: true}); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	networks, err := c.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	if err != nil {
		return err
	}
	for _, one := range networks.Items {
		if _, err := c.NetworkRemove(ctx, one.ID, client.NetworkRemoveOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// Left are the names of what the server with that data directory has in the engine.
func Left(ctx context.Context, data string) (names []string, err error) {
	c, err := client.New(client.FromEnv)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	mine := client.Filters{}.Add("label", "slipway.data="+data)
	containers, err := c.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: mine})
	if err != nil {
		return nil, err
	}
	for _, one := range containers.Items {
		names = append(names, one.Names...)
	}
	volumes, err := c.VolumeList(ctx, client.VolumeListOptions{Filters: mine})
	if err != nil {
		return nil, err
	}
	for _, one := range volumes.Items {
		names = append(names, one.Name)
	}
	networks, err := c.NetworkList(ctx, client.NetworkListOptions{Filters: mine})
	for _, one := range networks.Items {
		names = append(names, one.Name)
	}
	return names, err
}

// Kill kills the containers of a task, as nobody does who means well.
func Kill(ctx context.Context, task string) error {
	c, err := client.New(client.FromEnv)
	if err != nil {
		return err
	}
	defer c.Close()
	found, err := c.ContainerList(ctx, client.ContainerListOptions{Filters: client.Filters{}.Add("label", "slipway.task="+task)})
	if err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return fmt.Errorf("task %s has no containers", task)
	}
	for _, one := range found.Items {
		if _, err := c.ContainerKill(ctx, one.ID, client.ContainerKillOptions{}); err != nil {
			return err
		}
	}
	return nil
}
