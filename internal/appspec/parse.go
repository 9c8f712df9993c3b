package appspec

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/slipway/slipway/internal/deploy"
)

const updateAppSpec = "and then try again."

// Parse reads the appspec in text. name is the file's name and appears in messages about YAML.
// Hooks may be named after the usual events and the custom ones; AnyEvent among these allows every
// name. The error is an *Error.
func Parse(name string, text []byte, custom ...deploy.Event) (*Spec, error) {
	root, err := load(name, text, "'version' and 'os'")
	if err != nil {
		return nil, err
	}
	top := mapping{node: root}
	spec := &Spec{}
	readHooks := func(top mapping) error { return spec.readHooks(top, custom) }
	for _, read := range []func(mapping) error{
		spec.checkVersion, spec.readOS, readHooks, spec.readFiles, spec.readPermissions, spec.readBehavior, spec.readAtomic,
	} {
		if err := read(top); err != nil {
			return nil, err
		}
	}
	return spec, nil
}

// load returns the top-level mapping of the first YAML document. least are the properties that
// any such file has.
func load(name string, text []byte, least string) (*yaml.Node, error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		return nil, syntaxError(name, err)
	}
	var doc yaml.Node
	if err := loader.Load(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, syntaxError(name, err)
	}
	root := &doc
	if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		root = resolve(root.Content[0])
	}
	if isNull(root) || root.Kind == yaml.DocumentNode {
		return nil, errorAt(0, "The deployment failed because the application specification file was empty. "+
			"Make sure your AppSpec file defines at minimum the %s properties.", least)
	}
	if root.Kind != yaml.MappingNode {
		return nil, errorAt(root.Line, "The deployment failed because the application specification file (%s) does not hold "+
			"a map of keys on line %d. Make sure your AppSpec file defines at minimum the %s properties.", name, root.Line, least)
	}
	if err := checkKeys(name, root); err != nil {
		return nil, err
	}
	return root, nil
}

// syntaxError says on which line the fault is. For an unfinished key, quote or bracket that is where
// the construct begins, because the scanner notices much later; a block begins far above its fault.
func syntaxError(name string, err error) error {
	line, message := 0, err.Error()
	if le, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, message = le.Mark.Line, le.Message
		if le.ContextMsg != "" {
			message = le.ContextMsg + ", " + message
		}
		if le.ContextMark.Line > 0 && !strings.Contains(le.ContextMsg, "block") {
			line = le.ContextMark.Line
		}
	}
	if line == 0 {
		return errorAt(0, "The deployment failed because the application specification file (%s) is not valid YAML: %s. "+
			"Correct the file, %s", name, message, updateAppSpec)
	}
	return errorAt(line, "The deployment failed because the application specification file (%s) is not valid YAML: line %d: %s. "+
		"Correct the file, %s", name, line, message, updateAppSpec)
}

// checkKeys refuses what would silently lose a part of the file: the same key twice, and merges.
func checkKeys(name string, n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if first, ok := seen[key.Value]; ok && key.Kind == yaml.ScalarNode {
				return errorAt(key.Line, "The deployment failed because the application specification file (%s) has the key %q twice: "+
					"on line %d and on line %d. Remove one of them, %s", name, key.Value, first, key.Line, updateAppSpec)
			}
			if key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Style == 0 {
				return errorAt(key.Line, "The deployment failed because the application specification file (%s) uses a YAML merge key (<<) "+
					"on line %d, which AppSpec files do not support. Write the keys out, %s", name, key.Line, updateAppSpec)
			}
			if key.Kind == yaml.ScalarNode {
				seen[key.Value] = key.Line
			}
		}
	}
	for _, c := range n.Content {
		if err := checkKeys(name, c); err != nil {
			return err
		}
	}
	return nil
}

func (s *Spec) checkVersion(top mapping) error {
	n := top.get("version")
	if n != nil && n.Kind == yaml.ScalarNode && n.Style&quoted == 0 {
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil && v == 0 {
			return nil
		}
	}
	return errorAt(line(n, top), "The deployment failed because an invalid version value (%s) was entered in the application specification file. "+
		"Make sure your AppSpec file specifies \"0.0\" as the version, and then try again.", show(n))
}

func (s *Spec) readOS(top mapping) error {
	n := top.get("os")
	s.OS = show(n)
	if s.OS != "linux" && s.OS != "windows" {
		return unsupportedOS(s.OS)
	}
	return nil
}

func unsupportedOS(os string) error {
	return errorAt(0, "The deployment failed because the application specification file specifies an unsupported operating system (%s). "+
		"Specify either \"linux\" or \"windows\" in the os section of the AppSpec file, and then try again.", os)
}

func (s *Spec) readBehavior(top mapping) error {
	n := top.get("file_exists_behavior")
	if isNull(n) {
		return nil
	}
	s.FileExistsBehavior = Behavior(show(n))
	if !slices.Contains([]Behavior{Disallow, Overwrite, Retain}, s.FileExistsBehavior) {
		return errorAt(n.Line, "The deployment failed because an invalid file_exists_behavior value (%s) was entered in the application specification file. "+
			"Make sure your AppSpec file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior, and then try again.", show(n))
	}
	return nil
}

func (s *Spec) readFiles(top mapping) error {
	entries, err := top.list("files")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		source, destination := entry.get("source"), entry.get("destination")
		if isNull(source) {
			return errorAt(entry.node.Line, "The deployment failed because the application specification file specifies a destination file, but no source file. "+
				"Update the files section of the AppSpec file, and then try again.")
		}
		if isNull(destination) {
			return errorAt(entry.node.Line, "The deployment failed because the application specification file specifies only a source file (%s). "+
				"Add the name of the destination file to the files section of the AppSpec file, and then try again.", show(source))
		}
		if err := scalars(source, destination); err != nil {
			return err
		}
		if show(destination) == "" {
			return errorAt(destination.Line, "The deployment failed because the application specification file specifies an empty destination for the source %q on line %d. "+
				"Update the files section of the AppSpec file, and then try again.", show(source), destination.Line)
		}
		s.Files = append(s.Files, File{Source: show(source), Destination: show(destination)})
	}
	return nil
}

// scalars refuses lists and maps where a plain value belongs.
func scalars(nodes ...*yaml.Node) error {
	for _, n := range nodes {
		if n != nil && n.Kind != yaml.ScalarNode {
			return errorAt(n.Line, "The deployment failed because the application specification file has a list or a map "+
				"where a plain value belongs, on line %d. Correct the AppSpec file, %s", n.Line, updateAppSpec)
		}
		if n != nil && strings.ContainsRune(n.Value, 0) {
			return errorAt(n.Line, "The deployment failed because the application specification file has a NUL character in a value "+
				"on line %d. Correct the AppSpec file, %s", n.Line, updateAppSpec)
		}
	}
	return nil
}
