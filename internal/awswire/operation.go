package awswire

import "context"

// Operation is one operation of a service, made by [Op].
type Operation struct {
	call func(ctx context.Context, decode func(any) error) (any, error)
}

// Operations maps operations by their name on the wire.
type Operations map[string]Operation

// Empty is the output of an operation whose model names no output shape; its
// response has an empty body (JSON) or no result element (Query).
type Empty struct{}

// Op makes an operation of a plain function. A nil output without an error is
// an empty structure on the wire ("{}").
func Op[In, Out any](f func(context.Context, *In) (*Out, error)) Operation {
	return Operation{func(ctx context.Context, decode func(any) error) (any, error) {
		in := new(In)
		if err := decode(in); err != nil {
			return nil, err
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = new(Out)
		}
		return out, nil
	}}
}
