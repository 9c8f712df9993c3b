// Command container is what tests run in containers: a web server that says what it is, and
// does what its environment tells it to. As "container check" it is its own health check.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	if len(os.Args) > 1 && os.Args[1] == "check" {
		r, err := http.Get("http://127.0.0.1:" + port + "/health")
		if err != nil || r.StatusCode != http.StatusOK {
			os.Exit(1)
		}
		return
	}
	if code, err := strconv.Atoi(os.Getenv("EXIT")); err == nil {
		fmt.Println("exits with", code)
		os.Exit(code)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if wait, err := time.ParseDuration(r.FormValue("wait")); err == nil {
			time.Sleep(wait)
		}
		fmt.Fprintf(w, "%s\n", os.Getenv("COLOUR"))
	})
	http.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("SICK") != "" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	http.HandleFunc("/exit", func(w http.ResponseWriter, r *http.Request) { os.Exit(7) })
	serve(":" + port)
}

// serve answers until it is asked to end, and then what it has begun with.
func serve(address string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	web := &http.Server{Addr: address}
	go func() {
		fmt.Println("listening on", address, "as", os.Getenv("COLOUR"))
		if err := web.ListenAndServe(); err != http.ErrServerClosed {
			fmt.Println(err)
			os.Exit(1)
		}
	}()
	<-ctx.Done()
	fmt.Println("bye")
	web.Shutdown(context.Background())
}
