package server

import (
	"crypto/rand"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/identity"
)

// An ownCaller is this server calling the services around it: the embedded ones know it by a
// key that is made anew at each start and never leaves the process.
type ownCaller struct {
	accessKeyID, secret string
	caller              identity.Caller
}

func newOwnCaller(account string) (ownCaller, error) {
	policy, err := identity.ParsePolicy(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		return ownCaller{}, fmt.Errorf("write the server's own policy: %w", err)
	}
	id := "AKIASLIPWAY" + rand.Text()[:9]
	return ownCaller{accessKeyID: id, secret: rand.Text() + rand.Text(), caller: identity.Caller{
		ARN: "arn:aws:iam::" + account + ":role/aws-service-role/codedeploy.amazonaws.com/Slipway", AccountID: account,
		UserID: "AROASLIPWAY", AccessKeyID: id, RoleName: "Slipway", Policies: []identity.Policy{policy},
	}}, nil
}

// inProcess is the configuration of clients for the embedded services.
func (s *Server) inProcess() aws.Config {
	return awsclient.InProcess(func() http.Handler { return s.handler }, s.cfg.Region, s.own.accessKeyID, s.own.secret)
}
