package s3

import (
	"context"
	"fmt"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// owner owns every bucket, as an AWS account does; which of its keys made one is not kept.
const owner = "slipway"

// accounts shows access keys to versitygw, each as an administrator of the one account: the
// front has decided before what a key may do. Accounts are not managed from there.
type accounts struct{ keys Keys }

var _ auth.IAMService = accounts{}

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
