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
}

// LoadHost reads the on-premises file. What that file leaves open comes from the environment:
// AWS_REGION, AWS_HOST_IDENTIFIER and the usual keys.
func LoadHost(file string, getenv func(string) string) (Host, error) {
	host := Host{Identifier: getenv("AWS_HOST_IDENTIFIER"), Region: getenv("AWS_REGION")}
	if key := getenv("AWS_ACCESS_KEY_ID"); key != "" {
		host.Credentials = Credentials{AccessKeyID: key, SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN")}
	}
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
	switch {
	case host.Identifier == "":
		return Host{}, fmt.Errorf("this host has no identity: write iam_user_arn or iam_session_arn to %s (see aws deploy register), or set AWS_HOST_IDENTIFIER", file)
	case host.Region == "":
		return Host{}, fmt.Errorf("this host has no region: write region to %s, or set AWS_REGION", file)
	case host.Credentials == nil:
		return Host{}, errors.New("Missing credentials - please check if this instance was started with an IAM instance profile, " +
			"or write them to " + file)
	}
	return host, nil
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
func controlEndpoint(c Config, region string) (string, error) {
	if c.ControlEndpoint != "" {
		return strings.TrimRight(c.ControlEndpoint, "/"), nil
	}
	name := "codedeploy-commands"
	if c.EnableAuthPolicy {
		name += "-secure"
	}
	if c.UseFIPSMode {
		if !fipsRegion.MatchString(region) {
			return "", errors.New("use_fips_mode can be set to true only in regions located in the USA")
		}
		name += "-fips"
	}
	return "https://" + name + "." + region + "." + domain(region), nil
}

// s3Endpoint is the URL in front of bucket and key.
func s3Endpoint(c Config, region string) string {
	switch {
	case c.S3Endpoint != "":
		return strings.TrimRight(c.S3Endpoint, "/")
	case c.UseFIPSMode:
		return "https://s3-fips." + region + "." + domain(region)
	}
	return "https://s3." + region + "." + domain(region)
}
