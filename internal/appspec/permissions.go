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

func readACLs(entry mapping) ([]ACE, error) {
	list, err := entry.texts("acls")
	if err != nil {
		return nil, err
	}
	var out []ACE
	for _, text := range list {
		ace, err := parseACE(entry.get("acls").Line, text)
		if err != nil {
			return nil, err
		}
		out = append(out, ace)
	}
	return out, nil
}

// aceTypes maps the spellings of an entry's type to its full name.
func aceTypes(t string) string {
	switch t {
	case "u", "user":
		return "user"
	case "g", "group":
		return "group"
	case "m", "mask":
		return "mask"
	case "o", "other":
		return "other"
	}
	return ""
}

// parseACE splits [d|default:][type:]name:perms.
func parseACE(line int, text string) (ACE, error) {
	malformed := errorAt(line, "The deployment failed because of a problem with the acls permission settings in the application specification file. Invalid acl entry (%s).", text)
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 4 {
		return ACE{}, malformed
	}
	ace := ACE{Text: text, Type: "user"}
	if parts[0] == "d" || parts[0] == "default" {
		ace.Default, parts = true, parts[1:]
	}
	if t := aceTypes(parts[0]); t != "" && len(parts) > 1 {
		ace.Type, parts = t, parts[1:]
	}
	switch len(parts) {
	case 1:
		ace.Perms = parts[0]
	case 2:
		ace.Name, ace.Perms = parts[0], parts[1]
	default:
		return ACE{}, malformed
	}
	named := ace.Type == "user" || ace.Type == "group"
	if ace.Perms == "" || ace.Name != "" && !named {
		return ACE{}, malformed
	}
	if ace.Name == "" && !ace.Default && ace.Type != "mask" {
		return ACE{}, errorAt(line, "The deployment failed because of a problem with the acls permission settings in the application specification file. "+
			"Use mode to set the base acl entry (%s). Update the permissions section of the AppSpec file, and then try again.", text)
	}
	return ace, checkPerms(line, ace)
}

func checkPerms(line int, ace ACE) error {
	if len(ace.Perms) == 1 && ace.Perms[0] >= '0' && ace.Perms[0] <= '7' {
		return nil
	}
	for _, c := range ace.Perms {
		if !strings.ContainsRune("rwx-", c) {
			return errorAt(line, "The deployment failed because the access control list (ACL) named %s in the application specification file contains an invalid character (%c). "+
				"Correct the ACL in the hooks section of the AppSpec file, and then try again.", ace.Text, c)
		}
	}
	return nil
}

func readContext(n *yaml.Node) (*Context, error) {
	if isNull(n) {
		return nil, nil
	}
	m := mapping{n}
	if n.Kind != yaml.MappingNode || isNull(m.get("type")) {
		return nil, errorAt(n.Line, "The deployment failed because the application specification file specifies an invalid context type (%s). "+
			"Update the permissions section of the AppSpec file, and then try again.", show(n))
	}
	user, kind, level := m.get("name"), m.get("type"), m.get("range")
	if err := scalars(user, kind, level); err != nil {
		return nil, err
	}
	return &Context{User: show(user), Type: show(kind), Range: show(level)}, nil
}
