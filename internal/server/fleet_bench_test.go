package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/hostwire"
)

// BenchmarkConnectedFleet has a fleet's agents connected, each with its poll waiting, and then
// deploys to all of them at once. The agents are real HTTP clients in a process of their own
// which sign, read, acknowledge and report each command, and whose scripts take no time; they
// share the machine's cores with the server. KiB/agent is the server's memory for an agent
// that waits: heap and stacks, and beside it what the system says of the process.
func BenchmarkConnectedFleet(b *testing.B) {
	for _, n := range []int{1000, 9000} { // a process here may have 20,000 files at most
		b.Run(fmt.Sprintf("agents=%d", n), func(b *testing.B) {
			for b.Loop() {
				connectedFleet(b, n)
			}
		})
	}
}

func connectedFleet(b *testing.B, n int) {
	s, stop := benchServer(b)
	defer stop()
	roster := enrol(b, s, n)
	before, rssBefore := memory(b)
	end := startAgents(b, s.URL(), roster)
	defer end()
	awaitQuiet(2 * n) // each poll that waits has two
	after, rssAfter := memory(b)
	b.ReportMetric((after-before)/float64(n)/1024, "KiB/agent")
	b.ReportMetric((rssAfter-rssBefore)/float64(n)/1024, "RSS-KiB/agent")
	began := time.Now()
	deployToAll(b, s)
	took := time.Since(began).Seconds()
	b.ReportMetric(took, "deployment-s")
	b.ReportMetric(float64(n*len(deploy.Lifecycle(deploy.Server, deploy.DefaultStyle)))/took, "commands/s")
}

func benchServer(b *testing.B) (s *Server, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := New(ctx, Config{DataDir: b.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return s, func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}

// awaitQuiet returns when the process has settled at that many goroutines, and a few of its own.
func awaitQuiet(goroutines int) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for quiet := 0; quiet < 10; quiet++ {
		<-tick.C
		if n := runtime.NumGoroutine(); n < goroutines || n > goroutines+64 {
			quiet = 0
		}
	}
}

// memory is what this process holds in heap and stacks, and what the system counts.
func memory(b *testing.B) (inUse, resident float64) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("there is no /proc")
	}
	var size, pages float64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return float64(m.HeapInuse + m.StackInuse), pages * float64(os.Getpagesize())
}

// enrol registers hosts and writes their keys into a file, one to a line.
func enrol(b *testing.B, s *Server, n int) (file string) {
	ctx := context.Background()
	var roster bytes.Buffer
	for i := range n {
		name := fmt.Sprintf("web-%d", i)
		user, err := s.identity.CreateUser(ctx, name, "")
		if err != nil {
			b.Fatal(err)
		}
		key, err := s.identity.CreateAccessKey(ctx, name)
		if err != nil {
			b.Fatal(err)
		}
		err = s.store.RegisterInstance(ctx, deploy.Instance{Name: name, ARN: "arn:" + name, IAMUserARN: user.ARN,
			Tags: []deploy.Tag{{Key: "fleet", Value: "web"}}})
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprintln(&roster, user.ARN, key.ID, key.Secret)
	}
	file = filepath.Join(b.TempDir(), "roster")
	if err := os.WriteFile(file, roster.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

// deployToAll returns when the deployment has succeeded.
func deployToAll(b *testing.B, s *Server) {
	ctx := context.Background()
	text, err := os.ReadFile(s.path(CredentialsFile))
	if err != nil {
		b.Fatal(err)
	}
	words := strings.Fields(string(text)) // [default] name = value name = value
	api := codedeploy.New(codedeploy.Options{Region: "us-east-1", BaseEndpoint: aws.String(s.URL()),
		Credentials: credentials.NewStaticCredentialsProvider(words[3], words[6], "")})
	shop, web := aws.String("shop"), aws.String("web")
	if _, err := api.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: shop}); err != nil {
		b.Fatal(err)
	}
	if _, err := api.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{ApplicationName: shop, DeploymentGroupName: web,
		ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"), DeploymentConfigName: aws.String("CodeDeployDefault.AllAtOnce"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: aws.String("fleet"), Type: types.TagFilterTypeKeyOnly}}}); err != nil {
		b.Fatal(err)
	}
	out, err := api.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: shop, DeploymentGroupName: web,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeGitHub,
			GitHubLocation: &types.GitHubLocation{Repository: aws.String("acme/shop"), CommitId: aws.String(strings.Repeat("a", 40))}}})
	if err != nil {
		b.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if d, err := s.store.Deployment(ctx, *out.DeploymentId); err != nil || d.Status.Done() {
			if d.Status != deploy.Succeeded {
				b.Fatalf("the deployment is %s: %v", d.Status, err)
			}
			return
		}
	}
}

