package identity

import "fmt"

// An Error is a refusal in IAM's words.
type Error struct {
	Code    string // NoSuchEntity, EntityAlreadyExists and so on
	Message string
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode is the code on the wire.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is what a person reads.
func (e *Error) ErrorMessage() string { return e.Message }

// The codes of an Error.
const (
	NoSuchEntity            = "NoSuchEntity"
	EntityAlreadyExists     = "EntityAlreadyExists"
	DeleteConflict          = "DeleteConflict"
	LimitExceeded           = "LimitExceeded"
	ValidationError         = "ValidationError"
	MalformedPolicyDocument = "MalformedPolicyDocument"
	InvalidClientTokenID    = "InvalidClientTokenId"
	ExpiredToken            = "ExpiredToken"
	AccessDenied            = "AccessDenied"
)

func errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func noSuchUser(name string) *Error {
	return errorf(NoSuchEntity, "The user with name %s cannot be found.", name)
}
