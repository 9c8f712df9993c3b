package control

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
)

// pageSize is how many items a list answers with at most, as on AWS.
const pageSize = 100

// A token says where a page ended: base64 of the list's kind, a zero byte and the key of the
// page's last item. It is opaque to callers, and good only for the list that it came from.

// listKind names a list: the operation's word, and what the request selects and orders by.
// With another selection the key of a token would mean another place.
func listKind(word string, selection ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", selection))
	return word + " " + hex.EncodeToString(sum[:8])
}

func makeToken(kind, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + "\x00" + last))
}

// readToken returns the key after which a page begins, "" for the first page.
func readToken(kind, token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", errNextToken()
	}
	last, ok := strings.CutPrefix(string(raw), kind+"\x00")
	if !ok || last == "" {
		return "", errNextToken()
	}
	return last, nil
}

func errNextToken() error {
	return deploy.Errorf("InvalidNextToken",
		"The nextToken is not one that this operation has returned. Leave it out to start from the first page")
}

// firstPage cuts items, of which there may be too many, to one page and its token.
func firstPage[T any](kind string, items []T, key func(T) string) ([]T, string) {
	if len(items) <= pageSize {
		return items, ""
	}
	items = items[:pageSize]
	return items, makeToken(kind, key(items[pageSize-1]))
}

// itemsAfter drops everything up to the item of that key from a list that only ever grows.
func itemsAfter[T any](items []T, after string, key func(T) string) ([]T, error) {
	if after == "" {
		return items, nil
	}
	i := slices.IndexFunc(items, func(item T) bool { return key(item) == after })
	if i < 0 {
		return nil, errNextToken()
	}
	return items[i+1:], nil
}

// filtered returns the items that keep says yes to, never nil.
func filtered[T any](items []T, keep func(T) bool) []T {
	kept := make([]T, 0, len(items))
	for _, item := range items {
		if keep(item) {
			kept = append(kept, item)
		}
	}
	return kept
}

func itself(name string) string { return name }
