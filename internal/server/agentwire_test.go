package server_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A kind is one of AWS's agents in one of its settings, by what can be seen of it on the wire.
type kind struct {
	name, prefix, signing string
	rust                  bool
}

var (
	ruby       = kind{"ruby", "CodeDeployCommandService_v20141006", "codedeploy-commands", false}
	rubySecure = kind{"ruby with enable_auth_policy", "CodeDeployCommandService", "codedeploy-commands-secure", false}
	rust       = kind{"rust", "CodeDeployCommandService_v20141006", "codedeploy-commands", true}
	rustSecure = kind{"rust with enable_auth_policy", "CodeDeployCommandService", "codedeploy-commands-secure", true}
)

// A wireAgent speaks as one of AWS's agents does: raw bytes on a TLS connection, the headers
// that its HTTP library writes, in its spelling and order.
type wireAgent struct {
	kind
	addr  string // host:port of the server
	name  string // by which the server is called: Host and SNI
	roots *x509.CertPool
	key   aws.Credentials
	arn   string // the host's own identifier
	off   time.Duration
}

// A field is one header line.
type field struct{ name, value string }

const jsonType = "application/x-amz-json-1.1"

// An answered is what came back.
type answered struct {
	status int
	header http.Header
	body   string
}

// ask calls an operation of the command service.
func (a *wireAgent) ask(t *testing.T, operation, body string) answered {
	t.Helper()
	got, err := a.exchange(a.name, a.command(operation, body))
	if err != nil {
		t.Fatalf("%s: %v", operation, err)
	}
	return got
}

// good is ask where the answer must be a JSON object.
func (a *wireAgent) good(t *testing.T, operation, body string) map[string]any {
	t.Helper()
	got := a.ask(t, operation, body)
	var object map[string]any
	if err := json.Unmarshal([]byte(got.body), &object); got.status != http.StatusOK || err != nil || object == nil ||
		got.header.Get("Content-Type") != jsonType {
		t.Fatalf("%s: %d %s %q", operation, got.status, got.header.Get("Content-Type"), got.body)
	}
	return object
}

// command writes a request as the agent's library does.
func (a *wireAgent) command(operation, body string) []byte {
	now := time.Now().Add(a.off).UTC()
	port := a.addr[strings.LastIndexByte(a.addr, ':'):]
	hash := sha256Hex(body)
	fields := []field{
		{"Content-Type", jsonType},
		{"Host", a.name + port},
		{"X-Amz-Codedeploy-Agent-Version", a.version()},
		{"X-Amz-Date", now.Format("20060102T150405Z")},
		{"X-Amz-Target", a.prefix + "." + operation},
	}
	if !a.rust {
		fields = append(fields, field{"X-Amz-Content-Sha256", hash})
	}
	if a.key.SessionToken != "" {
		fields = append(fields, field{"X-Amz-Security-Token", a.key.SessionToken})
	}
	fields = append(fields, field{"Authorization", authorization(a.key, "POST", "/", "", fields, hash, a.signing, now)},
		field{"Content-Length", strconv.Itoa(len(body))}, field{"Accept", "*/*"})
	if !a.rust {
		fields = append(fields, field{"Accept-Encoding", ""},
			field{"User-Agent", "aws-sdk-ruby3/3.168.1 ruby/3.1.2 x86_64-linux-gnu aws-sdk-codedeploycommand/1.0.0"})
	}
	return a.write("POST / HTTP/1.1", fields, body)
}

func (a *wireAgent) version() string {
	if a.rust {
		return "2.1.0"
	}
	return "OFFICIAL_1.8.1-6_deb"
}

// object writes a request for an object: the Ruby agent puts the bucket before the host's
// name, the Rust agent into the path.
func (a *wireAgent) object(bucket, key, version string) (host string, request []byte) {
	now := time.Now().UTC()
	port := a.addr[strings.LastIndexByte(a.addr, ':'):]
	host, path, query := bucket+"."+a.name, "/"+key, ""
	if a.rust {
		host, path, query = a.name, "/"+bucket+"/"+key, "x-id=GetObject"
	}
	if version != "" {
		query = strings.TrimSuffix("versionId="+version+"&"+query, "&")
	}
	hash := sha256Hex("")
	fields := []field{{"Host", host + port}, {"X-Amz-Content-Sha256", hash}, {"X-Amz-Date", now.Format("20060102T150405Z")}}
	if a.rust {
		fields = append(fields, field{"X-Amz-Checksum-Mode", "ENABLED"}, field{"X-Amz-User-Agent", "aws-sdk-rust/1.3.3 os/linux lang/rust/1.80.0"})
	}
	fields = append(fields, field{"Authorization", authorization(a.key, "GET", path, query, fields, hash, "s3", now)}, field{"Accept", "*/*"})
	if !a.rust {
		fields = append(fields, field{"Content-Type", ""}, field{"Accept-Encoding", ""}, field{"Content-Length", "0"})
	}
	target := path
	if query != "" {
		target += "?" + query
	}
	return host, a.write("GET "+target+" HTTP/1.1", fields, "")
}

// write spells the names as the agent's library does: hyper in small letters.
func (a *wireAgent) write(line string, fields []field, body string) []byte {
	var b bytes.Buffer
	b.WriteString(line + "\r\n")
	for _, f := range fields {
		if a.rust {
			f.name = strings.ToLower(f.name)
		}
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	b.WriteString("\r\n" + body)
	return b.Bytes()
}

// dial connects as the agents do, with HTTP/1.1 alone, and checks that the server has the name.
func (a *wireAgent) dial(name string) (net.Conn, error) {
	return tls.Dial("tcp", a.addr, &tls.Config{RootCAs: a.roots, ServerName: name, NextProtos: []string{"http/1.1"}})
}

// exchange sends a request on a connection of its own and reads the answer.
func (a *wireAgent) exchange(name string, request []byte) (answered, error) {
	conn, err := a.dial(name)
	if err != nil {
		return answered{}, err
	}
	defer conn.Close()
	return readAnswer(conn, request)
}

func readAnswer(conn net.Conn, request []byte) (answered, error) {
	if _, err := conn.Write(request); err != nil {
		return answered{}, err
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answered{response.StatusCode, response.Header, string(body)}, err
}

// authorization signs all of the fields: Signature Version 4.
func authorization(key aws.Credentials, method, path, query string, fields []field, hash, service string, at time.Time) string {
	sorted := slices.Clone(fields)
	for i := range sorted {
		sorted[i].name = strings.ToLower(sorted[i].name)
	}
	slices.SortFunc(sorted, func(a, b field) int { return strings.Compare(a.name, b.name) })
	var names, lines []string
	for _, f := range sorted {
		names, lines = append(names, f.name), append(lines, f.name+":"+f.value+"\n")
	}
	signed := strings.Join(names, ";")
	canonical := strings.Join([]string{method, path, query, strings.Join(lines, ""), signed, hash}, "\n")
	scope := at.Format("20060102") + "/us-east-1/" + service + "/aws4_request"
	text := "AWS4-HMAC-SHA256\n" + at.Format("20060102T150405Z") + "\n" + scope + "\n" + sha256Hex(canonical)
	secret := []byte("AWS4" + key.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		secret = hmacOf(secret, part)
	}
	return "AWS4-HMAC-SHA256 Credential=" + key.AccessKeyID + "/" + scope + ", SignedHeaders=" + signed +
		", Signature=" + hex.EncodeToString(hmacOf(secret, text))
}

func hmacOf(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
