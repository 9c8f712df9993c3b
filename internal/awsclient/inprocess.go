package awsclient

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// InProcess is the configuration of clients whose requests go straight to a handler, signed
// like any other, without a socket. The handler is asked for at each request.
func InProcess(handler func() http.Handler, region, accessKeyID, secret string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://slipway.internal"),
		Credentials:  credentials.NewStaticCredentialsProvider(accessKeyID, secret, ""),
		HTTPClient:   &http.Client{Transport: inProcess(handler)},
	}
}

// inProcess is a transport that calls a handler and keeps its answer in memory.
type inProcess func() http.Handler

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	asServer := r.Clone(r.Context())
	asServer.RequestURI = r.URL.RequestURI()
	asServer.RemoteAddr = "127.0.0.1:0"
	if asServer.Host == "" {
		asServer.Host = r.URL.Host
	}
	if asServer.Body == nil {
		asServer.Body = http.NoBody
	}
	answer := &answer{header: http.Header{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p().ServeHTTP(answer, asServer)
	}()
	select {
	case <-done:
		return answer.response(r), nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context()) // the handler comes to its end by itself
	}
}

// An answer is a response that is being written.
type answer struct {
	header http.Header
	status int
	sent   http.Header // the header as it was when the status was written
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.sent = status, a.header.Clone()
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *answer) response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.sent, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r,
	}
}
