package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Config is codedeployagent.yml. The key of each field is given; keys may begin with a colon, as
// in AWS's file, and keys that are not listed here are ignored.
type Config struct {
	ProgramName      string // program_name; names the log file
	RootDir          string // root_dir; the deployment root
	LogDir           string // log_dir; no log file when empty
	PIDDir           string // pid_dir; state/.pid beside RootDir when empty
	Verbose          bool   // verbose
	MaxRevisions     int    // max_revisions; kept per deployment group, 5 by default
	TrackingDir      string // ongoing_deployment_tracking; a folder in RootDir
	DeploymentsLog   bool   // enable_deployments_log; on by default
	OnPremisesFile   string // on_premises_config_file
	ProxyURI         string // proxy_uri; for commands, S3 and GitHub
	ControlEndpoint  string // deploy_control_endpoint
	S3Endpoint       string // s3_endpoint_override
	EnableAuthPolicy bool   // enable_auth_policy; the "secure" form of the command service
	UseFIPSMode      bool   // use_fips_mode; regions of the USA only
	DisableIMDSv1    bool   // disable_imds_v1; instance metadata only with tokens

	WaitBetweenRuns time.Duration // wait_between_runs; after polls that end at once with nothing, 1 s by default
	HTTPReadTimeout time.Duration // http_read_timeout; 80 s by default
	KillMaxWait     time.Duration // kill_agent_max_wait_time_seconds; 7200 s by default

	// Keys of Slipway's own, which AWS's agents ignore.

	GitHubEndpoint string // github_api_endpoint; https://api.github.com by default
	// deployment_signer_ca_file: PEM certificates that the signer of a deployment specification
	// must chain to. Without it the first signer is remembered and others are refused.
	SignerCAFile string
	// install_root is put in front of every destination of an appspec.
	InstallRoot string
	// CAFile (ca_file) holds PEM certificates of authorities to believe besides the system's, for
	// commands and downloads.
	CAFile string
}

// defaultConfig is what AWS ships in its configuration file.
func defaultConfig() Config {
	return Config{
		ProgramName:     "codedeploy-agent",
		RootDir:         defaultRootDir,
		MaxRevisions:    5,
		TrackingDir:     "ongoing-deployment",
		DeploymentsLog:  true,
		OnPremisesFile:  defaultOnPremisesFile,
		WaitBetweenRuns: time.Second,
		HTTPReadTimeout: 80 * time.Second,
		KillMaxWait:     7200 * time.Second,
		GitHubEndpoint:  "https://api.github.com",
	}
}

// LoadConfig reads a configuration file. An empty name means the default places.
func LoadConfig(file string) (Config, error) {
	file = findConfig(file)
	text, err := os.ReadFile(file)
	if err != nil {
		return Config{}, fmt.Errorf("The config file %s does not exist or is not readable", file)
	}
	config, err := parseConfig(text)
	if err != nil {
		return Config{}, fmt.Errorf("An error occurred loading the CodeDeploy agent config file at %s. Error message: %w", file, err)
	}
	return config, nil
}

// findConfig is the file itself, or that of the default places which is there.
func findConfig(file string) string {
	if file != "" {
		return file
	}
	if _, err := os.Stat(DefaultConfigFile); errors.Is(err, fs.ErrNotExist) {
		return FallbackConfigFile
	}
	return DefaultConfigFile
}

func parseConfig(text []byte) (Config, error) {
	config := defaultConfig()
	values, err := readKeys(text)
	if err != nil {
		return config, err
	}
	for key, set := range config.fields() {
		value, given := values[key]
		if !given {
			continue
		}
		if err := set(value); err != nil {
			return config, fmt.Errorf("%s: %w", key, err)
		}
	}
	return config, config.check()
}

