package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A Host is who this machine is to the service.
type Host struct {
	// Identifier is an ARN: of an IAM user, of a session, or of an instance.
	Identifier  string
	Region      string
	Credentials CredentialsProvider

	domain string // of the cloud's services, when the instance metadata says so
}

// LoadHost reads the on-premises file. What that file leaves open comes from the environment
// (AWS_REGION, AWS_HOST_IDENTIFIER and the usual keys), and what is open then from the instance
// metadata, which is asked for nothing that is known.
func LoadHost(ctx context.Context, config Config, getenv func(string) string) (Host, error) {
	file := config.OnPremisesFile
	host := Host{Identifier: getenv("AWS_HOST_IDENTIFIER"), Region: getenv("AWS_REGION")}
	host.Credentials = keysFromEnvironment(getenv)
	text, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return Host{}, fmt.Errorf("read the on-premises configuration: %w", err)
	default:
		if err := host.readOnPremises(file, text); err != nil {
			return Host{}, err
		}
	}
	metadata, err := newMetadata(config, getenv)
	if err != nil {
		return Host{}, err
	}
	why := "the instance metadata is switched off (AWS_EC2_METADATA_DISABLED)"
	if metadata != nil {
		if err := host.ask(ctx, metadata); err != nil {
			why = err.Error()
		}
	}
	return host, host.complete(file, why)
}

// keysFromEnvironment are those of the environment or of a shared credentials file that it names;
// nil when there are none.
func keysFromEnvironment(getenv func(string) string) CredentialsProvider {
	if key := getenv("AWS_ACCESS_KEY_ID"); key != "" {
		return Credentials{AccessKeyID: key, SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN")}
	}
	if file := getenv("AWS_SHARED_CREDENTIALS_FILE"); file != "" {
		return &fileCredentials{path: file}
	}
	return nil
}

// ask fills in from the instance metadata what is not known yet.
func (h *Host) ask(ctx context.Context, m *metadata) error {
	if h.Identifier == "" || h.Region == "" {
		i, err := m.instance(ctx)
		if err != nil {
			return err
		}
		h.Identifier, h.Region = firstOf(h.Identifier, i.arn()), firstOf(h.Region, i.Region)
		h.domain = i.domain
	}
	if h.Credentials == nil {
		role := &roleCredentials{metadata: m}
		if _, err := role.Retrieve(ctx); err != nil {
			return err
		}
		h.Credentials = role
	}
	return nil
}

// complete says what is missing, and why the instance metadata did not have it.
func (h *Host) complete(file, why string) error {
	switch {
	case h.Identifier == "":
		return fmt.Errorf("this host has no identity: write iam_user_arn or iam_session_arn to %s (see aws deploy register), or set AWS_HOST_IDENTIFIER; %s", file, why)
	case h.Region == "":
		return fmt.Errorf("this host has no region: write region to %s, or set AWS_REGION; %s", file, why)
	case h.Credentials == nil:
		return fmt.Errorf("this host has no credentials: give its instance a profile with a role, or write keys to %s; %s", file, why)
	}
	return nil
}

func (h *Host) readOnPremises(file string, text []byte) error {
	values, err := readKeys(text)
	if err != nil {
		return fmt.Errorf("The deployment failed because the format of the following on-premises configuration file is invalid: %s (%w)", file, err)
	}
	user, session := values["iam_user_arn"], values["iam_session_arn"]
	required := func(arn string, fields ...string) error {
		for _, field := range fields {
			if values[field] == "" {
				return fmt.Errorf("'%s' key is required when '%s' is provided. (in %s)", field, arn, file)
			}
		}
		return nil
	}
	switch {
	case user != "" && session != "":
		return fmt.Errorf("On Premises config cannot contain both 'iam_user_arn' and 'iam_session_arn' keys. (in %s)", file)
	case user != "":
		if err := required("iam_user_arn", "region", "aws_access_key_id", "aws_secret_access_key"); err != nil {
			return err
		}
		h.Identifier, h.Region = user, values["region"]
		h.Credentials = Credentials{AccessKeyID: values["aws_access_key_id"], SecretAccessKey: values["aws_secret_access_key"]}
	case session != "":
		if err := required("iam_session_arn", "region", "aws_credentials_file"); err != nil {
			return err
		}
		h.Identifier, h.Region = session, values["region"]
		h.Credentials = &fileCredentials{path: values["aws_credentials_file"]}
	default:
		return fmt.Errorf("the on-premises configuration file %s names neither 'iam_user_arn' nor 'iam_session_arn'", file)
	}
	return nil
}

// credentialsAge is when a credentials file is read again. Some other program keeps it fresh.
const credentialsAge = 25 * time.Minute

// fileCredentials reads the section "default" of a credentials file, as session hosts have it.
type fileCredentials struct {
	path string

	mu     sync.Mutex
	value  Credentials
	readAt time.Time
}

// Retrieve returns the keys last read; when they cannot be read again, the old ones go on.
func (f *fileCredentials) Retrieve(context.Context) (Credentials, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.readAt) < credentialsAge {
		return f.value, nil
	}
	value, err := readCredentials(f.path)
	if err != nil && f.readAt.IsZero() {
		return Credentials{}, err
	}
	if err == nil {
		f.value, f.readAt = value, time.Now()
	}
	return f.value, nil
}

// reread reads the file now and says whether it has other keys.
func (f *fileCredentials) reread() bool {
	value, err := readCredentials(f.path)
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := value.AccessKeyID != f.value.AccessKeyID || value.SessionToken != f.value.SessionToken
	f.value, f.readAt = value, time.Now()
	return changed
}

func readCredentials(path string) (Credentials, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("Failed to load credentials from path %s: %w", path, err)
	}
	section, values := "", map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.TrimSpace(strings.Trim(line, "[]"))
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if ok && section == "default" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	c := Credentials{AccessKeyID: values["aws_access_key_id"], SecretAccessKey: values["aws_secret_access_key"], SessionToken: values["aws_session_token"]}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return Credentials{}, fmt.Errorf("Failed to load credentials from path %s: the section [default] has no aws_access_key_id and aws_secret_access_key", path)
	}
	return c, nil
}

var fipsRegion = regexp.MustCompile(`^us-(gov-)?(east|west)-[12]$`)

// domain is where a region's services live.
func domain(region string) string {
	switch {
	case region == "eusc-de-east-1":
		return "amazonaws.eu"
	case strings.HasPrefix(region, "cn-"):
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// controlEndpoint is the URL of the command service.
func controlEndpoint(c Config, h Host) (string, error) {
	if c.ControlEndpoint != "" {
		return strings.TrimRight(c.ControlEndpoint, "/"), nil
	}
	name := "codedeploy-commands"
	if c.EnableAuthPolicy {
		name += "-secure"
	}
	if c.UseFIPSMode {
		if !fipsRegion.MatchString(h.Region) {
			return "", errors.New("use_fips_mode can be set to true only in regions located in the USA")
		}
		name += "-fips"
	}
	return "https://" + name + "." + h.Region + "." + firstOf(h.domain, domain(h.Region)), nil
}

// s3Endpoint is the URL in front of bucket and key.
func s3Endpoint(c Config, h Host) string {
	switch {
	case c.S3Endpoint != "":
		return strings.TrimRight(c.S3Endpoint, "/")
	case c.UseFIPSMode:
		return "https://s3-fips." + h.Region + "." + firstOf(h.domain, domain(h.Region))
	}
	return "https://s3." + h.Region + "." + firstOf(h.domain, domain(h.Region))
}
