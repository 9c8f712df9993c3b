package lambda

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Prefix begins the paths of the server that are this room's: no bucket can be called so.
const Prefix = "/_lambda/"

// linkAge is how long a link to a function's code is good for, as at AWS.
const linkAge = 10 * time.Minute

// codeURL is a link to an archive that needs no other signature.
func (s *Service) codeURL(hash string) string {
	until := strconv.FormatInt(s.cfg.Now().Add(linkAge).Unix(), 10)
	return s.cfg.Endpoint() + Prefix + "code/" + hash + "?expires=" + until + "&signature=" + s.linkSeal(hash, until)
}

func (s *Service) linkSeal(hash, until string) string {
	h := hmac.New(sha256.New, s.seal)
	h.Write([]byte(hash + " " + until))
	return hex.EncodeToString(h.Sum(nil))
}

// Web answers what is asked of paths that begin with Prefix.
func (s *Service) Web() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"code/{hash}", s.serveCode)
	return mux
}

func (s *Service) serveCode(w http.ResponseWriter, r *http.Request) {
	hash, query := r.PathValue("hash"), r.URL.Query()
	until, err := strconv.ParseInt(query.Get("expires"), 10, 64)
	want := s.linkSeal(hash, query.Get("expires"))
	if err != nil || !hmac.Equal([]byte(want), []byte(query.Get("signature"))) || s.cfg.Now().Unix() > until {
		http.Error(w, "The link is not valid, or not any more. Ask GetFunction for another one.", http.StatusForbidden)
		return
	}
	file, err := os.Open(s.code.Archive(hash))
	if err != nil {
		http.Error(w, "The code is gone.", http.StatusNotFound)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/zip")
	http.ServeContent(w, r, "", time.Time{}, file)
}
