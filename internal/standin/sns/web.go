package sns

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipway/slipway/internal/awswire"
)

// Prefix is below which the links of messages lead.
const Prefix = "/_sns/"

// Web answers the links of messages, which carry no signature: who has the token may confirm,
// and who has the ARN of a subscription may end it.
func (s *Service) Web() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		action := query.Get("Action")
		switch file := strings.TrimPrefix(r.URL.Path, Prefix); {
		case r.Method != http.MethodGet:
			http.Error(w, "only GET is answered here", http.StatusMethodNotAllowed)
		case file != "":
			s.serveCertificate(w, r, file)
		case action == "ConfirmSubscription":
			topic, token, guarded := query.Get("TopicArn"), query.Get("Token"), query.Get("AuthenticateOnUnsubscribe")
			out, err := s.confirmSubscription(r.Context(), &sns.ConfirmSubscriptionInput{
				TopicArn: &topic, Token: &token, AuthenticateOnUnsubscribe: &guarded,
			})
			if err != nil {
				s.refuse(w, err)
				return
			}
			reply(w, http.StatusOK, action, "<SubscriptionArn>"+escaped(*out.SubscriptionArn)+"</SubscriptionArn>")
		case action == "Unsubscribe":
			s.unsubscribeByLink(w, r, query.Get("SubscriptionArn"))
		default:
			s.refuse(w, awswire.Errorf("InvalidAction", "The Action is ConfirmSubscription or Unsubscribe here; sign other requests."))
		}
	})
}

func (s *Service) unsubscribeByLink(w http.ResponseWriter, r *http.Request, arn string) {
	if sub, ok := s.subscriptions.Get(arn); ok && sub.Guarded {
		s.refuse(w, &awswire.Error{Code: "AuthorizationError", Status: http.StatusForbidden,
			Message: "The subscription was confirmed with AuthenticateOnUnsubscribe; sign the request, as aws sns unsubscribe does."})
		return
	}
	if _, err := s.unsubscribe(r.Context(), &sns.UnsubscribeInput{SubscriptionArn: &arn}); err != nil {
		s.refuse(w, err)
		return
	}
	reply(w, http.StatusOK, "Unsubscribe", "")
}

func (s *Service) serveCertificate(w http.ResponseWriter, r *http.Request, file string) {
	keys, err := s.signer.get(r.Context(), s.cfg.Now())
	if err != nil {
		s.refuse(w, err)
		return
	}
	if file != keys.file() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	_, _ = w.Write(keys.certificate) // a client that has gone does not get its answer
}

// refuse answers as SNS does; what is no refusal is logged here, its only trace.
func (s *Service) refuse(w http.ResponseWriter, err error) {
	refused, ok := errors.AsType[*awswire.Error](err)
	if !ok {
		s.cfg.Log.Error("a link of a message was not answered", "error", err)
		refused = &awswire.Error{Code: "InternalError", Message: "The request could not be carried out.", Status: http.StatusInternalServerError}
	}
	status := refused.Status
	if status == 0 {
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code>`+
		`<Message>%s</Message></Error></ErrorResponse>`, refused.Code, escaped(refused.Message))
}

func reply(w http.ResponseWriter, status int, action, result string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	if result != "" {
		result = fmt.Sprintf("<%[1]sResult>%[2]s</%[1]sResult>", action, result)
	}
	_, _ = io.WriteString(w, fmt.Sprintf(`<%[1]sResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">%[2]s</%[1]sResponse>`, action, result))
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}
