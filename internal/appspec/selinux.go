package appspec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxCategory is the highest category that SELinux has.
const maxCategory = 1023

func readContext(n *yaml.Node) (*Context, error) {
	if isNull(n) {
		return nil, nil
	}
	m := mapping{n}
	if n.Kind != yaml.MappingNode || isNull(m.get("type")) {
		return nil, errorAt(n.Line, "The deployment failed because the application specification file specifies an invalid context type (%s). "+
			"Update the permissions section of the AppSpec file, and then try again.", show(n))
	}
	user, kind, level := m.get("name"), m.get("type"), m.get("range")
	if err := scalars(user, kind, level); err != nil {
		return nil, err
	}
	if role := m.get("role"); !isNull(role) {
		return nil, errorAt(role.Line, "The deployment failed because the application specification file specifies a role, but roles are not supported. "+
			"Remove the role from the AppSpec file, and then try again.")
	}
	c := &Context{User: show(user), Type: show(kind)}
	if isNull(level) {
		return c, nil
	}
	var err error
	if c.Range, err = readRange(show(level)); err != nil {
		return nil, errorAt(level.Line, "%s", err)
	}
	return c, nil
}

// A rangeError begins with AWS's words for the fault.
func rangeError(text, fault string) error {
	return fmt.Errorf("%s: the deployment failed because of a problem with the SELinux range specified (%s) for the context parameter "+
		"in the permissions section of the application specification file. Write it as s0, s0-s2 or s0:c1,c3.c5, %s", fault, text, updateAppSpec)
}

// readRange checks s#[-s#][:c#[.c#](,c#[.c#])*] and brings it into its shortest form.
func readRange(text string) (string, error) {
	levels, categories, has := strings.Cut(text, ":")
	if levels == "" || has && categories == "" {
		return "", rangeError(text, "invalid range part "+text)
	}
	out, err := readLevels(text, levels)
	if err != nil || !has {
		return out, err
	}
	numbers, err := readCategories(text, categories)
	if err != nil {
		return "", err
	}
	return out + ":" + joinCategories(numbers), nil
}

func readLevels(text, levels string) (string, error) {
	low, high, two := strings.Cut(levels, "-")
	if low == "" || two && high == "" {
		return "", rangeError(text, "invalid range part "+levels)
	}
	from, ok := numbered(low, 's')
	if !ok {
		return "", rangeError(text, "invalid sensitivity "+low)
	}
	if !two {
		return "s" + strconv.Itoa(from), nil
	}
	to, ok := numbered(high, 's')
	switch {
	case !ok:
		return "", rangeError(text, "invalid sensitivity "+high)
	case to < from:
		return "", errorAt(0, "The deployment failed because of a problem with the SELinux range specified (%s) for the context parameter in the permissions section of the application specification file. "+
			"Make corrections in the permissions section of the AppSpec file, and then try again.", text)
	case to == from:
		return "s" + strconv.Itoa(from), nil
	}
	return fmt.Sprintf("s%d-s%d", from, to), nil
}

// numbered reads a letter with a number behind it.
func numbered(text string, letter byte) (int, bool) {
	if len(text) < 2 || text[0] != letter || strings.Trim(text[1:], "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text[1:])
	return n, err == nil
}

func readCategories(text, list string) ([]int, error) {
	var numbers []int
	for part := range strings.SplitSeq(list, ",") {
		low, high, two := strings.Cut(part, ".")
		if two && (low == "" || high == "") {
			return nil, rangeError(text, "invalid range part "+part)
		}
		if !two {
			high = low
		}
		from, ok := numbered(low, 'c')
		if !ok || from > maxCategory {
			return nil, rangeError(text, "invalid category "+low)
		}
		to, ok := numbered(high, 'c')
		if !ok || to > maxCategory {
			return nil, rangeError(text, "invalid category "+high)
		}
		if to < from {
			return nil, rangeError(text, "invalid category range "+part)
		}
		for n := from; n <= to; n++ {
			if slices.Contains(numbers, n) {
				return nil, rangeError(text, "duplicate categories")
			}
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// joinCategories writes neighbours as one range.
func joinCategories(numbers []int) string {
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := fmt.Sprintf("c%d", numbers[i])
		if j > i {
			part += fmt.Sprintf(".c%d", numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
