package agent

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

const (
	connectTimeout = 15 * time.Second
	// answerLimit bounds what an answer of the command service may hold; a specification is a
	// few kilobytes.
	answerLimit = 4 << 20
)

// newHTTPClient makes the one client for commands and downloads. Its connections stay open
// between requests, and it follows no redirects: a signature is good for one host only.
func newHTTPClient(config Config) (*http.Client, error) {
	proxy := http.ProxyFromEnvironment
	if config.ProxyURI != "" {
		u, err := url.Parse(config.ProxyURI)
		if err != nil {
			return nil, errors.New("proxy_uri is not a URL")
		}
		proxy = http.ProxyURL(u)
	}
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	transport := &http.Transport{
		Proxy:               proxy,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: connectTimeout,
		MaxIdleConnsPerHost: slots + 1,
		IdleConnTimeout:     90 * time.Second,
		ReadBufferSize:      32 << 10,
		DisableCompression:  true, // a bundle is to arrive as it was uploaded
	}
	pool, err := authorities(config.CAFile, os.Getenv("AWS_CA_BUNDLE"))
	if err != nil {
		return nil, err
	}
	if pool != nil {
		transport.TLSClientConfig = tlsConfig(pool)
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// authorities are whom TLS believes, nil for the system's. A bundle, which is the SDKs' own
// variable, replaces the system's; a file adds to it. SSL_CERT_FILE is heeded by crypto/x509.
func authorities(file, bundle string) (pool *x509.CertPool, err error) {
	if bundle != "" {
		if pool, err = readPool(bundle); err != nil {
			return nil, fmt.Errorf("read AWS_CA_BUNDLE: %w", err)
		}
	}
	if file == "" {
		return pool, nil
	}
	if pool == nil {
		if pool, err = x509.SystemCertPool(); err != nil {
			pool = x509.NewCertPool() // a host without any: the file is all there is
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read ca_file: %s holds no PEM certificate", file)
	}
	return pool, nil
}

func readPool(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no PEM certificate", file)
	}
	return pool, nil
}

// A commandService speaks AWS JSON 1.1 to the service that hands out commands.
type commandService struct {
	http        *http.Client
	endpoint    string
	prefix      string // of X-Amz-Target
	signingName string
	version     string
	host        Host
	timeout     time.Duration // of one request, long polls included
	log         *slog.Logger
	skew        atomic.Int64 // nanoseconds that the service's clock is ahead of this host's
}

// A ServiceError is an error that the service answered with.
type ServiceError struct {
	Operation, Code, Message string
	Status                   int
}

// Error names the operation, the code and the service's own text.
func (e *ServiceError) Error() string {
	return fmt.Sprintf("%s: %s: %s (HTTP %d)", e.Operation, e.Code, e.Message, e.Status)
}

func (c *commandService) poll(ctx context.Context) (*hostwire.HostCommand, error) {
	var out hostwire.PollHostCommandOutput
	err := c.call(ctx, "PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: c.host.Identifier}, &out)
	return out.HostCommand, err
}

func (c *commandService) specification(ctx context.Context, executionID string) (*hostwire.GetDeploymentSpecificationOutput, error) {
	var out hostwire.GetDeploymentSpecificationOutput
	err := c.call(ctx, "GetDeploymentSpecification",
		hostwire.GetDeploymentSpecificationInput{DeploymentExecutionId: executionID, HostIdentifier: c.host.Identifier}, &out)
	return &out, err
}

func (c *commandService) acknowledge(ctx context.Context, identifier string, noop bool) (string, error) {
	var out hostwire.PutHostCommandAcknowledgementOutput
	err := c.call(ctx, "PutHostCommandAcknowledgement", hostwire.PutHostCommandAcknowledgementInput{
		HostCommandIdentifier: identifier,
		Diagnostics:           envelope(hostwire.Acknowledgement{IsCommandNoop: noop}),
	}, &out)
	return out.CommandStatus, err
}

func (c *commandService) complete(ctx context.Context, o outcome) error {
	return c.call(ctx, "PutHostCommandComplete", hostwire.PutHostCommandCompleteInput{
		HostCommandIdentifier: o.Identifier, CommandStatus: o.Status, Diagnostics: envelope(o.Diagnostics),
	}, &hostwire.PutHostCommandCompleteOutput{})
}

// update is a sign of life with the log so far.
func (c *commandService) update(ctx context.Context, identifier string, d hostwire.Diagnostics) error {
	return c.call(ctx, "PostHostCommandUpdate",
		hostwire.PostHostCommandUpdateInput{HostCommandIdentifier: identifier, Diagnostics: envelope(d)}, &hostwire.PostHostCommandUpdateOutput{})
}

func envelope(content any) *hostwire.Envelope {
	payload, err := json.Marshal(content)
	if err != nil {
		payload = []byte("{}") // not reached: the contents are plain strings, numbers and booleans
	}
	return &hostwire.Envelope{Format: hostwire.FormatJSON, Payload: string(payload)}
}

// now is the time by the service's clock.
func (c *commandService) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

// call makes one request. If it is refused for a wrong clock or for keys that somebody has renewed
// in the meantime, that is put right and the request made once more.
func (c *commandService) call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	used, err := c.host.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	skew := c.skew.Load()
	err = c.once(ctx, operation, body, out)
	service, refused := errors.AsType[*ServiceError](err)
	if refused && (service.skewed() && c.skew.Load() != skew || service.aboutKeys() && c.renewed(ctx, used)) {
		err = c.once(ctx, operation, body, out)
	}
	return err
}

func (c *commandService) once(ctx context.Context, operation string, body []byte, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", c.prefix+"."+operation)
	request.Header.Set(hostwire.AgentVersionHeader, c.version)
	request.Header.Set(hostwire.PlansHeader, hostwire.PlanInstall)
	if err := sign(ctx, c.host, request, body, c.signingName, c.now()); err != nil {
		return fmt.Errorf("%s: %w", operation, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", operation, plainError(err))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("%s: read the answer: %w", operation, err)
	}
	if response.StatusCode != http.StatusOK {
		return c.refused(operation, response, answer)
	}
	if len(bytes.TrimSpace(answer)) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &ServiceError{Operation: operation, Code: "InvalidAnswer", Message: "the answer is not JSON of the expected form: " + err.Error(), Status: response.StatusCode}
	}
	return nil
}

// plainError takes the URL out of an error of net/http, where a password might be.
func plainError(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// refused turns an error answer into a ServiceError.
func (c *commandService) refused(operation string, response *http.Response, answer []byte) error {
	var body struct {
		Type         string `json:"__type"`
		Code         string `json:"code"`
		Message      string `json:"message"`
		UpperMessage string `json:"Message"`
	}
	_ = json.Unmarshal(answer, &body) // an answer without JSON still has its status
	code := firstOf(body.Type, body.Code, response.Header.Get("X-Amzn-Errortype"), http.StatusText(response.StatusCode), "UnknownError")
	if _, after, ok := strings.Cut(code, "#"); ok {
		code = after
	}
	code, _, _ = strings.Cut(code, ":")
	e := &ServiceError{Operation: operation, Code: code, Message: firstOf(body.Message, body.UpperMessage, "no message"), Status: response.StatusCode}
	if e.skewed() {
		if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			c.noteClock(date)
		}
	}
	return e
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// clockTolerance is the difference that a service forgives.
const clockTolerance = 4 * time.Minute

// noteClock remembers how far this host's clock is off.
func (c *commandService) noteClock(date time.Time) {
	ahead := time.Until(date)
	if ahead.Abs() < clockTolerance {
		ahead = 0
	}
	if c.skew.Swap(int64(ahead)) != int64(ahead) && ahead != 0 {
		c.log.Warn("this host's clock differs from the service's; requests are signed with the service's time; set this host's clock (NTP)", "difference", ahead.Round(time.Second))
	}
}

// renewed says whether the keys that were refused are not those of their source any more. Another
// request that was refused at the same time may have read them already.
func (c *commandService) renewed(ctx context.Context, refused Credentials) bool {
	if source, ok := c.host.Credentials.(interface{ reread() bool }); ok {
		source.reread()
	}
	now, err := c.host.Credentials.Retrieve(ctx)
	return err == nil && (now.AccessKeyID != refused.AccessKeyID || now.SessionToken != refused.SessionToken)
}

func (e *ServiceError) skewed() bool {
	switch e.Code {
	case "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture":
		return true
	}
	return false
}

// aboutKeys says whether new credentials could make the difference.
func (e *ServiceError) aboutKeys() bool {
	switch e.Code {
	case "UnrecognizedClientException", "ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId", "AccessDeniedException", "MissingAuthenticationTokenException":
		return true
	}
	return e.skewed() || e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

func (e *ServiceError) throttled() bool {
	switch e.Code {
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException":
		return true
	}
	return e.Status == http.StatusTooManyRequests
}
