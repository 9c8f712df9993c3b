package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/server/servertest"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitArg {
		sandbox.Init() // of functions
	}
	if len(os.Args) > 1 && os.Args[1] == planeArg {
		if err := bePlane(os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// BenchmarkInvoke calls a warm function of a whole server with signed requests over real HTTP,
// and then the same program, which serves the same handler over HTTP itself, with the same
// requests: one after the other, for the time that a call takes more, and over several
// connections at the same time, for how many there are in a second.
func BenchmarkInvoke(b *testing.B) {
	direct := serveDirectly(b)
	s := servertest.Start(b)
	makeFunction(b, s)
	request := signedCall(b, s, `{"Do":"answer","Amount":10}`)
	b.Run("one", func(b *testing.B) {
		own, bare := medianCall(b, s.URL, request), medianCall(b, direct, request)
		b.ReportMetric(float64(own.Microseconds()), "p50-µs")
		b.ReportMetric(float64(bare.Microseconds()), "direct-p50-µs")
		b.ReportMetric(float64((own - bare).Microseconds()), "added-µs")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("several", func(b *testing.B) {
		warm := [][]byte{request}
		send(b, s.URL, warm, 10*clients) // starts the processes
		b.ResetTimer()
		took := send(b, s.URL, warm, b.N)
		b.StopTimer()
		bare := send(b, direct, warm, b.N)
		b.ReportMetric(float64(b.N)/took.Seconds(), "invocations/s")
		b.ReportMetric(float64(b.N)/bare.Seconds(), "direct-requests/s")
		b.ReportMetric(0, "ns/op")
	})
}

func makeFunction(b *testing.B, s *servertest.Server) {
	role, err := iam.NewFromConfig(s.Admin).CreateRole(b.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(lambdatest.TrustPolicy),
	})
	check(b, err)
	_, err = lambda.NewFromConfig(s.Admin).CreateFunction(b.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("shop"), Role: role.Role.Arn, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{ZipFile: lambdatest.Function(b)},
	})
	check(b, err)
}

// signedCall is a whole request as bytes, good for five minutes.
func signedCall(b *testing.B, s *servertest.Server, event string) []byte {
	r, err := http.NewRequest(http.MethodPost, s.URL+"/2015-03-31/functions/shop/invocations", strings.NewReader(event))
	check(b, err)
	key, err := s.Admin.Credentials.Retrieve(context.Background())
	check(b, err)
	hash := sha256.Sum256([]byte(event))
	check(b, v4.NewSigner().SignHTTP(context.Background(), key, r, hex.EncodeToString(hash[:]), "lambda", servertest.Region, time.Now()))
	var text bytes.Buffer
	check(b, r.Write(&text))
	return text.Bytes()
}

// serveDirectly runs the function's program as a web server, and returns its URL.
func serveDirectly(b *testing.B) string {
	program := filepath.Join(b.TempDir(), "function")
	check(b, os.WriteFile(program, lambdatest.Program(b), 0o700))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	address := l.Addr().String()
	check(b, l.Close())
	run := exec.Command(program)
	run.Env = append(os.Environ(), "LISTEN="+address)
	out, err := run.StdoutPipe()
	check(b, err)
	check(b, run.Start())
	b.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it says when it listens
		b.Fatal(err)
	}
	return "http://" + address
}

// medianCall sends b.N requests one after the other.
func medianCall(b *testing.B, url string, request []byte) time.Duration {
	conn := dial(b, url)
	defer conn.Close()
	in := bufio.NewReader(conn)
	var times []time.Duration
	for i := range b.N + 1 { // the first one starts the process
		began := time.Now()
		if status, err := exchange(conn, in, request, io.Discard); err != nil || status != 200 {
			b.Fatal(fmt.Errorf("request %d: %d %w", i, status, err))
		}
		times = append(times, time.Since(began))
	}
	times = times[1:]
	slices.Sort(times)
	return times[len(times)/2]
}
