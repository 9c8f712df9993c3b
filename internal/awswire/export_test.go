package awswire

import "net/http"

// ServeUnsigned answers a request as if its signature had been verified.
func ServeUnsigned(s Service, w http.ResponseWriter, r *http.Request, body []byte) {
	s.serve(w, r, "id", body)
}
