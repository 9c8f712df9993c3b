package appspec_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/deploy"
)

const full = `version: 0.0
os: linux
file_exists_behavior: OVERWRITE
unknown: ignored
files:
  - source: /
    destination: /srv/app
  - source: conf/app.conf
    destination: /etc
permissions:
  - object: /srv/app
    pattern: "*.sh"
    except: [a.sh, b.sh]
    owner: root
    group: 1000
    mode: 0644
    type: [file]
    acls: ["u:www:r-x", "d:g::7"]
    context: {name: staff_u, type: httpd_t, range: "s0:c7,c1.c2,c3"}
  - object: /etc
hooks:
  ApplicationStop:
    - location: ' scripts/stop.sh '
      timeout: '30s'
      runas: " www "
  BeforeInstall:
  ApplicationStart:
    - location: start.sh
      sudo: true
    - location: 12
      timeout: 1.9
      sudo: 'false'
`

func TestParse(t *testing.T) {
	got, err := appspec.Parse("appspec.yml", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	want := &appspec.Spec{
		OS:                 "linux",
		FileExistsBehavior: appspec.Overwrite,
		Files: []appspec.File{
			{Source: "/", Destination: "/srv/app"},
			{Source: "conf/app.conf", Destination: "/etc"},
		},
		Hooks: map[deploy.Event][]appspec.Script{
			deploy.ApplicationStop: {{Location: "scripts/stop.sh", Timeout: 30 * time.Second, RunAs: "www"}},
			deploy.ApplicationStart: {
				{Location: "start.sh", Timeout: time.Hour, Sudo: true},
				{Location: "12", Timeout: time.Second},
			},
		},
		Permissions: []appspec.Permission{
			{
				Object: "/srv/app", Pattern: "*.sh", Except: []string{"a.sh", "b.sh"}, Files: true,
				Owner: "root", Group: "1000", Mode: "0644",
				ACLs: []appspec.ACE{
					{Text: "u:www:r-x", Type: "user", Name: "www", Perms: 5},
					{Text: "d:g::7", Default: true, Type: "group", Perms: 7},
				},
				Context: &appspec.Context{User: "staff_u", Type: "httpd_t", Range: "s0:c1.c3,c7"},
			},
			{Object: "/etc", Pattern: "**", Files: true, Directories: true},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseErrors(t *testing.T) {
	const head = "version: 0.0\nos: linux\n"
	const again = ", and then try again."
	tests := []struct {
		name, text, want string
		line             int
	}{
		{"empty", "", "The deployment failed because the application specification file was empty. Make sure your AppSpec file defines at minimum the 'version' and 'os' properties.", 0},
		{"only comments", "# nothing\n", "application specification file was empty", 0},
		{"no version", "os: linux\n", "an invalid version value () was entered in the application specification file. Make sure your AppSpec file specifies \"0.0\" as the version, and then try again.", 1},
		{"version as text", "version: '0.0'\nos: linux\n", "an invalid version value (0.0)", 1},
		{"version 1", "version: 1.0\nos: linux\n", "an invalid version value (1.0)", 1},
		{"os", "version: 0\nos: plan9\n", "specifies an unsupported operating system (plan9). Specify either \"linux\" or \"windows\" in the os section of the AppSpec file, and then try again.", 0},
		{"os before hooks", "version: 0\nhooks: {X: }\n", "unsupported operating system ()", 0},
		{"behavior", head + "file_exists_behavior: retain\n", "an invalid file_exists_behavior value (retain) was entered in the application specification file. Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.", 3},
		{"not a map", "- a\n", "does not hold a map of keys on line 1", 1},

		{"bad indent", head + "hooks:\n  ApplicationStop:\n    - location: x\n   timeout: 3\n", "(app.yml) is not valid YAML: line 6: ", 6},
		{"open bracket", head + "files: [a,\nx: b\n", "is not valid YAML: line 3: ", 3},
		{"tab", head + "files:\n\t- source: x\n", "is not valid YAML: line 4: ", 4},
		{"no colon", head + "hooks\n", "is not valid YAML: line 3: ", 3},
		{"duplicate key", head + "hooks:\n  ApplicationStop:\n    - location: a\n      location: b\n", "has the key \"location\" twice: on line 5 and on line 6", 6},
		{"duplicate event", head + "hooks:\n  ApplicationStop:\n  ApplicationStop:\n", "has the key \"ApplicationStop\" twice: on line 4 and on line 5", 5},
		{"merge", head + "x: &a {b: c}\nhooks: {<<: *a}\n", "YAML merge key (<<) on line 4", 4},

		{"unknown hook", head + "hooks:\n  ApplicationStpo:\n    - location: a\n", "names \"ApplicationStpo\" on line 4, which is not a lifecycle event. Use one of BeforeBlockTraffic, AfterBlockTraffic, ApplicationStop, BeforeInstall, AfterInstall, ApplicationStart, ValidateService, BeforeAllowTraffic, AfterAllowTraffic" + again, 4},
		{"built-in event", head + "hooks:\n  Install:\n    - location: a\n", "names \"Install\" on line 4, a lifecycle event that cannot run scripts", 4},
		{"hooks as list", head + "hooks:\n  - a\n", "hooks section of the application specification file is not a map of lifecycle events, on line 4", 4},
		{"event as map", head + "hooks:\n  ApplicationStop:\n    location: a\n", "the lifecycle event ApplicationStop in the application specification file is not a list of scripts, on line 5", 5},
		{"script as text", head + "hooks:\n  ApplicationStop:\n    - a.sh\n", "an entry in the hooks section of the application specification file is not a map of keys, on line 5", 5},
		{"no location", head + "hooks:\n  ApplicationStop:\n    - timeout: 3\n", "The deployment failed because the application specification file specifies a script with no location value. Specify the location in the hooks section of the AppSpec file, and then try again.", 5},
		{"blank location", head + "hooks:\n  ApplicationStop:\n    - location: '  '\n", "a script with no location value", 5},
		{"location is a list", head + "hooks:\n  ApplicationStop:\n    - location: [a]\n", "a list or a map where a plain value belongs, on line 5", 5},
		{"timeout zero", head + "hooks:\n  ApplicationStop:\n    - {location: a, timeout: 0}\n", "The deployment failed because an invalid timeout value was provided for a script in the application specification file. Make corrections in the hooks section of the AppSpec file, and then try again.", 5},
		{"timeout words", head + "hooks:\n  ApplicationStop:\n    - {location: a, timeout: soon}\n", "an invalid timeout value", 5},
		{"timeout list", head + "hooks:\n  ApplicationStop:\n    - {location: a, timeout: [1]}\n", "an invalid timeout value", 5},

		{"no source", head + "files:\n  - destination: /a\n", "The deployment failed because the application specification file specifies a destination file, but no source file. Update the files section of the AppSpec file, and then try again.", 4},
		{"no destination", head + "files:\n  - source: b\n", "The deployment failed because the application specification file specifies only a source file (b). Add the name of the destination file to the files section of the AppSpec file, and then try again.", 4},
		{"empty destination", head + "files:\n  - {source: b, destination: ''}\n", "an empty destination for the source \"b\" on line 4", 4},
		{"files as map", head + "files:\n  source: b\n", "the files section of the application specification file is not a list, on line 4", 4},

		{"no object", head + "permissions:\n  - mode: 755\n", "The deployment failed because a permission listed in the application specification file has no object value. Update the permissions section of the AppSpec file, and then try again.", 4},
		{"type", head + "permissions:\n  - {object: /a, type: [link]}\n", "The deployment failed because the application specification filespecifies a permission for an object type not supported for permissions (link). Update the permissions section of the AppSpec file, and then try again.", 4},
		{"type as text", head + "permissions:\n  - {object: /a, type: file}\n", "\"type\" in the permissions section of the application specification file is not a list, on line 4. Write it as [file]", 4},
		{"mode too long", head + "permissions:\n  - {object: /a, mode: 00644}\n", "The deployment failed because the length of a permissions mode (00644) in the application specification file is invalid. Permissions modes must be between one and four characters long. Update the permissions section of the AppSpec file, and then try again.", 4},
		{"mode digit", head + "permissions:\n  - {object: /a, mode: 649}\n", "The deployment failed because the permissions mode (649) in the application specification file contains an invalid character (9). Update the permissions section of the AppSpec file, and then try again.", 4},
		{"acl parts", head + "permissions:\n  - {object: /a, acls: [rwx]}\n", "The deployment failed because of a problem with the acls permission settings in the application specification file. Invalid acl entry (rwx).", 4},
		{"acl base", head + "permissions:\n  - {object: /a, acls: ['u::rwx']}\n", "Use mode to set the base acl entry (u::rwx). Update the permissions section of the AppSpec file, and then try again.", 4},
		{"acl letter", head + "permissions:\n  - {object: /a, acls: ['u:x:rq']}\n", "The deployment failed because the access control list (ACL) named u:x:rq in the application specification file contains an invalid character (q). Correct the ACL in the hooks section of the AppSpec file, and then try again.", 4},
		{"context", head + "permissions:\n  - {object: /a, context: {name: x}}\n", "specifies an invalid context type (). Update the permissions section of the AppSpec file, and then try again.", 4},
		{"windows", "version: 0.0\nos: windows\npermissions:\n  - object: /a\n", "specifiles file permissions, but the deployment is targeting one or more Windows Server instances.", 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := appspec.Parse("app.yml", []byte(tt.text))
			var e *appspec.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *appspec.Error", err)
			}
			if !strings.Contains(e.Text, tt.want) {
				t.Errorf("got  %s\nwant %s", e.Text, tt.want)
			}
			if e.Line != tt.line {
				t.Errorf("line %d, want %d: %s", e.Line, tt.line, e.Text)
			}
		})
	}
}

func TestTimeouts(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":         time.Hour,
		"~":        time.Hour,
		"300":      300 * time.Second,
		"010":      8 * time.Second,
		"0x1F":     31 * time.Second,
		"1_000":    1000 * time.Second,
		"1:30":     90 * time.Second,
		"1.9":      time.Second,
		"'30s'":    30 * time.Second,
		"'010'":    10 * time.Second,
		"\"45\"":   45 * time.Second,
		"99999999": 24 * time.Hour,
	} {
		spec, err := appspec.Parse("a", []byte("version: 0.0\nos: linux\nhooks:\n  ValidateService:\n  - location: x\n    timeout: "+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := spec.Hooks[deploy.ValidateService][0].Timeout; got != want {
			t.Errorf("timeout: %s is %v, want %v", text, got, want)
		}
	}
}

func TestModes(t *testing.T) {
	for text, want := range map[string]string{
		"0644": "0644", "644": "644", "'0644'": "0644", "4755": "4755", "7": "007", "44": "044", "0": "000",
	} {
		spec, err := appspec.Parse("a", []byte("version: 0.0\nos: linux\npermissions:\n- {object: /x, mode: "+text+"}\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := spec.Permissions[0].Mode; got != want {
			t.Errorf("mode: %s is %q, want %q", text, got, want)
		}
	}
}

func TestAcceptedForms(t *testing.T) {
	for name, text := range map[string]string{
		"crlf":            "version: 0.0\r\nos: linux\r\nhooks:\r\n  ApplicationStop:\r\n    - location: a\r\n",
		"byte order mark": "\ufeffversion: 0.0\nos: linux\nhooks: {ApplicationStop: [{location: a}]}\n",
		"json":            `{"version": 0.0, "os": "linux", "hooks": {"ApplicationStop": [{"location": "a"}]}}`,
		"first document":  "version: 0.0\nos: linux\nhooks: {ApplicationStop: [{location: a}]}\n---\nversion: 9\n",
		"aliases":         "version: 0.0\nos: linux\nx: &s [{location: a}]\nhooks: {ApplicationStop: *s}\n",
		"null sections":   "version: 0\nos: linux\nfiles:\npermissions: ~\nhooks: {ApplicationStop: [{location: a}], AfterInstall: ~}\n",
	} {
		spec, err := appspec.Parse("a", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(spec.Hooks) != 1 || spec.Hooks[deploy.ApplicationStop][0].Location != "a" {
			t.Errorf("%s: hooks are %v", name, spec.Hooks)
		}
	}
}

func TestRunsOn(t *testing.T) {
	spec := &appspec.Spec{OS: "windows"}
	if err := spec.RunsOn("linux"); err == nil || !strings.Contains(err.Error(), "unsupported operating system (windows)") {
		t.Errorf("a windows appspec on linux: %v", err)
	}
	if err := spec.RunsOn("windows"); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(full))
	f.Add([]byte("version: 0.0\nos: linux\nx: &a [*a]\nhooks: *a\n"))
	f.Add([]byte("version: 0\nos: windows\nhooks:\n ApplicationStop:\n - {location: a, timeout: -0x}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		spec, err := appspec.Parse("a", text)
		if err != nil {
			var e *appspec.Error
			if !errors.As(err, &e) || e.Text == "" {
				t.Fatalf("error without a text: %#v", err)
			}
			return
		}
		for event, scripts := range spec.Hooks {
			for _, s := range scripts {
				if s.Location == "" || s.Timeout <= 0 {
					t.Errorf("%s has the unusable script %+v", event, s)
				}
			}
		}
		for _, file := range spec.Files {
			if file.Destination == "" {
				t.Errorf("a file goes nowhere: %+v", file)
			}
		}
	})
}
