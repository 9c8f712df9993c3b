package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/standin/ec2"
)

// furnish writes the agent's files in AWS's formats, and, at the first boot, the user data's script,
// which it names. What the instance has put in the way of these files, such as links out of its
// root, is not followed.
func furnish(spec sandbox.Spec, boot ec2.Boot, world World) (script string, err error) {
	if err := os.MkdirAll(spec.Root, 0o755); err != nil {
		return "", err
	}
	root, err := os.OpenRoot(spec.Root)
	if err != nil {
		return "", err
	}
	defer root.Close()
	files := []file{
		{agentConfig, 0o644, []byte(agentSettings(spec, world))},
		{signerCA, 0o644, world.SignerCA},
	}
	if len(world.ServerCA) > 0 {
		files = append(files, file{serverCA, 0o644, world.ServerCA})
	}
	_, missing := root.Lstat(inRoot(userDone))
	if isScript(boot.UserData) && errors.Is(missing, os.ErrNotExist) {
		script = spec.Path(userScript)
		files = append(files, file{userScript, 0o700, boot.UserData}, file{userDone, 0o644, nil}) // it is run once at most
	}
	for _, f := range files {
		if err := f.write(root); err != nil {
			return "", err
		}
	}
	return script, nil
}

// A file is to be on an instance.
type file struct {
	path    string
	mode    os.FileMode
	content []byte
}

func inRoot(path string) string { return strings.TrimPrefix(path, "/") }

func (f file) write(root *os.Root) error {
	if err := root.MkdirAll(filepath.Dir(inRoot(f.path)), 0o755); err != nil {
		return err
	}
	return root.WriteFile(inRoot(f.path), f.content, f.mode)
}

// agentSettings is the agent's configuration, as AWS's agent reads it too. The file that makes an
// on-premises instance of a host is not that of the machine the server runs on.
func agentSettings(spec sandbox.Spec, world World) string {
	var b strings.Builder
	b.WriteString("---\n")
	for _, line := range [][2]string{
		{"root_dir", spec.Path(agentRoot + "/deployment-root")},
		{"log_dir", spec.Path(agentLogs)},
		{"pid_dir", spec.Path(agentRoot + "/state/.pid")},
		{"on_premises_config_file", spec.Path(agentRoot + "/codedeploy.onpremises.yml")},
		{"deploy_control_endpoint", world.Endpoint},
		{"s3_endpoint_override", world.Endpoint},
		{"deployment_signer_ca_file", spec.Path(signerCA)},
		{"disable_imds_v1", "true"},
	} {
		fmt.Fprintf(&b, ":%s: %s\n", line[0], line[1])
	}
	if len(world.ServerCA) > 0 {
		fmt.Fprintf(&b, ":ca_file: %s\n", spec.Path(serverCA))
	}
	if !spec.Namespaces {
		fmt.Fprintf(&b, ":install_root: %s\n", spec.Root)
	}
	return b.String()
}