// fields maps each key to the field that it sets.
func (c *Config) fields() map[string]func(string) error {
	return map[string]func(string) error{
		"program_name":                     text(&c.ProgramName),
		"root_dir":                         text(&c.RootDir),
		"log_dir":                          text(&c.LogDir),
		"pid_dir":                          text(&c.PIDDir),
		"ca_file":                          text(&c.CAFile),
		"verbose":                          boolean(&c.Verbose),
		"max_revisions":                    integer(&c.MaxRevisions),
		"ongoing_deployment_tracking":      text(&c.TrackingDir),
		"enable_deployments_log":           boolean(&c.DeploymentsLog),
		"on_premises_config_file":          text(&c.OnPremisesFile),
		"proxy_uri":                        text(&c.ProxyURI),
		"deploy_control_endpoint":          text(&c.ControlEndpoint),
		"s3_endpoint_override":             text(&c.S3Endpoint),
		"enable_auth_policy":               boolean(&c.EnableAuthPolicy),
		"use_fips_mode":                    boolean(&c.UseFIPSMode),
		"disable_imds_v1":                  boolean(&c.DisableIMDSv1),
		"wait_between_runs":                duration(&c.WaitBetweenRuns),
		"http_read_timeout":                duration(&c.HTTPReadTimeout),
		"kill_agent_max_wait_time_seconds": duration(&c.KillMaxWait),
		"github_api_endpoint":              text(&c.GitHubEndpoint),
		"deployment_signer_ca_file":        text(&c.SignerCAFile),
		"install_root":                     text(&c.InstallRoot),
	}
}

func text(field *string) func(string) error {
	return func(value string) error {
		*field = value
		return nil
	}
}

func boolean(field *bool) func(string) error {
	return func(value string) error {
		switch strings.ToLower(value) {
		case "true", "yes", "on":
			*field = true
		case "false", "no", "off", "":
			*field = false
		default:
			return fmt.Errorf("%q is neither true nor false", value)
		}
		return nil
	}
}

func integer(field *int) func(string) error {
	return func(value string) error {
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		}
		*field = n
		return nil
	}
}

func duration(field *time.Duration) func(string) error {
	return func(value string) error {
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil || seconds < 0 || seconds > 1e6 {
			return fmt.Errorf("%q is not a number of seconds", value)
		}
		*field = time.Duration(seconds * float64(time.Second))
		return nil
	}
}

var pathName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (c *Config) check() error {
	if c.MaxRevisions < 1 {
		return fmt.Errorf("Invalid configuration :max_revision=%d", c.MaxRevisions)
	}
	if !filepath.IsAbs(c.RootDir) {
		return fmt.Errorf("root_dir: %q is not an absolute path", c.RootDir)
	}
	if c.InstallRoot != "" && !filepath.IsAbs(c.InstallRoot) {
		return fmt.Errorf("install_root: %q is not an absolute path", c.InstallRoot)
	}
	if !pathName.MatchString(c.TrackingDir) {
		return fmt.Errorf("ongoing_deployment_tracking: %q is not the name of a folder", c.TrackingDir)
	}
	if c.HTTPReadTimeout == 0 {
		return errors.New("http_read_timeout: must be more than 0")
	}
	for key, value := range map[string]string{
		"deploy_control_endpoint": c.ControlEndpoint, "s3_endpoint_override": c.S3Endpoint,
		"github_api_endpoint": c.GitHubEndpoint, "proxy_uri": c.ProxyURI,
	} {
		if value == "" {
			continue
		}
		// The value stays out of the message: a proxy's may hold a password.
		if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s: is not a URL that begins with http:// or https:// and a host", key)
		}
	}
	return nil
}

// readKeys reads a YAML file of plain keys and values. A leading colon, with which Ruby marks its
// symbols, is no part of a key.
func readKeys(text []byte) (map[string]string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	values := map[string]string{}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return values, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: not a map of keys", top.Line)
	}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if value.Kind == yaml.ScalarNode && value.Tag != "!!null" {
			values[strings.TrimPrefix(key.Value, ":")] = value.Value
		}
	}
	return values, nil
}
