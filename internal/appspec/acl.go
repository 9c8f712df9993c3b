package appspec

import (
	"strings"
)

// An ACE is one access control entry.
type ACE struct {
	// Text is the entry as it was written.
	Text    string
	Default bool
	// Type is user, group, mask or other.
	Type string
	// Name is empty for the owner, the owning group, a mask and the others.
	Name string
	// Perms has the bits of a mode: 4 to read, 2 to write, 1 to execute.
	Perms uint8
}

// String spells the entry in full, as setfacl and install.json have it: default:user:www:r-x.
func (a ACE) String() string {
	text := a.Type + ":" + a.Name + ":"
	if a.Default {
		text = "default:" + text
	}
	for i, letter := range "rwx" {
		if a.Perms&(4>>i) == 0 {
			letter = '-'
		}
		text += string(letter)
	}
	return text
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

// aceType maps the spellings of an entry's type to its full name.
func aceType(t string) string {
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

func isDefault(word string) bool { return word == "d" || word == "default" }

// parseACE splits [d|default:][type:]name:perms, with AWS's rule for what is left out: in a pair
// (www:r) the first word is a user, unless it says mask or other.
func parseACE(line int, text string) (ACE, error) {
	malformed := errorAt(line, "The deployment failed because of a problem with the acls permission settings in the application specification file. Invalid acl entry (%s).", text)
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 4 || len(parts) == 4 && !isDefault(parts[0]) {
		return ACE{}, malformed
	}
	name, perms := parts[len(parts)-2], parts[len(parts)-1]
	ace := ACE{Text: text, Default: len(parts) == 4}
	if len(parts) >= 3 {
		word := parts[len(parts)-3]
		if ace.Type = aceType(word); ace.Type == "" {
			if !isDefault(word) || ace.Default {
				return ACE{}, malformed
			}
			ace.Default = true
		}
	}
	if short := aceType(name); ace.Type == "" && (short == "mask" || short == "other") {
		ace.Type, name = short, ""
	}
	if ace.Type == "" {
		ace.Type = "user"
	}
	ace.Name = name
	named := ace.Type == "user" || ace.Type == "group"
	if ace.Name != "" && !named {
		return ACE{}, malformed
	}
	if ace.Name == "" && !ace.Default && ace.Type != "mask" {
		return ACE{}, errorAt(line, "The deployment failed because of a problem with the acls permission settings in the application specification file. "+
			"Use mode to set the base acl entry (%s). Update the permissions section of the AppSpec file, and then try again.", text)
	}
	var err error
	ace.Perms, err = parsePerms(line, text, perms)
	return ace, err
}

// parsePerms reads one octal digit or any letters of rwx-.
func parsePerms(line int, ace, perms string) (uint8, error) {
	if len(perms) == 1 && perms[0] >= '0' && perms[0] <= '7' {
		return perms[0] - '0', nil
	}
	bits := uint8(0)
	for _, c := range perms {
		switch c {
		case 'r':
			bits |= 4
		case 'w':
			bits |= 2
		case 'x':
			bits |= 1
		case '-':
		default:
			return 0, errorAt(line, "The deployment failed because the access control list (ACL) named %s in the application specification file contains an invalid character (%c). "+
				"Correct the ACL in the hooks section of the AppSpec file, and then try again.", ace, c)
		}
	}
	return bits, nil
}
