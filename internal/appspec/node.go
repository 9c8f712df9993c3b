package appspec

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// quoted marks the styles in which a scalar is text whatever it looks like.
const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// A mapping reads values by key.
type mapping struct{ node *yaml.Node }

// get returns the value of key, or nil.
func (m mapping) get(key string) *yaml.Node {
	if m.node == nil {
		return nil
	}
	for i := 0; i+1 < len(m.node.Content); i += 2 {
		if k := m.node.Content[i]; k.Kind == yaml.ScalarNode && k.Value == key {
			return resolve(m.node.Content[i+1])
		}
	}
	return nil
}

// list returns the entries of a list of maps; a missing or null list is empty.
func (m mapping) list(key string) ([]mapping, error) {
	n := m.get(key)
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errorAt(n.Line, "The deployment failed because the %s section of the application specification file is not a list, "+
			"on line %d. Begin each entry with \"- \", %s", key, n.Line, updateAppSpec)
	}
	return entries(key, n)
}

func entries(section string, n *yaml.Node) ([]mapping, error) {
	var out []mapping
	for _, c := range n.Content {
		c = resolve(c)
		if c.Kind != yaml.MappingNode {
			return nil, errorAt(c.Line, "The deployment failed because an entry in the %s section of the application specification file "+
				"is not a map of keys, on line %d. Update the %s section of the AppSpec file, %s", section, c.Line, section, updateAppSpec)
		}
		out = append(out, mapping{c})
	}
	return out, nil
}

// texts returns a list of plain values.
func (m mapping) texts(key string) ([]string, error) {
	n := m.get(key)
	if isNull(n) {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, errorAt(n.Line, "The deployment failed because %q in the permissions section of the application specification file "+
			"is not a list, on line %d. Write it as [%s], %s", key, n.Line, show(n), updateAppSpec)
	}
	var out []string
	for _, c := range n.Content {
		c = resolve(c)
		if err := scalars(c); err != nil {
			return nil, err
		}
		out = append(out, show(c))
	}
	return out, nil
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == 0 || n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// show is a scalar's text as written, and nothing for null.
func show(n *yaml.Node) string {
	if isNull(n) {
		return ""
	}
	return n.Value
}

func line(n *yaml.Node, m mapping) int {
	if n != nil {
		return n.Line
	}
	return m.node.Line
}

// seconds reads a timeout as YAML 1.1 and Ruby do: octal, hexadecimal, binary and sexagesimal
// integers, fractions cut off, underscores skipped; of a text, the digits it begins with.
// ok is false when there is no number at all.
func seconds(n *yaml.Node) (int64, bool) {
	text := strings.TrimSpace(n.Value)
	if n.Style&quoted == 0 {
		if v, ok := yaml11Int(text); ok {
			return v, true
		}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1e15 && f < 1e15 {
		return int64(f), true
	}
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[end] == '-' || text[end] == '+')) {
		end++
	}
	v, err := strconv.ParseInt(text[:end], 10, 64)
	return v, err == nil
}

func yaml11Int(text string) (int64, bool) {
	text = strings.NewReplacer("_", "", ",", "").Replace(text)
	digits, negative := strings.CutPrefix(text, "-")
	digits = strings.TrimPrefix(digits, "+")
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, false
	}
	v, err := strconv.ParseInt(digits, 0, 64)
	if strings.HasPrefix(digits, "0o") || err != nil {
		v, err = sexagesimal(digits)
	}
	if negative {
		v = -v
	}
	return v, err == nil
}

// sexagesimal reads 1:30 as ninety.
func sexagesimal(text string) (int64, error) {
	var total int64
	for part := range strings.SplitSeq(text, ":") {
		v, err := strconv.ParseInt(part, 10, 32)
		if err != nil || v < 0 || total > 1e12 {
			return 0, strconv.ErrSyntax
		}
		total = total*60 + v
	}
	return total, nil
}

// truth reads a switch: YAML 1.1's words for false, quoted or not, are false; anything else is true.
func truth(n *yaml.Node) bool {
	if isNull(n) {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(n.Value)) {
	case "false", "no", "off", "n":
		return false
	}
	return true
}
