// Package wire holds the types of CodeDeploy's API exactly as they travel:
// the inputs and outputs of all 47 operations with the JSON names of the API
// model (version 2014-10-06), its enumerations and its exceptions' names.
//
// Everything but this file and timestamp.go is generated. Optional scalars
// and structures are pointers, so that what was not sent differs from what
// was sent as zero. A nil list is absent on the wire; an empty list that is
// not nil is written as []. Enumerations are plain strings, empty when
// absent, and are not checked while decoding.
package wire

import "slices"

//go:generate go run github.com/slipway/slipway/internal/api/wiregen -model ../../../../shared/reference/codedeploy-service-2.json -out .

// Operation describes one operation of the API.
type Operation struct {
	// Name is what X-Amz-Target holds after the dot.
	Name string
	// NewInput returns a pointer to an empty input.
	NewInput func() any
	// NewOutput returns a pointer to an empty output. It is nil where the model
	// names no output shape: success is then an empty body.
	NewOutput func() any
	// Exceptions are the ones the model lists for the operation.
	Exceptions []string
}

// Operations lists the API's operations by name.
func Operations() []Operation { return slices.Clone(operations) }

// Enum is one enumeration of the API.
type Enum struct {
	Name   string
	Values []string // in the model's order
}

// Enums lists the API's enumerations by name.
func Enums() []Enum { return slices.Clone(enums) }

// Exceptions lists every exception of the model by name, those that it lists
// for no operation included.
func Exceptions() []string { return slices.Clone(exceptions) }
