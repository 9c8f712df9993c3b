package api

// value is what p points to, or zero where the member was absent.
func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// given is a member that is absent when it has nothing to say.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// each converts a list. It is empty, not nil, for none: AWS answers with [].
func each[In, Out any](list []In, convert func(In) Out) []Out {
	out := make([]Out, 0, len(list))
	for _, item := range list {
		out = append(out, convert(item))
	}
	return out
}

// eachGiven is each for a list of a request, where absent differs from empty.
func eachGiven[In, Out any](list []In, convert func(In) Out) []Out {
	if list == nil {
		return nil
	}
	return each(list, convert)
}

// as converts between string types of the same words.
func as[Out, In ~string](s In) Out { return Out(s) }
