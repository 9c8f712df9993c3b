package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/server"
)

type serverFlags struct {
	server.Config
	logLevel string
	balancer string
	instance string
}

func (p *program) serverCommand() *cobra.Command {
	var f serverFlags
	cmd := &cobra.Command{
		Use:   "server",
		Short: "Run the service",
		Long: `Runs the whole service in one process: the CodeDeploy API, the agents' endpoint,
and the S3 and IAM that they need, on one address. Everything it knows is in the data
directory. The first start makes an administrator, whose keys are in
DIR/credentials; they are random, or those in SLIPWAY_ADMIN_ACCESS_KEY_ID and
SLIPWAY_ADMIN_SECRET_ACCESS_KEY. SIGTERM ends it in order.

It speaks HTTPS with --tls-cert and --tls-key, whose files are read again when they
change, or with --tls-self-signed, which makes a certificate authority; clients trust
it by DIR/tls-ca.pem (AWS_CA_BUNDLE for AWS tools, SSL_CERT_FILE for agents). Buckets
are also hosts below --s3-domain, for clients that put them there: AWS's Ruby agent does.`,
		Example: `  slipway server
  slipway server --data /var/lib/slipway --listen 0.0.0.0:8000 --region eu-central-1
  slipway server --listen 0.0.0.0:8443 --tls-self-signed --tls-host deploy.example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.serve(cmd.Context(), f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.DataDir, "data", defaultData, "the `directory` that holds everything; made if absent")
	flags.StringVar(&f.Listen, "listen", "127.0.0.1:8000", "the `address` to serve on; port 0 takes a free one")
	flags.StringVar(&f.TLS.CertFile, "tls-cert", "", "serve HTTPS with the certificate chain in that PEM `file`")
	flags.StringVar(&f.TLS.KeyFile, "tls-key", "", "the `file` with the certificate's private key, in PEM")
	flags.BoolVar(&f.TLS.SelfSigned, "tls-self-signed", false, "serve HTTPS with a certificate of the server's own authority")
	flags.StringSliceVar(&f.TLS.Hosts, "tls-host", nil, "more `names` and addresses in a self-signed certificate")
	flags.StringVar(&f.S3Domain, "s3-domain", "", "the host `name` below which buckets are hosts, as bucket.name; the first --tls-host by default")
	flags.StringVar(&f.Region, "region", awsclient.DefaultRegion, "the region in names and signatures")
	flags.StringVar(&f.Account, "account", "000000000000", "the account `number` in names")
	flags.StringVar(&f.Cloud, "cloud", server.CloudStandin, "whose load balancers deployments go behind: standin (embedded) or aws")
	flags.StringVar(&f.balancer, "load-balancer-address", "", "the `address` of embedded load balancers, or a CIDR block of addresses, one for each (default loopback addresses)")
	flags.StringVar(&f.HAProxy, "load-balancer-haproxy", "", "let that HAProxy `program` carry the traffic of embedded load balancers")
	flags.StringVar(&f.instance, "instance-address", "", "the CIDR `block` that embedded EC2 instances have their addresses from (default loopback addresses)")
	flags.IntVar(&f.MaxEC2Instances, "max-ec2-instances", 100, "how many embedded EC2 instances there may be")
	flags.BoolVar(&f.PlainInstances, "no-namespaces", false, "give embedded EC2 instances only a root directory each, as where namespaces are forbidden")
	flags.StringVar(&f.AgentProgram, "agent-program", "", "the slipway-agent `file` that hosts install (default beside this program)")
	flags.DurationVar(&f.Limits.Pickup, "pickup-timeout", 5*time.Minute, "how long a host may take to pick up a lifecycle event")
	flags.DurationVar(&f.Limits.Event, "event-timeout", time.Hour, "how long a lifecycle event may take without a report")
	flags.DurationVar(&f.Limits.Total, "deployment-timeout", deploy.DefaultLimits.Total, "how long a deployment may take, at least as long as one event")
	flags.Float64Var(&f.TimeScale, "time-scale", 1, "how many `times` faster the waits of deployments pass, for tests and tutorials: with 600, ten minutes between two shifts of traffic are a second")
	flags.DurationVar(&f.Audit.Age, "audit-keep", 90*24*time.Hour, "how long the audit record keeps a call")
	flags.IntVar(&f.Audit.Count, "audit-max", 100_000, "how many calls the audit record keeps at most")
	flags.IntVar(&f.Quotas.Applications, "max-applications", deploy.DefaultQuotas.Applications, "how many applications there may be")
	flags.IntVar(&f.Quotas.Groups, "max-groups", deploy.DefaultQuotas.Groups, "how many deployment groups an application may have")
	flags.IntVar(&f.Quotas.Configs, "max-configs", deploy.DefaultQuotas.Configs, "how many custom deployment configs there may be")
	flags.IntVar(&f.Quotas.Instances, "max-instances", 0, "how many instances one deployment may have; 0 for any number")
	flags.StringVar(&f.Prometheus, "prometheus-url", "", "the Prometheus `URL` that alarms in the namespace Prometheus ask")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	return cmd
}

func (p *program) serve(ctx context.Context, f serverFlags) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return usagef("--log-level is debug, info, warn or error, not %q", f.logLevel)
	}
	if min(f.Limits.Pickup, f.Limits.Event, f.Limits.Total) <= 0 {
		return usagef("--pickup-timeout, --event-timeout and --deployment-timeout must be more than 0")
	}
	if f.MaxEC2Instances <= 0 {
		return usagef("--max-ec2-instances must be more than 0")
	}
	if f.Audit.Age <= 0 || f.Audit.Count <= 0 {
		return usagef("--audit-keep and --audit-max must be more than 0")
	}
	if min(f.Quotas.Applications, f.Quotas.Groups, f.Quotas.Configs) <= 0 {
		return usagef("--max-applications, --max-groups and --max-configs must be more than 0")
	}
	if !accountNumber(f.Account) {
		return usagef("--account is a number of twelve digits, not %q", f.Account)
	}
	if f.Cloud != server.CloudStandin && f.Cloud != server.CloudAWS {
		return usagef("--cloud is standin or aws, not %q", f.Cloud)
	}
	if f.TimeScale < 1 || f.TimeScale > 10_000 {
		return usagef("--time-scale is 1 to 10000, not %v", f.TimeScale)
	}
	if f.TimeScale != 1 && f.Cloud == server.CloudAWS {
		return usagef("--time-scale is for the embedded services: with --cloud aws deployments take the time that they take")
	}
	if f.balancer != "" {
		pool, err := addresses(f.balancer)
		if err != nil {
			return usagef("--load-balancer-address is an IP address or a CIDR block such as 192.0.2.0/28, not %q", f.balancer)
		}
		f.LoadBalancerPool = pool
	}
	if f.instance != "" {
		pool, err := addresses(f.instance)
		if err != nil {
			return usagef("--instance-address is a CIDR block such as 192.0.2.0/28, not %q", f.instance)
		}
		f.InstancePool = pool
	}
	f.Limits.Total = max(f.Limits.Total, f.Limits.Event)
	f.AdminAccessKeyID = p.getenv("SLIPWAY_ADMIN_ACCESS_KEY_ID")
	f.AdminSecretAccessKey = p.getenv("SLIPWAY_ADMIN_SECRET_ACCESS_KEY")
	f.Log = slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: level}))
	s, err := server.New(ctx, f.Config)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "Slipway serves on %s. To point AWS tools at it:  eval \"$(slipway env --data %s)\"\n", s.URL(), quote(f.DataDir))
	return s.Run(ctx)
}

// addresses reads one address, or a block of them.
func addresses(text string) (netip.Prefix, error) {
	if one, err := netip.ParseAddr(text); err == nil {
		return one.Prefix(one.BitLen())
	}
	return netip.ParsePrefix(text)
}

func accountNumber(text string) bool {
	if len(text) != 12 {
		return false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
