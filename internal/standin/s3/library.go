package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"
)

// A Library is a bucket whose objects are made when they are read. Authorize decides who may,
// as for any other. An object that somebody has put into a real bucket of that name wins.
type Library struct {
	Bucket string
	// Open returns an object for a client that reached the server at the URL endpoint. An
	// fs.ErrNotExist is for the client to read.
	Open func(key, endpoint string) (LibraryObject, error)
}

// A LibraryObject is the content of an object, which ends with Close.
type LibraryObject interface {
	io.ReadSeekCloser
	Modified() time.Time
}

// errInLibrary ends the proxy's answer to what the library has.
var errInLibrary = errors.New("the object is in the library")

func (g *Gateway) inLibrary(r *http.Request) bool {
	if g.cfg.Library == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	at, err := g.address(r)
	if err != nil || at.bucket != g.cfg.Library.Bucket {
		return false
	}
	needed, err := permissions(r, at)
	return err == nil && len(needed) == 1 && needed[0].action == "s3:GetObject" // and nothing of its parts
}

func (g *Gateway) readLibrary(w http.ResponseWriter, r *http.Request) {
	at, err := g.address(r)
	if err != nil {
		g.failed(w, r, err)
		return
	}
	endpoint := g.endpoint(r, at)
	object, err := g.cfg.Library.Open(at.key, endpoint)
	if errors.Is(err, fs.ErrNotExist) {
		refuse(w, r, http.StatusNotFound, "NoSuchKey", "The specified key does not exist: "+err.Error())
		return
	}
	if err != nil {
		g.failed(w, r, err)
		return
	}
	defer object.Close()
	hash := sha256.Sum256([]byte(at.key + "\n" + endpoint + "\n" + object.Modified().String()))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"`+hex.EncodeToString(hash[:16])+`"`)
	http.ServeContent(w, r, "", object.Modified(), object)
}

// endpoint is the URL by which the client has reached the server.
func (g *Gateway) endpoint(r *http.Request, at address) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	host := r.Host
	if name, below := strings.CutPrefix(host, at.bucket+"."); below {
		host = name
	}
	return scheme + "://" + host
}
