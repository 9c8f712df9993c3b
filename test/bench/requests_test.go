package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	_ "modernc.org/sqlite" // for bare commits

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

// clients is how many connections send requests at the same time.
const clients = 8

// BenchmarkRequests sends signed requests over real HTTP, as fast as a few connections can, to a
// whole server, and then to a bare net/http server that reads each request and answers the
// same bytes. ratio is how many times faster the bare one is: what verifying, deciding,
// reading and writing cost beyond HTTP itself. Allocations are the server's: the clients
// replay bytes that were signed before, and allocate nothing.
func BenchmarkRequests(b *testing.B) {
	s := &signer{b: b, server: servertest.Start(b, func(c *server.Config) {
		c.Quotas.Groups = math.MaxInt // a fast machine makes thousands
	})}
	for i := range 20 {
		s.call("CreateApplication", fmt.Sprintf(`{"applicationName": "app-%d"}`, i))
	}
	s.group("one")
	id := s.deployment("one")

	b.Run("ListApplications", func(b *testing.B) {
		compare(b, s.url(), [][]byte{s.sign("ListApplications", `{}`)})
	})
	b.Run("GetDeployment", func(b *testing.B) {
		compare(b, s.url(), [][]byte{s.sign("GetDeployment", fmt.Sprintf(`{"deploymentId": %q}`, id))})
	})
	round := 0
	b.Run("CreateDeployment", func(b *testing.B) {
		round++
		requests := make([][]byte, b.N) // a group has one deployment at a time
		for i := range requests {
			name := fmt.Sprintf("group-%d-%d", round, i)
			s.group(name)
			requests[i] = s.sign("CreateDeployment", create(name))
		}
		b.ResetTimer()
		compare(b, s.url(), requests)
		commits := bareCommits(b, b.N)
		b.ReportMetric(commits, "bare-commits/s")
	})
}

// compare measures a server beside the bare one.
func compare(b *testing.B, url string, requests [][]byte) {
	b.ReportAllocs()
	sample := answerTo(b, url, requests[:1]) // before the clock, so that what is remembered is
	b.ResetTimer()
	took := send(b, url, requests, b.N)
	b.StopTimer()
	bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("Content-Length", strconv.Itoa(len(sample)))
		_, _ = w.Write(sample)
	}))
	defer bare.Close()
	bareTook := send(b, bare.URL, requests, b.N)
	rate := func(d time.Duration) float64 { return float64(b.N) / d.Seconds() }
	b.ReportMetric(rate(took), "requests/s")
	b.ReportMetric(rate(bareTook), "bare-requests/s")
	b.ReportMetric(float64(took)/float64(bareTook), "ratio")
	b.ReportMetric(0, "ns/op")
}

// send sends n of the requests, in turns, over a few connections, and returns how long that took.
func send(b *testing.B, url string, requests [][]byte, n int) time.Duration {
	b.Helper()
	var all sync.WaitGroup
	began := time.Now()
	for c := range clients {
		conn := dial(b, url)
		defer conn.Close()
		all.Go(func() {
			in := bufio.NewReaderSize(conn, 64<<10)
			for i := c; i < n; i += clients {
				if status, err := exchange(conn, in, requests[i%len(requests)], io.Discard); err != nil || status != 200 {
					b.Errorf("request %d: %d %v", i, status, err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// answerTo is the answer's body to a request that changes nothing, or an answer's like it.
func answerTo(b *testing.B, url string, requests [][]byte) []byte {
	b.Helper()
	if bytes.Contains(requests[0], []byte("CreateDeployment")) {
		return []byte(`{"deploymentId":"d-ABCDEFGHI"}`)
	}
	conn := dial(b, url)
	defer conn.Close()
	var body bytes.Buffer
	status, err := exchange(conn, bufio.NewReader(conn), requests[0], &body)
	if err != nil || status != 200 {
		b.Fatalf("answer %d %s %v", status, body.Bytes(), err)
	}
	return body.Bytes()
}

func dial(b *testing.B, url string) net.Conn {
	b.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	check(b, err)
	return conn
}

// exchange sends a request and reads its answer, without allocating.
func exchange(conn net.Conn, in *bufio.Reader, request []byte, body io.Writer) (status int, err error) {
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	length := int64(0)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) == 0:
			_, err := io.CopyN(body, in, length)
			return status, err
		case status == 0 && len(line) > 12:
			status = number(line[9:12])
		case bytes.EqualFold(name, []byte("Content-Length")):
			length = int64(number(bytes.TrimSpace(value)))
		}
	}
}

func number(digits []byte) int {
	n := 0
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}

// bareCommits is how many transactions a second SQLite itself commits to this disk, one after
// the other, each with a row of a deployment's size.
func bareCommits(b *testing.B, n int) float64 {
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_txlock=immediate")
	check(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`create table deployments (id integer primary key, body text)`)
	check(b, err)
	insert, err := db.Prepare(`insert into deployments (body) values ($1)`)
	check(b, err)
	body := strings.Repeat("x", 1000)
	began := time.Now()
	for range n {
		_, err := insert.Exec(body)
		check(b, err)
	}
	return float64(n) / time.Since(began).Seconds()
}

// A signer makes and sends requests of the administrator.
type signer struct {
	b      *testing.B
	server *servertest.Server
}

func (s *signer) url() string { return s.server.URL }

// sign is a whole request as bytes, good for five minutes.
func (s *signer) sign(operation, body string) []byte {
	var wire bytes.Buffer
	check(s.b, s.request(operation, body).Write(&wire))
	return wire.Bytes()
}

func (s *signer) request(operation, body string) *http.Request {
	r, err := http.NewRequest(http.MethodPost, s.url(), strings.NewReader(body))
	check(s.b, err)
	r.Header.Set("X-Amz-Target", "CodeDeploy_20141006."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	admin, err := s.server.Admin.Credentials.Retrieve(context.Background())
	check(s.b, err)
	sum := sha256.Sum256([]byte(body))
	check(s.b, v4.NewSigner().SignHTTP(context.Background(), aws.Credentials{AccessKeyID: admin.AccessKeyID, SecretAccessKey: admin.SecretAccessKey},
		r, hex.EncodeToString(sum[:]), "codedeploy", servertest.Region, time.Now()))
	return r
}

func (s *signer) call(operation, body string) string {
	response, err := http.DefaultClient.Do(s.request(operation, body))
	check(s.b, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(s.b, err)
	if response.StatusCode != 200 {
		s.b.Fatalf("%s %s: %d %s", operation, body, response.StatusCode, answer)
	}
	return string(answer)
}

func (s *signer) group(name string) {
	s.call("CreateDeploymentGroup", fmt.Sprintf(
		`{"applicationName": "app-0", "deploymentGroupName": %q, "serviceRoleArn": "arn:aws:iam::000000000000:role/deploy"}`, name))
}

func (s *signer) deployment(group string) string {
	_, rest, _ := strings.Cut(s.call("CreateDeployment", create(group)), `"deploymentId":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func create(group string) string {
	return fmt.Sprintf(`{"applicationName": "app-0", "deploymentGroupName": %q, "revision": {"revisionType": "GitHub", `+
		`"gitHubLocation": {"repository": "acme/shop", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}`, group)
}
