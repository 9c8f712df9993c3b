package awswire

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// inflated is the body without its compression, which the SDKs apply to large ones where the
// service takes that (CloudWatch's PutMetricData). Any other encoding is left to the protocol.
func inflated(r *http.Request, body []byte, max int64) ([]byte, error) {
	if !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		return body, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err == nil {
		body, err = io.ReadAll(io.LimitReader(reader, max+1))
	}
	if err != nil {
		return nil, Errorf("SerializationException", "The request's body is not gzip, as its Content-Encoding says: %v.", err)
	}
	if int64(len(body)) > max {
		return nil, &Error{"RequestEntityTooLargeException",
			fmt.Sprintf("The request's body is larger than %d bytes.", max), http.StatusRequestEntityTooLarge}
	}
	return body, nil
}
