package appspec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/slipway/slipway/internal/deploy"
)

func (s *Spec) readHooks(top mapping, custom []deploy.Event) error {
	s.Hooks = map[deploy.Event][]Script{}
	n := top.get("hooks")
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return errorAt(n.Line, "The deployment failed because the hooks section of the application specification file is not a map "+
			"of lifecycle events, on line %d. Update the hooks section of the AppSpec file, %s", n.Line, updateAppSpec)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		event := deploy.Event(key.Value)
		if !slices.Contains(Events(), event) && !allows(custom, event) {
			return unknownEvent(key)
		}
		scripts, err := readScripts(key.Value, resolve(n.Content[i+1]))
		if err != nil {
			return err
		}
		if len(scripts) > 0 {
			s.Hooks[event] = scripts
		}
	}
	return nil
}

// AnyEvent, among the custom events of Parse, lets hooks have any name. It is for a revision that is
// already installed: what its appspec says beyond the event in hand is no reason to fail.
const AnyEvent deploy.Event = "*"

func allows(custom []deploy.Event, event deploy.Event) bool {
	return slices.Contains(custom, event) || slices.Contains(custom, AnyEvent)
}

func unknownEvent(key *yaml.Node) error {
	var known []string
	why := "which is not a lifecycle event"
	for _, e := range Events() {
		known = append(known, string(e))
	}
	switch deploy.Event(key.Value) {
	case deploy.DownloadBundle, deploy.Install, deploy.BlockTraffic, deploy.AllowTraffic:
		why = "a lifecycle event that cannot run scripts"
	}
	return errorAt(key.Line, "The deployment failed because the hooks section of the application specification file names %q on line %d, %s. "+
		"Use one of %s, %s", key.Value, key.Line, why, strings.Join(known, ", "), updateAppSpec)
}

func readScripts(event string, n *yaml.Node) ([]Script, error) {
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errorAt(n.Line, "The deployment failed because the lifecycle event %s in the application specification file is not a list "+
			"of scripts, on line %d. Begin each script with \"- location: \", %s", event, n.Line, updateAppSpec)
	}
	list, err := entries("hooks", n)
	if err != nil {
		return nil, err
	}
	var out []Script
	for _, entry := range list {
		script, err := readScript(entry)
		if err != nil {
			return nil, err
		}
		out = append(out, script)
	}
	return out, nil
}

func readScript(entry mapping) (Script, error) {
	location, runAs, sudo := entry.get("location"), entry.get("runas"), entry.get("sudo")
	if err := scalars(location, runAs, sudo); err != nil {
		return Script{}, err
	}
	script := Script{
		Location: strings.TrimSpace(show(location)),
		RunAs:    strings.TrimSpace(show(runAs)),
		Sudo:     truth(sudo),
	}
	if script.Location == "" {
		return Script{}, errorAt(entry.node.Line, "The deployment failed because the application specification file specifies a script with no location value. "+
			"Specify the location in the hooks section of the AppSpec file, and then try again.")
	}
	var err error
	script.Timeout, err = readTimeout(entry.get("timeout"))
	return script, err
}

// maxTimeout keeps a timeout representable; nothing may run longer than a day anyhow.
const maxTimeout = 24 * time.Hour

func readTimeout(n *yaml.Node) (time.Duration, error) {
	if isNull(n) {
		return DefaultTimeout, nil
	}
	v, ok := int64(0), false
	if n.Kind == yaml.ScalarNode {
		v, ok = seconds(n)
	}
	if !ok || v <= 0 {
		return 0, errorAt(n.Line, "The deployment failed because an invalid timeout value was provided for a script in the application specification file. "+
			"Make corrections in the hooks section of the AppSpec file, and then try again.")
	}
	if v > int64(maxTimeout/time.Second) {
		return maxTimeout, nil
	}
	return time.Duration(v) * time.Second, nil
}

// Seconds is the script's timeout as the messages about it spell it.
func (s Script) Seconds() string { return fmt.Sprint(int64(s.Timeout / time.Second)) }

// Scripts lists the scripts of the lifecycle event with this name, in order; none is nil.
func (s *Spec) Scripts(event string) []Script { return s.Hooks[deploy.Event(event)] }
