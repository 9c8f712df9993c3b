package faults_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// A weather decides what happens to a request for an action of the cloud's.
type weather func(w http.ResponseWriter, r *http.Request)

var (
	throttling weather = func(w http.ResponseWriter, _ *http.Request) { answer(w, 400, "Throttling", "Rate exceeded") }
	failing    weather = func(w http.ResponseWriter, _ *http.Request) { answer(w, 500, "InternalFailure", "We are sorry.") }
	hanging    weather = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	refusing   weather = func(w http.ResponseWriter, _ *http.Request) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	}
)

func answer(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>1</RequestId></ErrorResponse>",
		code, message)
}

// A cloud is a second server, whose load balancers stand for AWS's, with a front through which
// its callers come. web-1 is in its target group "web", and something serves there.
type cloud struct {
	*shop
	front *httptest.Server
	elb   *elb.Client
	web   *string // the target group's ARN

	mu    sync.Mutex
	bad   map[string]weather // by action; what is not there is fair
	calls map[string]int     // by action
}

func openCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{shop: open(t, nil), bad: map[string]weather{}, calls: map[string]int{}}
	to, err := url.Parse(c.URL)
	check(t, err)
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host // it is signed
	}}
	c.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		if bad := c.call(form.Get("Action")); bad != nil {
			bad(w, r)
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(c.front.Close)
	c.balance(t)
	return c
}

func (c *cloud) call(action string) weather {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[action]++
	return c.bad[action]
}

// becomes changes the weather for an action; nil is fair.
func (c *cloud) becomes(w weather, actions ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range actions {
		c.bad[a] = w
	}
}

func (c *cloud) called(action string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[action]
}

// balance makes the load balancer, with web-1 in its target group.
func (c *cloud) balance(t *testing.T) {
	ctx := t.Context()
	c.elb = elb.NewFromConfig(c.cfg)
	web := httptest.NewUnstartedServer(http.NotFoundHandler())
	l, err := net.Listen("tcp", "127.0.77.1:0")
	check(t, err)
	web.Listener = l
	web.Start()
	t.Cleanup(web.Close)
	port := int32(l.Addr().(*net.TCPAddr).Port)
	c.ghost(t, "web-1", "web", types.Tag{Key: aws.String("slipway:address"), Value: aws.String("127.0.77.1")})
	balancer, err := c.elb.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{Name: aws.String("shop")})
	check(t, err)
	group, err := c.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: &port, HealthCheckIntervalSeconds: aws.Int32(5),
		Matcher: &elbtypes.Matcher{HttpCode: aws.String("404")}})
	check(t, err)
	c.web = group.TargetGroups[0].TargetGroupArn
	_, err = c.elb.CreateListener(ctx, &elb.CreateListenerInput{LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Port: aws.Int32(8080), Protocol: elbtypes.ProtocolEnumHttp,
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: c.web}}})
	check(t, err)
	_, err = c.elb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: c.web,
		Targets: []elbtypes.TargetDescription{{Id: aws.String("web-1")}}})
	check(t, err)
}

// state is how web-1 stands in the target group.
func (c *cloud) state(t *testing.T) elbtypes.TargetHealthStateEnum {
	t.Helper()
	out, err := c.elb.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: c.web})
	check(t, err)
	if len(out.TargetHealthDescriptions) == 0 {
		return ""
	}
	return out.TargetHealthDescriptions[0].TargetHealth.State
}

// customer opens a shop whose cloud this is. It has the keys of a user of the cloud, who may do
// what the policy says.
func (c *cloud) customer(t *testing.T, name, policy string, flags ...string) *shop {
	t.Helper()
	users := iam.NewFromConfig(c.cfg)
	_, err := users.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	check(t, err)
	key, err := users.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	check(t, err)
	c.may(t, name, policy)
	s := open(t, []string{
		"AWS_ENDPOINT_URL=" + c.front.URL, "AWS_ACCESS_KEY_ID=" + *key.AccessKey.AccessKeyId,
		"AWS_SECRET_ACCESS_KEY=" + *key.AccessKey.SecretAccessKey,
	}, append([]string{"--cloud", "aws"}, flags...)...)
	s.group(t, "prod", "web", behind("web"))
	return s
}

// may gives a user another policy.
func (c *cloud) may(t *testing.T, name, policy string) {
	t.Helper()
	_, err := iam.NewFromConfig(c.cfg).PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	check(t, err)
}

// mayBalance lets a user do everything with load balancers, mayScale with Auto Scaling too, mayNothing nothing.
const mayScale = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["elasticloadbalancing:*","autoscaling:*"],"Resource":"*"}]}`
const mayBalance = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"elasticloadbalancing:*","Resource":"*"}]}`
const mayNothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

// A trouble is what is in the way of an action, and where and how that shows.
type trouble struct {
	bad    weather
	action string
	event  string // of web-1; of the deployment itself where it is empty
	says   string
}

// TestACloudInTrouble: whatever is in the way, the event that needs the cloud says so while it
// is. The calls are repeated, not in a hurry, and the deployment goes on when it is over.
func TestACloudInTrouble(t *testing.T) {
	c := openCloud(t)
	s := c.customer(t, "customer", mayBalance)
	check(t, s.AddHost("web-1", []string{"fleet=web"}))
	for _, troubles := range [][]trouble{
		{
			{failing, "DescribeTargetGroups", "", "StatusCode: 500.*We are sorry."},
			{throttling, "DeregisterTargets", "BlockTraffic", "throttled: .*Rate exceeded"},
			{hanging, "RegisterTargets", "AllowTraffic", "deadline exceeded"},
		},
		{
			{refusing, "DeregisterTargets", "BlockTraffic", "(EOF|connection reset)"},
			{failing, "RegisterTargets", "AllowTraffic", "StatusCode: 500.*We are sorry."},
		},
	} {
		for _, trouble := range troubles {
			c.becomes(trouble.bad, trouble.action)
		}
		id := s.deploy(t, "shop", "prod", "good.zip")
		for _, trouble := range troubles {
			s.shows(t, id, trouble)
			c.becomes(nil, trouble.action)
		}
		if info := s.ended(t, id); info.Status != types.DeploymentStatusSucceeded {
			t.Errorf("%s: %v", info.Status, info.ErrorInformation)
		}
		for _, trouble := range troubles {
			if n := c.called(trouble.action); n > 100 {
				t.Errorf("%s was called %d times", trouble.action, n)
			}
		}
		if state := c.state(t); state != elbtypes.TargetHealthStateEnumHealthy {
			t.Errorf("web-1 is %s in its target group", state)
		}
	}
}

// shows waits until the deployment tells of the trouble.
func (s *shop) shows(t *testing.T, id string, trouble trouble) {
	t.Helper()
	want := regexp.MustCompile("^Tried [0-9]+ times, the next time in [0-9.ms]+: target group web: .*" + trouble.says)
	check(t, s.Await("the trouble with "+trouble.action+" shows", func() (bool, error) {
		if trouble.event != "" {
			return want.MatchString(s.log(t, id, "web-1", trouble.event)), nil
		}
		return slices.ContainsFunc(s.info(t, id).DeploymentStatusMessages, want.MatchString), nil
	}))
}
