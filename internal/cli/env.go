package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway/slipway/internal/awsclient"
)

func (p *program) envCommand() *cobra.Command {
	var data, region string
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print the environment that points AWS tools at a server on this machine",
		Long: `Prints export lines for a shell: the server's address, its administrator's
credentials and its region. The AWS CLI, the AWS SDKs, Terraform and slipway
deploy read them.`,
		Example: `  eval "$(slipway env)"
  eval "$(slipway env --data /var/lib/slipway)"
  aws deploy list-applications`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			lines, err := environment(data, region)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(p.stdout, strings.Join(lines, "\n"))
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData, "the server's data `directory`")
	cmd.Flags().StringVar(&region, "region", awsclient.DefaultRegion, "the region the server was started with")
	return cmd
}

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
	return []string{
		"export AWS_ENDPOINT_URL=" + quote(endpoint),
		"export AWS_SHARED_CREDENTIALS_FILE=" + quote(credentials),
		"export AWS_REGION=" + quote(region),
		"export AWS_DEFAULT_REGION=" + quote(region), // the only one that AWS's command line reads before 2.13
	}, nil
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