// fleetOf names, in the environment of the agents' process, the server and the roster.
const fleetOf = "SLIPWAY_BENCH_FLEET"

// startAgents runs the agents in a process of their own and returns when each has asked.
func startAgents(b *testing.B, url, roster string) (end func()) {
	agents := exec.Command(os.Args[0], "-test.run", "^TestFleet$", "-test.timeout", "0")
	agents.Env = append(os.Environ(), fleetOf+"="+url+" "+roster)
	out, err := agents.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	agents.Stderr = os.Stderr
	if err := agents.Start(); err != nil {
		b.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "asked\n" {
		b.Fatalf("the agents say %q, %v", line, err)
	}
	return func() {
		_ = agents.Process.Kill()
		_ = agents.Wait()
	}
}

// TestFleet is the agents' process; by itself it does nothing.
func TestFleet(t *testing.T) {
	url, roster, ok := strings.Cut(os.Getenv(fleetOf), " ")
	if !ok {
		t.Skip("the agents of BenchmarkConnectedFleet")
	}
	text, err := os.ReadFile(roster)
	if err != nil {
		t.Fatal(err)
	}
	var asked, all sync.WaitGroup
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		a := &benchAgent{url: url, arn: words[0], key: aws.Credentials{AccessKeyID: words[1], SecretAccessKey: words[2]}}
		asked.Add(1)
		all.Go(func() {
			if err := a.run(asked.Done); err != nil {
				t.Error(err)
			}
		})
	}
	asked.Wait()
	fmt.Println("asked")
	all.Wait()
}

// A benchAgent has one connection, as AWS's agents mostly do.
type benchAgent struct {
	url, arn string
	key      aws.Credentials
	conn     net.Conn
	reader   *bufio.Reader
}

func (a *benchAgent) run(asked func()) error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(a.url, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	a.conn, a.reader = conn, bufio.NewReader(conn)
	for first := true; ; first = false {
		if err := a.send("PollHostCommand", hostwire.PollHostCommandInput{HostIdentifier: a.arn}); err != nil {
			return err
		}
		if first {
			asked()
		}
		var polled hostwire.PollHostCommandOutput
		if err := a.receive(&polled); err != nil {
			return err
		}
		if polled.HostCommand == nil {
			continue
		}
		if err := a.work(polled.HostCommand); err != nil {
			return err
		}
	}
}

func (a *benchAgent) work(c *hostwire.HostCommand) error {
	var acknowledged hostwire.PutHostCommandAcknowledgementOutput
	for _, call := range []struct {
		operation string
		in, out   any
	}{
		{"GetDeploymentSpecification", hostwire.GetDeploymentSpecificationInput{
			DeploymentExecutionId: c.DeploymentExecutionId, HostIdentifier: a.arn}, new(hostwire.GetDeploymentSpecificationOutput)},
		{"PutHostCommandAcknowledgement", hostwire.PutHostCommandAcknowledgementInput{HostCommandIdentifier: c.HostCommandIdentifier}, &acknowledged},
		{"PutHostCommandComplete", hostwire.PutHostCommandCompleteInput{
			HostCommandIdentifier: c.HostCommandIdentifier, CommandStatus: hostwire.Succeeded}, new(hostwire.PutHostCommandCompleteOutput)},
	} {
		if err := a.send(call.operation, call.in); err != nil {
			return err
		}
		if err := a.receive(call.out); err != nil {
			return err
		}
		if acknowledged.CommandStatus == hostwire.Succeeded {
			return nil // another delivery has it
		}
	}
	return nil
}

func (a *benchAgent) send(operation string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, a.url+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", hostwire.TargetPrefix+"."+operation)
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(context.Background(), a.key, r, hex.EncodeToString(sum[:]), hostwire.SigningName, "us-east-1", time.Now()); err != nil {
		return err
	}
	return r.Write(a.conn)
}

func (a *benchAgent) receive(out any) error {
	response, err := http.ReadResponse(a.reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %w", response.Status, text, err)
	}
	return json.Unmarshal(text, out)
}
