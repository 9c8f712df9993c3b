package main

import (
	"slices"
	"strings"
)

// upper makes a member's name exported and changes nothing else: the model's
// spelling, misspellings included, stays recognisable.
func upper(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

// constant turns an enumeration's value into the end of a Go name:
// IN_PLACE becomes InPlace, ECS_UPDATE_ERROR becomes ECSUpdateError, and
// mixed case such as InProgress stays.
func constant(value string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(value, "_") {
		if word == strings.ToUpper(word) && !initialism(word) {
			word = strings.ToLower(word)
		}
		b.WriteString(upper(word))
	}
	return b.String()
}

func initialism(word string) bool {
	return slices.Contains([]string{"EC2", "ECS", "ELB", "IAM", "JSON", "YAML"}, word)
}
