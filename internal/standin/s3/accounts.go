package s3

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// owner owns every bucket, as an AWS account does; which of its keys made one is not kept.
const owner = "slipway"

// accounts shows access keys to versitygw, each as an administrator of the one account: the
// front has decided before what a key may do. Accounts are not managed from there.
type accounts struct{ keys Keys }

var (
	_ auth.IAMService         = accounts{}
	_ auth.SigningKeyProvider = accounts{}
)

// DeriveSigningKey returns the key that signatures of the day, region and service are made
// with. versitygw asks it of those who know of temporary keys.
func (a accounts) DeriveSigningKey(accessKeyID, sessionToken, date, region, service string) ([]byte, auth.Account, error) {
	account, err := a.GetUserAccount(accessKeyID)
	if err != nil {
		return nil, auth.Account{}, err
	}
	if err := a.keys.Check(context.Background(), accessKeyID, sessionToken); err != nil {
		return nil, auth.Account{}, auth.ErrInvalidSessionToken
	}
	key := []byte("AWS4" + account.Secret)
	for _, part := range []string{date, region, service, "aws4_request"} {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(part))
		key = h.Sum(nil)
	}
	account.Secret = ""
	return key, account, nil
}

// GetUserAccount returns the secret by which versitygw verifies a signature. Its interface
// passes no context; a look-up is one read at most.
func (a accounts) GetUserAccount(accessKeyID string) (auth.Account, error) {
	secret, ok, err := a.keys.Secret(context.Background(), accessKeyID)
	if err != nil {
		return auth.Account{}, fmt.Errorf("look up the access key: %w", err)
	}
	if !ok || secret == "" {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return auth.Account{Access: owner, Secret: secret, Role: auth.RoleAdmin}, nil
}

func (a accounts) ResolveAccounts(ids []string) (missing []string, err error) {
	for _, id := range ids {
		if id != owner {
			missing = append(missing, id)
		}
	}
	return missing, nil
}

func (accounts) CreateAccount(auth.Account) error                  { return unsupported() }
func (accounts) UpdateUserAccount(string, auth.MutableProps) error { return unsupported() }
func (accounts) DeleteUserAccount(string) error                    { return unsupported() }
func (accounts) ListUserAccounts() ([]auth.Account, error)         { return nil, unsupported() }
func (accounts) Shutdown() error                                   { return nil }
func unsupported() error                                           { return s3err.GetAPIError(s3err.ErrAdminMethodNotSupported) }
