package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// madeBy are the enumerations whose values the engine, its rooms or hosts' reports make, with
// the type of their constants in package deploy. Stories have no engine: here a value counts
// where code outside of package deploy uses its constant.
var madeBy = map[string]string{
	"DeploymentCreator":  "Creator",
	"ErrorCode":          "FailureCode",
	"LifecycleErrorCode": "ScriptCode",
}

var makers = []string{"rollout", "engine", "control", "hostapi", "platform/server", "platform/lambda", "platform/ecs", "platform/validation", "platform"}

// made maps "Enumeration value" to a file that uses the constant.
func made(t testing.TB) map[string]string {
	t.Helper()
	used := usesOfDeploy(t)
	found := map[string]string{}
	for _, file := range parseDir(t, "../deploy") {
		for _, c := range constants(file.tree) {
			for enum, typeName := range madeBy {
				if c.typeName == typeName && used[c.name] != "" {
					found[enum+" "+c.value] = used[c.name]
				}
			}
		}
	}
	return found
}

type constant struct{ name, typeName, value string }

// constants lists a file's typed string constants.
func constants(file *ast.File) []constant {
	var list []constant
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		typeName, _ := spec.Type.(*ast.Ident)
		value, _ := spec.Values[0].(*ast.BasicLit)
		if typeName != nil && value != nil && value.Kind == token.STRING {
			text, _ := strconv.Unquote(value.Value)
			list = append(list, constant{spec.Names[0].Name, typeName.Name, text})
		}
		return true
	})
	return list
}

// usesOfDeploy maps what the makers use of package deploy to the file that does.
func usesOfDeploy(t testing.TB) map[string]string {
	t.Helper()
	used := map[string]string{}
	for _, room := range makers {
		for _, file := range parseDir(t, "../"+room) {
			ast.Inspect(file.tree, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && x.Name == "deploy" && used[s.Sel.Name] == "" {
						used[s.Sel.Name] = file.name
					}
				}
				return true
			})
		}
	}
	return used
}

type source struct {
	name string // such as rollout/stop.go
	tree *ast.File
}

// parseDir parses a folder's Go files without its tests.
func parseDir(t testing.TB, dir string) []source {
	t.Helper()
	return parseFiles(t, dir, func(name string) bool { return !strings.HasSuffix(name, "_test.go") })
}

func parseFiles(t testing.TB, dir string, wanted func(name string) bool) []source {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !wanted(name) })
	var list []source
	for _, name := range names {
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, source{filepath.Join(filepath.Base(dir), filepath.Base(name)), tree})
	}
	return list
}
