package hook

import "strings"

// secret lists what AWS's agent puts, or leaves, into the environment of every script: credentials
// with which a script could act as the host.
func secret(key string) bool {
	switch key {
	case "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
		"AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_CREDENTIALS_FILE", "AWS_CREDENTIAL_FILE":
		return true
	}
	return false
}

// environment is base without secrets and without what added sets anew.
func environment(base, added []string) []string {
	set := map[string]bool{}
	for _, kv := range added {
		key, _, _ := strings.Cut(kv, "=")
		set[key] = true
	}
	out := make([]string, 0, len(base)+len(added))
	for _, kv := range base {
		if key, _, _ := strings.Cut(kv, "="); !secret(key) && !set[key] {
			out = append(out, kv)
		}
	}
	return append(out, added...)
}
