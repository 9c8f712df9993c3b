package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/awsclient"
)

func (p *program) envCommand() *cobra.Command {
	var data, region string
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the environment that points AWS tools at a server on this machine",
		Long: `Prints export lines for a shell: the server's address, its administrator's
credentials and its region. The AWS CLI, the AWS SDKs, Terraform and slipway
deploy read them. Keys, profiles and a certificate bundle that this shell has from
elsewhere are unset, because they would win. A server that was only just started is waited for.`,
		Example: `  eval "$(slipway env)"
  eval "$(slipway env --data /var/lib/slipway)"
  aws deploy list-applications`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := awaitServer(cmd.Context(), data, wait); err != nil {
				return err
			}
			if region == "" {
				region = awsclient.Region(data)
			}
			lines, err := environment(data, region)
			if err != nil {
				return err
			}
			if stale := p.strangers(data); len(stale) > 0 {
				lines = append([]string{"unset " + strings.Join(stale, " ")}, lines...)
			}
			_, err = fmt.Fprintln(p.stdout, strings.Join(lines, "\n"))
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData, "the server's data `directory`")
	cmd.Flags().StringVar(&region, "region", "", "another `region` than the server was started with")
	cmd.Flags().DurationVar(&wait, "wait", 5*time.Second, "how long to wait for a server that is starting; 0 does not look")
	return cmd
}

// strangers are the variables of this shell that would win over what the server's data
// directory says, and an authority where nobody needs to be trusted.
func (p *program) strangers(data string) []string {
	all := []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
	if endpoint, _ := awsclient.Endpoint(data); strings.HasPrefix(endpoint, "http://") {
		all = append(all, "AWS_CA_BUNDLE")
	}
	return slices.DeleteFunc(all, func(name string) bool { return p.getenv(name) == "" })
}

// awaitServer waits until the server of a data directory answers: a shell that has started it in
// the background gets here before it does. A server that was killed leaves its address behind, so
// the address alone is not enough.
func awaitServer(ctx context.Context, data string, patience time.Duration) error {
	if patience <= 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		err := answers(ctx, data)
		if err == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return err
		}
	}
}

// answers says whether the server of a data directory serves.
func answers(ctx context.Context, data string) error {
	endpoint, err := awsclient.Endpoint(data)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := probe.Do(request)
	if err == nil {
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
		err = errors.New(response.Status)
	}
	return fmt.Errorf("the server of %s does not answer (%w); start it with: slipway server --data %s", data, err, quote(data))
}

// probe asks whether anybody serves. It tells nothing and believes nothing, so it may ask a
// server whose certificate only the tools' own settings will trust.
var probe = &http.Client{Transport: &http.Transport{
	TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
	DisableKeepAlives: true,
}}

// environment is the export lines for the server with that data directory.
func environment(data, region string) ([]string, error) {
	endpoint, err := awsclient.Endpoint(data)
	if err != nil {
		return nil, err
	}
	credentials, err := filepath.Abs(filepath.Join(data, awsclient.CredentialsFile))
	if err != nil {
		return nil, err
	}
	lines := []string{
		"export AWS_ENDPOINT_URL=" + quote(endpoint),
		"export AWS_SHARED_CREDENTIALS_FILE=" + quote(credentials),
		"export AWS_REGION=" + quote(region),
		"export AWS_DEFAULT_REGION=" + quote(region), // the only one that AWS's command line reads before 2.13
	}
	if bundle := awsclient.CABundle(data); bundle != "" {
		lines = append(lines, "export AWS_CA_BUNDLE="+quote(bundle))
	}
	return lines, nil
}

// quote makes a word safe for a POSIX shell; plain words stay as they are.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:._-=,+@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
