package identity

import "context"

// A Caller is who signed a request, with what they may do. Its zero value may do nothing.
type Caller struct {
	ARN         string
	AccountID   string
	UserName    string
	UserID      string
	AccessKeyID string
	Policies    []Policy
}

// Allowed says whether the caller's policies allow the action (as "codedeploy:GetDeployment")
// on the resource: some statement allows it and none denies it. A resource of "" stands for
// actions that have no resource; only "*" matches it.
func (c Caller) Allowed(action, resourceARN string) bool {
	allowed := false
	for _, p := range c.Policies {
		for i := range p.statements {
			s := &p.statements[i]
			if !s.applies(&c, action, resourceARN) {
				continue
			}
			if s.deny {
				return false
			}
			allowed = true
		}
	}
	return allowed
}

// Administrator returns a caller who may do everything, for calls that no access key signed:
// those of the process itself, and of tests.
func Administrator(account string) Caller {
	return Caller{
		ARN:       userARN(account, "/", AdministratorName),
		AccountID: account,
		UserName:  AdministratorName,
		Policies:  []Policy{managed[AdministratorAccess].policy()},
	}
}

type callerKey struct{}

// WithCaller returns a context that carries who calls.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns who calls, if the context says.
func CallerFrom(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
