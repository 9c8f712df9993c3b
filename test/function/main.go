// Command function is a Lambda function for tests, built with AWS's own library: it does what
// its event asks for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	lambda.Start(handle)
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
