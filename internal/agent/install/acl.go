package install

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/slipway/slipway/internal/appspec"
)

// An aclEntry is an access control entry in the kernel's terms.
type aclEntry struct {
	tag, perms uint16
	id         uint32
	inherited  bool // a folder hands it to what is made in it
}

// Tags of entries, and the number of an entry that names nobody, from Linux's posix_acl_xattr.h.
const (
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
	aclNobody   = ^uint32(0)
	aclVersion  = 2
)

// newACLStep looks up the users and groups of an ACL, so that a typo is found before anything is
// changed.
func newACLStep(perm appspec.Permission) (Instruction, error) {
	step := Instruction{Type: setfacl}
	for _, ace := range perm.ACLs {
		entry, err := newACLEntry(ace)
		if err != nil {
			return step, fmt.Errorf("the access control list (ACL) named %s in the permissions section of the AppSpec file: %w", ace.Text, err)
		}
		step.acl = append(step.acl, entry)
		step.ACL = append(step.ACL, ace.String())
	}
	return step, nil
}

func newACLEntry(ace appspec.ACE) (aclEntry, error) {
	entry := aclEntry{perms: uint16(ace.Perms), id: aclNobody, inherited: ace.Default}
	id, err := -1, error(nil)
	switch {
	case ace.Type == "mask":
		entry.tag = aclMask
	case ace.Type == "other":
		entry.tag = aclOther
	case ace.Type == "user" && ace.Name == "":
		entry.tag = aclUserObj
	case ace.Type == "user":
		entry.tag = aclUser
		id, err = findUser(ace.Name)
	case ace.Name == "":
		entry.tag = aclGroupObj
	default:
		entry.tag = aclGroup
		id, err = findGroup(ace.Name)
	}
	if id >= 0 {
		entry.id = uint32(id)
	}
	return entry, err
}

// completeACL adds what a list needs beside the named entries, as AWS's agent does: the owner, the
// group and the others from the file's mode, and a mask from the group's permissions. Default
// entries get theirs as soon as there is one of them.
func completeACL(given []aclEntry, mode fs.FileMode) (access, inherited []aclEntry) {
	base := func(tag, perms uint16) aclEntry { return aclEntry{tag: tag, perms: perms & 7, id: aclNobody} }
	owner, group, others := base(aclUserObj, uint16(mode>>6)), base(aclGroupObj, uint16(mode>>3)), base(aclOther, uint16(mode))
	for _, e := range given {
		list := &access
		if e.inherited {
			list = &inherited
		}
		*list = append(*list, e)
	}
	access = fillACL(access, owner, group, others)
	if len(inherited) > 0 {
		inherited = fillACL(inherited, owner, group, others)
	}
	return access, inherited
}

// fillACL adds base entries that are missing and a mask where a named entry needs one, and sorts
// the list as the kernel wants it. Of an entry that is there twice the last one counts.
func fillACL(list []aclEntry, base ...aclEntry) []aclEntry {
	has := func(tag uint16) int { return slices.IndexFunc(list, func(e aclEntry) bool { return e.tag == tag }) }
	for _, e := range base {
		if has(e.tag) < 0 {
			list = append(list, e)
		}
	}
	if has(aclMask) < 0 && (has(aclUser) >= 0 || has(aclGroup) >= 0) {
		list = append(list, aclEntry{tag: aclMask, perms: list[has(aclGroupObj)].perms, id: aclNobody})
	}
	slices.Reverse(list)
	slices.SortStableFunc(list, func(a, b aclEntry) int { return cmp.Or(cmp.Compare(a.tag, b.tag), cmp.Compare(a.id, b.id)) })
	return slices.CompactFunc(list, func(a, b aclEntry) bool { return a.tag == b.tag && a.id == b.id })
}

// encodeACL is the value of the extended attribute.
func encodeACL(list []aclEntry) []byte {
	out := binary.LittleEndian.AppendUint32(nil, aclVersion)
	for _, e := range list {
		out = binary.LittleEndian.AppendUint16(out, e.tag)
		out = binary.LittleEndian.AppendUint16(out, e.perms)
		out = binary.LittleEndian.AppendUint32(out, e.id)
	}
	return out
}

// setACL replaces a file's ACL. Links have none, and what they lead to is not ours.
func setACL(step Instruction) error {
	info, err := os.Lstat(step.File)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	access, inherited := completeACL(step.acl, info.Mode())
	if err := writeACL(step.File, encodeACL(access), encodeACL(inherited), len(inherited) > 0); err != nil {
		return fmt.Errorf("The deployment failed because of a problem with the acls permission settings in the application specification file for this object: %s: %w", step.File, err)
	}
	return nil
}

// checkACLs finds out beforehand whether the disk that a file will be on keeps ACLs.
func checkACLs(file string) error {
	dir := filepath.Dir(file)
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := aclSupport(dir); err != nil {
		return fmt.Errorf("the permissions section of the AppSpec file asks for acls on %s, but the file system of %s does not keep them: %w. "+
			"Use owner, group and mode, or a file system with ACLs (ext4, xfs, btrfs), and then try again", file, dir, err)
	}
	return nil
}
