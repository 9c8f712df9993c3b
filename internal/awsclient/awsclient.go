// Package awsclient builds the AWS SDK's clients once, for whoever talks to a Slipway server
// or to AWS.
//
// It reads what every AWS tool reads (AWS_ENDPOINT_URL, AWS_SHARED_CREDENTIALS_FILE,
// AWS_REGION, AWS_PROFILE …), lets flags override it, and can take everything from the data
// directory of a server on this machine, which holds its address and its administrator's
// credentials.
package awsclient

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// DefaultRegion is the region when nothing names one, the same as the server's.
const DefaultRegion = "us-east-1"

// The names of a server's files in its data directory.
const (
	EndpointFile    = "endpoint"    // the URL it serves on, while it runs
	RegionFile      = "region"      // the region it was started with
	CredentialsFile = "credentials" // its administrator, in the AWS shared-credentials format
	CAFile          = "tls-ca.pem"  // whom to trust, while its certificate is self-signed
)

// ErrNoServer says that nothing tells which server to talk to.
var ErrNoServer = errors.New("no server named")

// ErrNoCredentials says that nothing tells who is calling.
var ErrNoCredentials = errors.New("no credentials found")

// Options override what the environment says; the zero value overrides nothing.
type Options struct {
	Endpoint        string // the server's URL
	Region          string
	CredentialsFile string // in the AWS shared-credentials format
	Profile         string
	// DataDir is a server's data directory; Endpoint and CredentialsFile default to what
	// is in there.
	DataDir string
	// AccessKeyID and SecretAccessKey take precedence over any file.
	AccessKeyID, SecretAccessKey string
	// Getenv is os.Getenv unless a test says otherwise. It decides only whether a server is
	// named; the SDK reads the process's environment by itself.
	Getenv func(string) string

	ca string // the file to trust the endpoint by, from DataDir; "" asks the machine's
}

// Clients talk to one server, or to AWS, as one user.
type Clients struct {
	Endpoint    string // "" when the environment or the user's configuration decides
	Region      string
	CodeDeploy  *codedeploy.Client
	S3          *s3.Client
	IAM         *iam.Client
	ELB         *elasticloadbalancingv2.Client
	CloudWatch  *cloudwatch.Client
	CloudTrail  *cloudtrail.Client
	Lambda      *lambda.Client
	ECS         *ecs.Client
	EC2         *ec2.Client
	AutoScaling *autoscaling.Client
	STS         *sts.Client
}

// New builds the clients. It does no network traffic. Without an endpoint from any source it
// fails with ErrNoServer, so that nobody deploys to AWS by accident.
func New(ctx context.Context, o Options) (*Clients, error) {
	if err := o.fromDataDir(); err != nil {
		return nil, err
	}
	if o.Endpoint == "" && !o.environmentNamesServer() {
		return nil, ErrNoServer
	}
	load := o.load()
	if o.ca != "" {
		bundle, err := os.Open(o.ca)
		if err != nil {
			return nil, fmt.Errorf("read the server's certificate authority: %w", err)
		}
		defer bundle.Close()
		load = append(load, config.WithCustomCABundle(bundle))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("read the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = DefaultRegion
	}
	if err := o.mayCall(ctx, cfg); err != nil {
		return nil, err
	}
	return &Clients{
		Endpoint:    o.Endpoint,
		Region:      cfg.Region,
		CodeDeploy:  codedeploy.NewFromConfig(cfg),
		S3:          s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		IAM:         iam.NewFromConfig(cfg),
		ELB:         elasticloadbalancingv2.NewFromConfig(cfg),
		CloudWatch:  cloudwatch.NewFromConfig(cfg),
		CloudTrail:  cloudtrail.NewFromConfig(cfg),
		Lambda:      lambda.NewFromConfig(cfg),
		ECS:         ecs.NewFromConfig(cfg),
		EC2:         ec2.NewFromConfig(cfg),
		AutoScaling: autoscaling.NewFromConfig(cfg),
		STS:         sts.NewFromConfig(cfg),
	}, nil
}

// mayCall makes sure that there are credentials, before the first call fails for the lack of them.
func (o *Options) mayCall(ctx context.Context, cfg aws.Config) error {
	_, err := cfg.Credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case o.DataDir != "":
		return fmt.Errorf("read the administrator's credentials: %w", err)
	default:
		return fmt.Errorf("%w: set AWS_SHARED_CREDENTIALS_FILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile", ErrNoCredentials)
	}
}

