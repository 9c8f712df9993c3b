package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

// answerCalls answers one call of a Lambda function after the other, by the Lambda Runtime API. AWS's own
// library does too, and makes the whole program twice as large: its net/rpc keeps the linker from
// leaving unused methods out.
func answerCalls(ctx context.Context, handle func(context.Context, []byte) (any, error)) error {
	api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := call(ctx, http.MethodGet, api+"next", nil)
		if err != nil {
			return fmt.Errorf("ask for a call: %w", err)
		}
		event, err := io.ReadAll(next.Body)
		next.Body.Close()
		if err != nil {
			return fmt.Errorf("read a call: %w", err)
		}
		id, path := next.Header.Get("Lambda-Runtime-Aws-Request-Id"), "/response"
		answer, err := handle(ctx, event)
		if err != nil {
			path, answer = "/error", map[string]string{"errorMessage": err.Error(), "errorType": "Error"}
		}
		body, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("encode an answer: %w", err)
		}
		taken, err := call(ctx, http.MethodPost, api+id+path, bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("answer a call: %w", err)
		}
		taken.Body.Close()
	}
}

func call(ctx context.Context, method, url string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(r) // no time-out: the next call comes when it comes
}
