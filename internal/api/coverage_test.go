package api_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/slipway/slipway/internal/api/wire"
)

const coverageFile = "../../docs/reference/api-coverage.md"

// The reference is what the stories, the SDK's tests and the lists say today.
func TestTheCoverageReferenceIsCurrent(t *testing.T) {
	want := coverage(t)
	if *update {
		if err := os.WriteFile(coverageFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(coverageFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(have), string(want)); diff != "" {
		t.Errorf("%s is out of date (-file +now); write it with\n\tgo test ./internal/api -run CoverageReference -update\n%s", coverageFile, diff)
	}
}

func coverage(t *testing.T) []byte {
	e, sdk, sources := observe(t), sdkTests(t), made(t)
	var b bytes.Buffer
	b.WriteString(`# What of CodeDeploy's API there is

Written by ` + "`go test ./internal/api -run CoverageReference -update`" + ` from the API's model and from what the tests see;
a test fails when it is out of date. A name in *italics* is a story in
[internal/api/testdata](../../internal/api/testdata): requests and whole answers, where one can look up what Slipway says.
What differs from AWS on purpose is in [differences.md](../differences.md).

`)
	summary(&b, e, sources)
	b.WriteString("## Operations\n\nEvery request is answered by one of these exceptions, or by those of every AWS API: " +
		"`SerializationException`, `AccessDeniedException`, the ones of signatures, `UnknownOperationException`.\n\n")
	for _, op := range wire.Operations() {
		operationCoverage(&b, e, sdk[op.Name], op)
	}
	b.WriteString("## Enumerations\n\n")
	for _, enum := range wire.Enums() {
		enumCoverage(&b, e, sources, enum)
	}
	return b.Bytes()
}

// summary counts.
func summary(b *bytes.Buffer, e evidence, sources map[string]string) {
	var routed, succeed, pairs, raised, values, seen int
	for _, op := range wire.Operations() {
		if e.routed(op) {
			routed++
		}
		if e.succeeds[op.Name] != "" {
			succeed++
		}
		for _, name := range op.Exceptions {
			pairs++
			if e.raises[name][op.Name] != "" {
				raised++
			}
		}
	}
	for _, enum := range wire.Enums() {
		for _, value := range enum.Values {
			values++
			if cmp.Or(e.sent[enum.Name][value], e.answered[enum.Name][value], sources[enum.Name+" "+value]) != "" {
				seen++
			}
		}
	}
	fmt.Fprintf(b, "| of the model | all | there | the others |\n|---|---|---|---|\n")
	fmt.Fprintf(b, "| operations routed | %d | %d | |\n", len(wire.Operations()), routed)
	fmt.Fprintf(b, "| operations that can succeed | %d | %d | say below why not |\n", len(wire.Operations()), succeed)
	fmt.Fprintf(b, "| exceptions, counted per operation | %d | %d | say below why they never occur |\n", pairs, raised)
	fmt.Fprintf(b, "| values of enumerations | %d | %d | say below why not |\n\n", values, seen)
}

func operationCoverage(b *bytes.Buffer, e evidence, sdk string, op wire.Operation) {
	fmt.Fprintf(b, "### %s\n\n", op.Name)
	if story := e.succeeds[op.Name]; story != "" {
		fmt.Fprintf(b, "Succeeds in *%s*", story)
	} else {
		fmt.Fprintf(b, "Is always refused: %s", neverSucceeds[op.Name])
	}
	if sdk != "" {
		fmt.Fprintf(b, "; called by the SDK in `%s`", sdk)
	}
	b.WriteString(".\n\n")
	stories, never := map[string][]string{}, map[string][]string{}
	for _, name := range op.Exceptions {
		short := "`" + strings.TrimSuffix(name, "Exception") + "`"
		if story := e.raises[name][op.Name]; story != "" {
			stories[story] = append(stories[story], short)
		} else {
			reason := whyNever(op.Name, name)
			never[reason] = append(never[reason], short)
		}
	}
	for _, story := range sortedKeys(stories) {
		fmt.Fprintf(b, "- Raised in *%s*: %s\n", story, strings.Join(stories[story], ", "))
	}
	for _, reason := range sortedKeys(never) {
		word, why := "Never", reason
		if later, ok := strings.CutPrefix(reason, notBuiltYet); ok {
			word, why = "Not built yet", later
		}
		fmt.Fprintf(b, "- %s: %s (%s)\n", word, strings.Join(never[reason], ", "), why)
	}
	b.WriteString("\n")
}

func enumCoverage(b *bytes.Buffer, e evidence, sources map[string]string, enum wire.Enum) {
	fmt.Fprintf(b, "### %s\n\n| value | in a request | in an answer |\n|---|---|---|\n", enum.Name)
	for _, value := range enum.Values {
		name := enum.Name + " " + value
		if reason := neverSeen[name]; reason != "" {
			fmt.Fprintf(b, "| `%s` | | %s |\n", value, reason)
			continue
		}
		answered := italic(e.answered[enum.Name][value])
		if file := sources[name]; answered == "" && file != "" {
			answered = "made by `" + file + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", value, italic(e.sent[enum.Name][value]), answered)
	}
	b.WriteString("\n")
}

const notBuiltYet = "not built yet: "

func italic(story string) string {
	if story == "" {
		return ""
	}
	return "*" + story + "*"
}

func sortedKeys(m map[string][]string) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// sdkTests maps operations to the test file that makes their input for the SDK.
func sdkTests(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range parseFiles(t, ".", func(name string) bool { return strings.HasPrefix(name, "sdk") }) {
		ast.Inspect(file.tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if operation, ok := strings.CutSuffix(s.Sel.Name, "Input"); ok && found[operation] == "" {
					found[operation] = filepath.Base(file.name)
				}
			}
			return true
		})
	}
	return found
}
