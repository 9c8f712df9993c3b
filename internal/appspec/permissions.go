package appspec

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

func (s *Spec) readPermissions(top mapping) error {
	list, err := top.list("permissions")
	if err != nil {
		return err
	}
	if len(list) > 0 && s.OS == "windows" {
		return errorAt(list[0].node.Line, "The deployment failed because the application specification file specifiles file permissions, but the deployment is targeting one or more Windows Server instances. "+
			"Permissions are supported only for Amazon Linux, Ubuntu Server, and Red Hat Enterprise Linux (RHEL) instances. Update the permissions section of the AppSpec file, and then try again.")
	}
	for _, entry := range list {
		p, err := readPermission(entry)
		if err != nil {
			return err
		}
		s.Permissions = append(s.Permissions, p)
	}
	return nil
}

func readPermission(entry mapping) (Permission, error) {
	object, owner, group, mode, pattern := entry.get("object"), entry.get("owner"), entry.get("group"), entry.get("mode"), entry.get("pattern")
	if err := scalars(object, owner, group, mode, pattern); err != nil {
		return Permission{}, err
	}
	p := Permission{Object: strings.TrimSpace(show(object)), Pattern: show(pattern), Owner: show(owner), Group: show(group)}
	if p.Object == "" {
		return p, errorAt(entry.node.Line, "The deployment failed because a permission listed in the application specification file has no object value. "+
			"Update the permissions section of the AppSpec file, and then try again.")
	}
	if p.Pattern == "" {
		p.Pattern = "**"
	}
	var err error
	if p.Except, err = entry.texts("except"); err != nil {
		return p, err
	}
	if err := p.readTypes(entry); err != nil {
		return p, err
	}
	if p.Mode, err = readMode(mode); err != nil {
		return p, err
	}
	if p.ACLs, err = readACLs(entry); err != nil {
		return p, err
	}
	p.Context, err = readContext(entry.get("context"))
	return p, err
}

func (p *Permission) readTypes(entry mapping) error {
	types, err := entry.texts("type")
	if err != nil {
		return err
	}
	if isNull(entry.get("type")) {
		p.Files, p.Directories = true, true
	}
	for _, t := range types {
		switch t {
		case "file":
			p.Files = true
		case "directory":
			p.Directories = true
		default:
			return errorAt(entry.node.Line, "The deployment failed because the application specification filespecifies a permission for an object type not supported for permissions (%s). "+
				"Update the permissions section of the AppSpec file, and then try again.", t)
		}
	}
	return nil
}

// readMode keeps the digits as they were written: 0644 is 0644, quoted or not.
func readMode(n *yaml.Node) (string, error) {
	if isNull(n) {
		return "", nil
	}
	mode := n.Value
	for len(mode) < 3 {
		mode = "0" + mode
	}
	if len(mode) > 4 {
		return "", errorAt(n.Line, "The deployment failed because the length of a permissions mode (%s) in the application specification file is invalid. "+
			"Permissions modes must be between one and four characters long. Update the permissions section of the AppSpec file, and then try again.", mode)
	}
	for _, c := range mode {
		if c < '0' || c > '7' {
			return "", errorAt(n.Line, "The deployment failed because the permissions mode (%s) in the application specification file contains an invalid character (%c). "+
				"Update the permissions section of the AppSpec file, and then try again.", mode, c)
		}
	}
	return mode, nil
}
