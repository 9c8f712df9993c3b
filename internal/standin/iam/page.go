package iam

import (
	"encoding/base64"
	"slices"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// paging is the part of a request that chooses a page of a list. A marker is the last thing
// of the page before.
type paging struct {
	Marker   string
	MaxItems *int32
}

// pageSize is IAM's default.
const pageSize = 100

func (p paging) decode() (after string, size int, err error) {
	size = pageSize
	if p.MaxItems != nil {
		size = int(*p.MaxItems)
	}
	if size < 1 || size > 1000 {
		return "", 0, awswire.Errorf(identity.ValidationError, "1 validation error detected: "+
			"Value '%d' at 'maxItems' failed to satisfy constraint: Member must be between 1 and 1000", size)
	}
	raw, err := base64.RawURLEncoding.DecodeString(p.Marker)
	if err != nil {
		return "", 0, awswire.Errorf(identity.ValidationError, "Invalid Marker: %s. "+
			"Use the Marker of the answer before this one.", p.Marker)
	}
	return string(raw), size, nil
}

// marker is what continues a list after its item of that name.
func marker(name string) *string {
	text := base64.RawURLEncoding.EncodeToString([]byte(name))
	return &text
}

// cut takes a page from a list that is there as a whole. next is nil at the list's end.
func cut[T any](list []T, p paging, name func(T) string) (items []T, next *string, err error) {
	after, size, err := p.decode()
	if err != nil {
		return nil, nil, err
	}
	if after != "" {
		i := slices.IndexFunc(list, func(item T) bool { return name(item) == after })
		if i < 0 {
			return nil, nil, awswire.Errorf(identity.ValidationError, "Invalid Marker: %s. "+
				"The list has changed since; start again without it.", p.Marker)
		}
		list = list[i+1:]
	}
	if len(list) <= size {
		return list, nil, nil
	}
	return list[:size], marker(name(list[size-1])), nil
}
