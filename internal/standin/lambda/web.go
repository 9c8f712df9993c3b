package lambda

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// Prefix begins the paths of the server that are this room's: no bucket can be called so.
const Prefix = "/_lambda/"

const (
	codePrefix = Prefix + "code/"
	urlPrefix  = Prefix + "url/"
)

// linkAge is how long a link to a function's code is good for, as at AWS.
const linkAge = 10 * time.Minute

// codeURL is a link to an archive that needs no other signature.
func (s *Service) codeURL(hash string) string {
	until := strconv.FormatInt(s.cfg.Now().Add(linkAge).Unix(), 10)
	return s.cfg.Endpoint() + codePrefix + hash + "?expires=" + until + "&signature=" + s.linkSeal(hash, until)
}

func (s *Service) linkSeal(hash, until string) string {
	h := hmac.New(sha256.New, s.seal)
	h.Write([]byte(hash + " " + until))
	return hex.EncodeToString(h.Sum(nil))
}

// Web answers what is asked of paths that begin with Prefix: links to code, and functions'
// URLs. keys says who signs, where a URL wants that.
func (s *Service) Web(keys awswire.Keys) http.Handler {
	verifier := awswire.NewVerifier(keys, s.cfg.Now, maxSync, "lambda")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if hash, ok := strings.CutPrefix(path, codePrefix); ok {
			s.serveCode(w, r, hash)
			return
		}
		rest, ok := strings.CutPrefix(path, urlPrefix)
		id, below, _ := strings.Cut(rest, "/")
		u, known := s.urlWithID(id)
		if !ok || !known {
			http.NotFound(w, r)
			return
		}
		s.serveURL(w, r, verifier, u, "/"+below)
	})
}

func (s *Service) serveCode(w http.ResponseWriter, r *http.Request, hash string) {
	query := r.URL.Query()
	until, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	want := s.linkSeal(hash, query.Get("expires"))
	if err != nil || !hmac.Equal([]byte(want), []byte(query.Get("signature"))) || s.cfg.Now().Unix() > until {
		http.Error(w, "The link is not valid, or not any more. Ask GetFunction for another one.", http.StatusForbidden)
		return
	}
	file, err := os.Open(s.code.Archive(hash))
	if err != nil {
		http.Error(w, "The code is gone.", http.StatusNotFound)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/zip")
	http.ServeContent(w, r, "", time.Time{}, file)
}

// serveURL calls a function with an HTTP request.
func (s *Service) serveURL(w http.ResponseWriter, r *http.Request, verifier *awswire.Verifier, u urlConfig, path string) {
	if allowOrigin(w, r, u.Cors) {
		return
	}
	body, err := verifier.Body(w, r)
	if err != nil {
		s.refuseURL(w, u, http.StatusRequestEntityTooLarge, err)
		return
	}
	caller, err := s.mayCall(verifier, r, body, u)
	if err != nil {
		s.refuseURL(w, u, http.StatusForbidden, err)
		return
	}
	to, err := s.resolve(u.of())
	if err != nil {
		http.NotFound(w, r)
		return
	}
	c := environment.Call{ID: newID(), ARN: s.arn(u.of().String()), TraceID: r.Header.Get("X-Amzn-Trace-Id")}
	w.Header().Set("X-Amzn-Requestid", c.ID)
	if c.Payload, err = json.Marshal(requestEvent(r, body, u, path, c.ID, caller, s.cfg.Now())); err != nil {
		s.refuseURL(w, u, http.StatusBadRequest, err)
		return
	}
	result, err := s.run(r.Context(), to, c)
	if err != nil {
		s.refuseURL(w, u, http.StatusTooManyRequests, err)
		return
	}
	writeAnswer(w, result)
}

// refuseURL answers in the function's place: a refusal with the status, and trouble of the
// machine's with its own.
func (s *Service) refuseURL(w http.ResponseWriter, u urlConfig, status int, err error) {
	refused, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		s.cfg.Log.Error("a function's URL was called in vain", "function", u.Function, "error", err)
		status, refused = http.StatusInternalServerError, awswire.Errorf("ServiceException", "The function could not be asked.")
	}
	writeRefusal(w, status, refused.Code, refused.Message)
}

func writeRefusal(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": message})
}

// failed answers for a function that has.
func failed(w http.ResponseWriter) {
	writeRefusal(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
}

// mayCall says who calls: nobody in particular where the URL is open to everybody.
func (s *Service) mayCall(v *awswire.Verifier, r *http.Request, body []byte, u urlConfig) (*identity.Caller, error) {
	const action, denied = "lambda:InvokeFunctionUrl", "AccessDeniedException"
	if u.AuthType == types.FunctionUrlAuthTypeNone {
		if p, _ := s.policies.Get(u.of().String()); !p.letsEverybody() {
			return nil, awswire.Errorf(denied, "Forbidden. The function's policy does not let everybody call its URL: "+
				"aws lambda add-permission --action %s --principal '*' --function-url-auth-type NONE", action)
		}
		return nil, nil
	}
	who, err := v.Caller(r, body)
	if err != nil {
		return nil, err
	}
	caller, ok := who.(identity.Caller)
	if !ok {
		return nil, errors.New("the caller of a function's URL is not an identity.Caller")
	}
	resource := s.arn(u.of().String())
	if decision := caller.Decide(action, resource); decision != identity.Allowed {
		return nil, awswire.Errorf(denied, "%s", caller.Refusal(action, resource, decision))
	}
	return &caller, nil
}
