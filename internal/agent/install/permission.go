package install

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/slipway/slipway/internal/appspec"
)

// addPermissions plans the permissions section, for what this installation makes and nothing else.
func (p *plan) addPermissions() error {
	targets := p.steps
	taken := map[string]bool{}
	for _, perm := range p.job.Spec.Permissions {
		object, err := p.place(perm.Object)
		if err != nil {
			return err
		}
		steps, err := newPermissionSteps(perm)
		if err != nil {
			return err
		}
		checked := false // one file stands for the others of this permission
		for _, target := range targets {
			matched, err := p.matches(perm, object, target)
			if err != nil {
				return err
			}
			if !matched {
				continue
			}
			file := target.Directory + target.Destination // one of the two is empty
			if taken[file] {
				return fmt.Errorf("The deployment failed because the permissions setting for (%s) is specified more than once in the application specification file. "+
					"Update the files section of the AppSpec file, and then try again.", file)
			}
			taken[file] = true
			for _, step := range steps {
				if step.Type == setfacl && !checked {
					if err := checkACLs(file); err != nil {
						return err
					}
					checked = true
				}
				step.File = file
				p.steps = append(p.steps, step)
			}
		}
	}
	return nil
}

// matches says whether a permission is meant for a folder made or a file copied.
func (p *plan) matches(perm appspec.Permission, object string, target Instruction) (bool, error) {
	if target.Destination == object {
		return perm.Files, checkFilePermission(perm)
	}
	if target.Type == mkdir && !perm.Directories || target.Type == copying && !perm.Files {
		return false, nil
	}
	prefix := strings.TrimSuffix(object, "/") + "/"
	rest, below := strings.CutPrefix(target.Directory+target.Destination, prefix)
	if !below || !matchesPattern(perm.Pattern, rest) {
		return false, nil
	}
	for _, except := range perm.Except {
		if matchesPattern(except, rest) {
			return false, nil
		}
	}
	if target.Type == copying {
		return true, checkFileACL(perm)
	}
	return true, nil
}

// checkFilePermission refuses what makes sense for a folder only.
func checkFilePermission(perm appspec.Permission) error {
	switch {
	case !perm.Files:
		return nil
	case perm.Pattern != "**":
		return fmt.Errorf("The deployment failed because the application specification file includes an object (%s) with an invalid pattern (%s), "+
			"such as a pattern for a file applied to a directory. Correct the permissions section of the AppSpec file, and then try again.", perm.Object, perm.Pattern)
	case len(perm.Except) > 0:
		return fmt.Errorf("The deployment failed because the except parameter for a pattern in the permissions section (%s) for the object named %s contains an invalid format. "+
			"Update the AppSpec file, and then try again.", strings.Join(perm.Except, ", "), perm.Object)
	}
	return checkFileACL(perm)
}

// checkFileACL refuses default entries for a file: only folders hand something on.
func checkFileACL(perm appspec.Permission) error {
	for _, ace := range perm.ACLs {
		if ace.Default {
			return errors.New("The deployment failed because the -d parameter has been specified to apply an acl setting to a file. " +
				"This parameter is supported for directories only. Update the AppSpec file, and then try again.")
		}
	}
	return nil
}

// matchesPattern knows "**", which matches at any depth, and "*", within one name.
func matchesPattern(pattern, rest string) bool {
	if pattern == "**" {
		return true
	}
	if strings.Contains(rest, "/") {
		return false
	}
	// Only the star is special, so everything else that path.Match knows is escaped.
	literal := strings.NewReplacer(`\`, `\\`, "?", `\?`, "[", `\[`).Replace(pattern)
	ok, _ := path.Match(literal, filepath.Base(rest))
	return ok
}

// newPermissionSteps makes the instructions of one permission, without the file they are for.
// The owner comes first: giving a file away clears the setuid bit that the mode may ask for. The
// entries of an ACL come after the mode, because chmod would change their mask.
func newPermissionSteps(perm appspec.Permission) ([]Instruction, error) {
	var steps []Instruction
	if perm.Owner != "" || perm.Group != "" {
		step := Instruction{Type: chown, Owner: perm.Owner, Group: perm.Group, uid: -1, gid: -1}
		var err error
		if step.uid, err = findUser(perm.Owner); err != nil {
			return nil, err
		}
		if step.gid, err = findGroup(perm.Group); err != nil {
			return nil, err
		}
		if err := mayGive(perm, step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	if perm.Mode != "" {
		steps = append(steps, Instruction{Type: chmod, Mode: perm.Mode})
	}
	if len(perm.ACLs) > 0 {
		step, err := newACLStep(perm)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	if perm.Context != nil {
		if err := haveSELinuxTools(perm); err != nil {
			return nil, err
		}
		steps = append(steps, Instruction{Type: semanage, Context: newContext(perm.Context)})
	}
	return steps, nil
}

// findUser takes a name or a number; -1 stands for "leave it".
func findUser(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if u, err := user.Lookup(name); err == nil {
		return strconv.Atoi(u.Uid)
	}
	if id, err := strconv.Atoi(name); err == nil && id >= 0 {
		return id, nil
	}
	return 0, fmt.Errorf("can't find user for %s: create the user on the host or correct the owner in the permissions section of the AppSpec file", name)
}

func findGroup(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if g, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(g.Gid)
	}
	if id, err := strconv.Atoi(name); err == nil && id >= 0 {
		return id, nil
	}
	return 0, fmt.Errorf("can't find group for %s: create the group on the host or correct the group in the permissions section of the AppSpec file", name)
}

// mayGive fails early when the agent is not root and could not change the owner.
func mayGive(perm appspec.Permission, step Instruction) error {
	if os.Geteuid() == 0 || step.uid == -1 || step.uid == os.Geteuid() {
		return nil
	}
	return fmt.Errorf("the permissions section of the AppSpec file gives %s to the user %s, which only root can do, and the agent runs as user %d: "+
		"run the agent as root or remove the owner", perm.Object, perm.Owner, os.Geteuid())
}
