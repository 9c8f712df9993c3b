package appspec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/appspec"
)

// parsePermission reads an appspec with one entry of the permissions section, in YAML's flow style.
func parsePermission(entry string) (appspec.Permission, error) {
	spec, err := appspec.Parse("appspec.yml", []byte("version: 0.0\nos: linux\npermissions:\n  - {object: /a, "+entry+"}\n"))
	if err != nil {
		return appspec.Permission{}, err
	}
	return spec.Permissions[0], nil
}

// Every form that an access control entry can be written in, with what setfacl would be told.
func TestACE(t *testing.T) {
	for text, want := range map[string]string{
		"www:r":              "user:www:r--",
		"u:rwx":              "user:u:rwx", // AWS's reading: the first of two words is a name
		"u:www:r":            "user:www:r--",
		"user:www:7":         "user:www:rwx",
		"g:adm:rx":           "group:adm:r-x",
		"group:adm:x-r":      "group:adm:r-x",
		"group:adm:":         "group:adm:---",
		"m::5":               "mask::r-x",
		"m:rw":               "mask::rw-",
		"mask:-":             "mask::---",
		"d:www:4":            "default:user:www:r--",
		"d::6":               "default:user::rw-",
		"default:u:www:w":    "default:user:www:-w-",
		"d:g::7":             "default:group::rwx",
		"d:group:adm:0":      "default:group:adm:---",
		"d:m:rwx":            "default:mask::rwx",
		"default:other::r":   "default:other::r--",
		"d:o:r":              "default:other::r--",
		"u:with space:r":     "user:with space:r--",
		"u:mask:r":           "user:mask:r--",
		"rwx":                "Invalid acl entry (rwx).",
		"":                   "Invalid acl entry ().",
		"a:b:c:d:e":          "Invalid acl entry (a:b:c:d:e).",
		"x:www:r":            "Invalid acl entry (x:www:r).",
		"u:d:www:r":          "Invalid acl entry (u:d:www:r).",
		"d:d:www:r":          "Invalid acl entry (d:d:www:r).",
		"m:www:r":            "Invalid acl entry (m:www:r).",
		"o:www:r":            "Invalid acl entry (o:www:r).",
		"u::rwx":             "Use mode to set the base acl entry (u::rwx).",
		"g::r":               "Use mode to set the base acl entry (g::r).",
		"o::r":               "Use mode to set the base acl entry (o::r).",
		"o:r":                "Use mode to set the base acl entry (o:r).",
		"u:www:8":            "The deployment failed because the access control list (ACL) named u:www:8 in the application specification file contains an invalid character (8).",
		"u:www:rq":           "invalid character (q). Correct the ACL in the hooks section of the AppSpec file, and then try again.",
		"u:www:77":           "invalid character (7)",
		"default:u:www:read": "invalid character (e)",
	} {
		p, err := parsePermission(`acls: ["` + text + `"]`)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = p.ACLs[0].String()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
	if _, err := parsePermission("acls: 'u:www:r'"); err == nil {
		t.Error("a plain string was taken for a list")
	}
}

func TestRange(t *testing.T) {
	for text, want := range map[string]string{
		"s0":                    "s0",
		"s0-s0":                 "s0",
		"s00-s15":               "s0-s15",
		"s0:c0":                 "s0:c0",
		"s0:c1023":              "s0:c1023",
		"s0-s2:c3,c1,c2,c9":     "s0-s2:c1.c3,c9",
		"s0:c1.c3,c5.c6":        "s0:c1.c3,c5.c6",
		"s0:c4.c4":              "s0:c4",
		"s0:":                   "invalid range part s0:",
		":c1":                   "invalid range part :c1",
		"s1-":                   "invalid range part s1-",
		"-s1":                   "invalid range part -s1",
		"s0:c1.":                "invalid range part c1.",
		"s":                     "invalid sensitivity s",
		"x0":                    "invalid sensitivity x0",
		"s0-sx":                 "invalid sensitivity sx",
		"s0-s1-s2":              "invalid sensitivity s1-s2",
		"s99999999999999999999": "invalid sensitivity s9",
		"s0:d1":                 "invalid category d1",
		"s0:c":                  "invalid category c",
		"s0:c1024":              "invalid category c1024",
		"s0:c1.c1024":           "invalid category c1024",
		"s0:c1,":                "invalid category ",
		"s0:c5.c3":              "invalid category range c5.c3",
		"s0:c1,c1":              "duplicate categories",
		"s0:c1.c4,c3":           "duplicate categories",
		"s3-s1":                 "The deployment failed because of a problem with the SELinux range specified (s3-s1) for the context parameter in the permissions section",
	} {
		p, err := parsePermission("context: {type: t, range: '" + text + "'}")
		switch {
		case err == nil && p.Context.Range != want:
			t.Errorf("%q gives %q, want %q", text, p.Context.Range, want)
		case err != nil && !strings.HasPrefix(err.Error(), want):
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
	if _, err := parsePermission("context: {type: t, role: r}"); err == nil || !strings.Contains(err.Error(), "specifies a role, but roles are not supported") {
		t.Errorf("a role gives %v", err)
	}
}

func TestModesInEveryForm(t *testing.T) {
	for text, want := range map[string]string{
		"0": "000", "7": "007", "44": "044", "644": "644", "0644": "0644", "'0644'": "0644", "0755": "0755", "4755": "4755", "'2770'": "2770",
		"null": "", "00644": "the length of a permissions mode (00644)", "''": "000", "888": "contains an invalid character (8)",
		"u+x": "contains an invalid character (u)", "0o644": "the length of a permissions mode (0o644)", "-1": "contains an invalid character (-)",
	} {
		p, err := parsePermission("mode: " + text)
		if err == nil && p.Mode != want || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %q, %v; want %q", text, p.Mode, err, want)
		}
	}
}

func TestPermissionDefaultsAndTypes(t *testing.T) {
	both := appspec.Permission{Object: "/a", Pattern: "**", Files: true, Directories: true}
	for entry, want := range map[string]any{
		"mode: null":                     both,
		"pattern: null, except: null":    both,
		"type: null":                     both,
		"type: [file]":                   appspec.Permission{Object: "/a", Pattern: "**", Files: true},
		"type: [directory]":              appspec.Permission{Object: "/a", Pattern: "**", Directories: true},
		"type: [file, directory]":        both,
		"type: [link]":                   "The deployment failed because the application specification filespecifies a permission for an object type not supported for permissions (link). Update the permissions section of the AppSpec file, and then try again.",
		"type: file":                     "",
		"except: '*.sh'":                 "",
		"owner: [root]":                  "",
		"context: httpd_t":               "specifies an invalid context type (httpd_t).",
		"context: {name: x}":             "specifies an invalid context type",
		"context: {type: [a]}":           "",
		"object: /b":                     `has the key "object" twice`,
		"context: {type: t, range: [a]}": "",
	} {
		got, err := parsePermission(entry)
		if p, ok := want.(appspec.Permission); ok {
			if diff := cmp.Diff(p, got); err != nil || diff != "" {
				t.Errorf("%s: %v %s", entry, err, diff)
			}
		} else if err == nil || !strings.Contains(err.Error(), want.(string)) {
			t.Errorf("%s gives %v, want %q", entry, err, want)
		}
	}
}

func TestAtomicInstall(t *testing.T) {
	parse := func(text string) (*appspec.Spec, error) {
		return appspec.Parse("appspec.yml", []byte("version: 0.0\nos: linux\nfiles:\n  - {source: /, destination: /srv/app/}\n"+text))
	}
	for text, want := range map[string]*appspec.Atomic{
		"": nil,
		"atomic_install: {destination: /srv/app}":               {Destination: "/srv/app", Versions: 3},
		"atomic_install: {destination: /srv/app/, versions: 1}": {Destination: "/srv/app", Versions: 1},
		"atomic_install: {destination: /srv}":                   {Destination: "/srv", Versions: 3},
	} {
		spec, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, spec.Atomic); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"atomic_install: yes":                                     "is not a map of keys, on line 5",
		"atomic_install: {dest: /srv/app}":                        `has the unknown key "dest"`,
		"atomic_install: {versions: 2}":                           "needs an absolute path",
		"atomic_install: {destination: srv/app}":                  "needs an absolute path",
		"atomic_install: {destination: /}":                        "needs an absolute path",
		"atomic_install: {destination: /srv/ap}":                  "into which the files section installs nothing",
		"atomic_install: {destination: /srv/app, versions: 0}":    "not between 1 and 100",
		"atomic_install: {destination: /srv/app, versions: many}": "not between 1 and 100",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v", text, err)
		}
	}
}

// What YAML 1.1 and Windows editors bring along.
func TestForms(t *testing.T) {
	const body = "version: 0.0\nos: linux\nfiles:\n  - source: a\n    destination: /b\n"
	want, err := appspec.Parse("a", []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"byte order mark": "\ufeff" + body,
		"CRLF":            strings.ReplaceAll(body, "\n", "\r\n"),
		"JSON":            `{"version": 0.0, "os": "linux", "files": [{"source": "a", "destination": "/b"}]}`,
		"anchors":         "version: 0.0\nos: linux\nx: &f\n  - {source: a, destination: /b}\nfiles: *f\n",
		"two documents":   body + "---\nversion: 9\n",
	} {
		got, err := appspec.Parse("a", []byte(text))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
}
