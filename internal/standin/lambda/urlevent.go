package lambda

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// A urlEvent is an HTTP request as functions get it: the payload format 2.0.
type urlEvent struct {
	Version        string            `json:"version"`
	RouteKey       string            `json:"routeKey"`
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Cookies        []string          `json:"cookies,omitempty"`
	Headers        map[string]string `json:"headers"`
	Query          map[string]string `json:"queryStringParameters,omitempty"`
	Context        urlContext        `json:"requestContext"`
	Body           string            `json:"body,omitempty"`
	IsBase64       bool              `json:"isBase64Encoded"`
}

type urlContext struct {
	AccountID    string         `json:"accountId"`
	APIID        string         `json:"apiId"`
	Authorizer   *urlAuthorizer `json:"authorizer,omitempty"`
	DomainName   string         `json:"domainName"`
	DomainPrefix string         `json:"domainPrefix"`
	HTTP         urlHTTP        `json:"http"`
	RequestID    string         `json:"requestId"`
	RouteKey     string         `json:"routeKey"`
	Stage        string         `json:"stage"`
	Time         string         `json:"time"`
	TimeEpoch    int64          `json:"timeEpoch"`
}

type urlHTTP struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type urlAuthorizer struct {
	IAM struct {
		AccessKey string `json:"accessKey"`
		AccountID string `json:"accountId"`
		CallerID  string `json:"callerId"`
		UserARN   string `json:"userArn"`
		UserID    string `json:"userId"`
	} `json:"iam"`
}

func requestEvent(r *http.Request, body []byte, u urlConfig, path, id string, caller *identity.Caller, now time.Time) urlEvent {
	e := urlEvent{
		Version: "2.0", RouteKey: "$default", RawPath: path, RawQueryString: r.URL.RawQuery,
		Headers: map[string]string{"host": r.Host}, Body: string(body),
		Context: urlContext{
			AccountID: "anonymous", APIID: u.ID, DomainName: r.Host, DomainPrefix: u.ID, RequestID: id, RouteKey: "$default", Stage: "$default",
			Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
			HTTP: urlHTTP{Method: r.Method, Path: path, Protocol: r.Proto, UserAgent: r.UserAgent()},
		},
	}
	e.Context.HTTP.SourceIP, _, _ = net.SplitHostPort(r.RemoteAddr)
	for name, values := range r.Header {
		if name == "Cookie" {
			for _, value := range values {
				e.Cookies = append(e.Cookies, strings.Split(value, "; ")...)
			}
			continue
		}
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for name, values := range r.URL.Query() {
		if e.Query == nil {
			e.Query = map[string]string{}
		}
		e.Query[name] = strings.Join(values, ",")
	}
	if !isText(r.Header.Get("Content-Type"), body) {
		e.Body, e.IsBase64 = base64.StdEncoding.EncodeToString(body), true
	}
	if caller != nil {
		e.Context.AccountID, e.Context.Authorizer = caller.AccountID, &urlAuthorizer{}
		iam := &e.Context.Authorizer.IAM
		iam.AccessKey, iam.AccountID, iam.CallerID, iam.UserARN, iam.UserID = caller.AccessKeyID, caller.AccountID, caller.UserID, caller.ARN, caller.UserID
	}
	return e
}

// isText says whether a body travels as it is; any other travels in Base64.
func isText(contentType string, body []byte) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	text := kind == "" || strings.HasPrefix(kind, "text/") || slices.Contains([]string{
		"application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded"}, kind) ||
		strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
	return text && utf8.Valid(body)
}

// A urlAnswer is what a function says that the response shall be.
type urlAnswer struct {
	StatusCode int                        `json:"statusCode"`
	Headers    map[string]json.RawMessage `json:"headers"` // texts, numbers or truth values
	Cookies    []string                   `json:"cookies"`
	Body       json.RawMessage            `json:"body"`
	IsBase64   bool                       `json:"isBase64Encoded"`
}

// streamedType is of answers whose head is JSON and ends with eight zero bytes.
const streamedType = "application/vnd.awslambda.http-integration-response"

// answerOf reads what a function has returned. What does not say a status is the body itself;
// ok is false where the body cannot be had.
func answerOf(result environment.Result) (answer urlAnswer, body []byte, ok bool) {
	if strings.HasPrefix(result.Type, streamedType) {
		head, body, _ := bytes.Cut(result.Payload, make([]byte, 8))
		ok := json.Unmarshal(head, &answer) == nil
		answer.StatusCode = cmp.Or(answer.StatusCode, http.StatusOK)
		return answer, body, ok
	}
	if json.Unmarshal(result.Payload, &answer) != nil || answer.StatusCode == 0 {
		answer = urlAnswer{StatusCode: http.StatusOK, Body: result.Payload}
	}
	body, ok = answer.body()
	return answer, body, ok
}

// writeAnswer turns what a function has returned into a response.
func writeAnswer(w http.ResponseWriter, result environment.Result) {
	if result.Error != "" {
		failed(w)
		return
	}
	answer, body, ok := answerOf(result)
	if !ok || answer.StatusCode < 200 || answer.StatusCode > 599 {
		failed(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	for name, value := range answer.Headers {
		w.Header().Set(name, plain(value))
	}
	for _, own := range []string{"Connection", "Transfer-Encoding", "Upgrade", "Trailer"} {
		w.Header().Del(own) // the server's business
	}
	for _, cookie := range answer.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.StatusCode)
	// A client that has gone does not get its answer.
	_, _ = w.Write(body)
}

// body is the text that the answer has, or the JSON where it is no text.
func (a urlAnswer) body() ([]byte, bool) {
	text := []byte(plain(a.Body))
	if !a.IsBase64 {
		return text, true
	}
	decoded, err := base64.StdEncoding.DecodeString(string(text))
	return decoded, err == nil
}

// plain is a JSON string's text, nothing for null, and any other JSON as it is.
func plain(value json.RawMessage) string {
	var text *string
	if len(value) == 0 {
		return ""
	}
	if json.Unmarshal(value, &text) == nil {
		return aws.ToString(text)
	}
	return string(value)
}

// allowOrigin says which pages of other origins may call the URL, and answers browsers that
// only ask for that.
func allowOrigin(w http.ResponseWriter, r *http.Request, c *types.Cors) (answered bool) {
	origin := r.Header.Get("Origin")
	if c == nil || origin == "" {
		return false
	}
	h := w.Header()
	if slices.Contains(c.AllowOrigins, "*") || slices.Contains(c.AllowOrigins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
		if aws.ToBool(c.AllowCredentials) {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if len(c.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
		}
	}
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		if c.MaxAge != nil {
			h.Set("Access-Control-Max-Age", itoa(*c.MaxAge))
		}
	}
	w.WriteHeader(http.StatusOK)
	return true
}
