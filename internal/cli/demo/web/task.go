package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// The environment of a version that runs as a container or as a function.
const (
	VersionVariable = "DEMO_VERSION"
	FaultVariable   = "DEMO_FAULT" // Broken or Slow; none where it is empty
)

// The faults that a version may have.
const (
	Broken = "broken" // it answers 500
	Slow   = "slow"   // it takes Delay
)

// Delay is how long a slow version takes to answer.
const Delay = time.Second

// answer is the page of the version that the environment says.
func answer() (status int, page string) {
	version := os.Getenv(VersionVariable)
	switch os.Getenv(FaultVariable) {
	case Broken:
		return http.StatusInternalServerError, "page.html: nobody knows ${Price}\n"
	case Slow:
		time.Sleep(Delay)
	}
	return http.StatusOK, fmt.Sprintf("<!doctype html>\n<title>Shop</title>\n<h1>Shop %s</h1>\n", version)
}

// ServeTask serves the version that the environment says until ctx ends, as a container does.
// Its health is good whatever its pages are.
func ServeTask(ctx context.Context, listen string) error {
	return listenAndServe(ctx, listen, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(VersionHeader, os.Getenv(VersionVariable))
		if r.URL.Path == "/healthz" {
			io.WriteString(w, "ok\n")
			return
		}
		status, page := answer()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, page)
	}))
}
