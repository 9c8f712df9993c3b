// Command function is a Lambda function for tests, built with AWS's own library: it does what
// its event asks for. With LISTEN in its environment it is a web server that does the same.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// An event says what to do: Do is one of the cases of handle.
type event struct {
	Do     string
	Text   string
	Amount int
}

func main() {
	if text := os.Getenv("FAIL_AT_START"); text != "" {
		fmt.Fprintln(os.Stderr, text)
		os.Exit(3)
	}
	if address := os.Getenv("LISTEN"); address != "" {
		serve(address)
	}
	lambda.Start(handle)
}

// serve answers over HTTP what it would answer as a function, to compare the two.
func serve(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	fmt.Println("listening")
	panic(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e event
		_ = json.NewDecoder(r.Body).Decode(&e)
		answer, _ := handle(r.Context(), e)
		text, _ := json.Marshal(answer)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	})))
}

var calls int

func handle(ctx context.Context, e event) (any, error) {
	calls++
	switch e.Do {
	case "error":
		return nil, errors.New(e.Text)
	case "panic":
		panic(e.Text)
	case "exit":
		os.Exit(e.Amount)
	case "hang":
		select {}
	case "sleep":
		time.Sleep(time.Duration(e.Amount) * time.Millisecond)
	case "log":
		fmt.Println(e.Text)
	case "flood":
		line := strings.Repeat("x", 1023) + "\n"
		for range e.Amount { // KiB
			os.Stdout.WriteString(line)
		}
	case "allocate":
		return len(allocate(e.Amount)), nil
	case "answer": // this many bytes
		return strings.Repeat("x", e.Amount), nil
	case "child": // that outlives the call
		child := exec.Command("/bin/sleep", "1000")
		return e.Text, child.Start()
	case "write":
		return nil, os.WriteFile(e.Text, []byte("x"), 0o600)
	}
	return describe(ctx), nil
}

// allocate fills that many MiB.
func allocate(megabytes int) []byte {
	memory := make([]byte, megabytes<<20)
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	time.Sleep(time.Second)
	return memory
}

// describe tells what the function knows of itself.
func describe(ctx context.Context) map[string]any {
	known, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	directory, _ := os.Getwd()
	variables := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		variables[name] = value
	}
	return map[string]any{
		"Request": known.AwsRequestID, "ARN": known.InvokedFunctionArn, "Version": lambdacontext.FunctionVersion, "Calls": calls,
		"Custom": known.ClientContext.Custom,
		"Left":   time.Until(deadline).Milliseconds(), "Process": os.Getpid(), "User": os.Getuid(), "Directory": directory, "Environment": variables,
	}
}