func (o *Options) fromDataDir() error {
	if o.DataDir == "" {
		return nil
	}
	if o.Endpoint == "" {
		endpoint, err := Endpoint(o.DataDir)
		if err != nil {
			return err
		}
		o.Endpoint, o.ca = endpoint, CABundle(o.DataDir)
	}
	if o.CredentialsFile == "" {
		o.CredentialsFile = filepath.Join(o.DataDir, CredentialsFile)
	}
	return nil
}

// Endpoint is the URL of the server whose data directory that is.
func Endpoint(dataDir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dataDir, EndpointFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("no server is running on %s; start one with: slipway server --data %s", dataDir, dataDir)
	case err != nil:
		return "", fmt.Errorf("find the server's address: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// Region is the region that the server of a data directory was last started with, or
// DefaultRegion where it does not say.
func Region(dataDir string) string {
	b, err := os.ReadFile(filepath.Join(dataDir, RegionFile))
	if region := strings.TrimSpace(string(b)); err == nil && region != "" {
		return region
	}
	return DefaultRegion
}

// CABundle is the file to trust the server of a data directory by, or "" where its certificate
// is not self-signed.
func CABundle(dataDir string) string {
	file, err := filepath.Abs(filepath.Join(dataDir, CAFile))
	if err != nil {
		return ""
	}
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

func (o *Options) environmentNamesServer() bool {
	getenv := o.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	return getenv("AWS_ENDPOINT_URL") != "" || getenv("AWS_ENDPOINT_URL_CODEDEPLOY") != ""
}

func (o *Options) load() []func(*config.LoadOptions) error {
	load := []func(*config.LoadOptions) error{
		// A server on the next desk that restarts is back within a second or two.
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = 3, time.Second })
		}),
		// The identity of a cloud instance is of no use to a server of one's own, and asking
		// for it takes seconds where there is none.
		config.WithEC2IMDSClientEnableState(imds.ClientDisabled),
	}
	if o.Endpoint != "" {
		load = append(load, config.WithBaseEndpoint(strings.TrimSuffix(o.Endpoint, "/")))
	}
	if o.Region != "" {
		load = append(load, config.WithRegion(o.Region))
	}
	if o.CredentialsFile != "" {
		load = append(load, config.WithSharedCredentialsFiles([]string{o.CredentialsFile}))
	}
	if o.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(o.Profile))
	}
	if keys := o.keys(); keys != nil {
		load = append(load, config.WithCredentialsProvider(keys))
	}
	return load
}

// keys is the provider of explicit keys, or of those in DataDir, or nil for the SDK's chain.
// A data directory's credentials must win over AWS_ACCESS_KEY_ID in the environment, which
// the SDK's chain would prefer.
func (o *Options) keys() aws.CredentialsProvider {
	if o.AccessKeyID != "" {
		return credentials.NewStaticCredentialsProvider(o.AccessKeyID, o.SecretAccessKey, "")
	}
	if o.DataDir == "" || o.Profile != "" {
		return nil
	}
	file := o.CredentialsFile
	return aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		shared, err := config.LoadSharedConfigProfile(ctx, "default", func(l *config.LoadSharedConfigOptions) {
			l.CredentialsFiles, l.ConfigFiles = []string{file}, []string{}
		})
		if err != nil {
			return aws.Credentials{}, err
		}
		return shared.Credentials, nil
	})
}
