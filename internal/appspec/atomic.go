package appspec

import (
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// DefaultVersions is how many versions an atomic installation keeps when the appspec does not say.
const DefaultVersions = 3

const maxVersions = 100

// An Atomic asks for an installation that is switched to in one step: Destination becomes a
// symbolic link to a folder with one whole version. It comes from the top-level key atomic_install,
// which AWS's agents ignore; there the same appspec makes Destination an ordinary folder.
type Atomic struct {
	// Destination is an absolute path, the same as or above a destination in the files section.
	Destination string
	// Versions is how many versions stay on disk, with the one in use; at least 1.
	Versions int
}

// Holds says whether a destination of the files section belongs to the version.
func (a *Atomic) Holds(destination string) bool {
	destination = path.Clean(destination)
	return destination == a.Destination || strings.HasPrefix(destination, a.Destination+"/")
}

func (s *Spec) readAtomic(top mapping) error {
	n := top.get("atomic_install")
	if isNull(n) {
		return nil
	}
	fault := func(line int, what string) error {
		return errorAt(line, "The deployment failed because the atomic_install section of the application specification file %s, on line %d. "+
			"Write it as \"destination: /srv/app\" and, if need be, \"versions: 3\", %s", what, line, updateAppSpec)
	}
	if n.Kind != yaml.MappingNode {
		return fault(n.Line, "is not a map of keys")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; key.Value != "destination" && key.Value != "versions" {
			return fault(key.Line, "has the unknown key "+strconv.Quote(key.Value))
		}
	}
	m := mapping{n}
	destination, versions := m.get("destination"), m.get("versions")
	if err := scalars(destination, versions); err != nil {
		return err
	}
	a := &Atomic{Destination: path.Clean(show(destination)), Versions: DefaultVersions}
	if !path.IsAbs(a.Destination) || a.Destination == "/" || s.OS != "linux" {
		return fault(n.Line, "needs an absolute path below / as its destination, on linux")
	}
	if !isNull(versions) {
		count, err := strconv.Atoi(versions.Value)
		if err != nil || count < 1 || count > maxVersions {
			return fault(versions.Line, "has a number of versions that is not between 1 and "+strconv.Itoa(maxVersions))
		}
		a.Versions = count
	}
	for _, f := range s.Files {
		if a.Holds(f.Destination) {
			s.Atomic = a
			return nil
		}
	}
	return fault(n.Line, "names the destination "+a.Destination+", into which the files section installs nothing")
}
