package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/gowebpki/jcs"
)

// octets are bytes that are 0x and lower-case hexadecimal in JSON.
type octets []byte

func (b octets) String() string               { return "0x" + hex.EncodeToString(b) }
func (b octets) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func (b *octets) UnmarshalText(text []byte) error {
	digits, prefixed := strings.CutPrefix(string(text), "0x")
	bytes, err := hex.DecodeString(digits)
	if !prefixed || err != nil || digits != strings.ToLower(digits) {
		return fmt.Errorf("not 0x and lower-case hexadecimal: %s", text)
	}
	*b = bytes
	return nil
}

// label is the beginning of everything that is hashed for a purpose.
func label(purpose string) []byte { return []byte("symbolon/v1/" + purpose) }

// frame is the label, then each field after its length.
func frame(purpose string, fields ...octets) octets {
	framed := octets(label(purpose))
	for _, field := range fields {
		framed = binary.BigEndian.AppendUint32(framed, uint32(len(field)))
		framed = append(framed, field...)
	}
	return framed
}

func hashOf(parts ...[]byte) octets {
	sum := sha256.Sum256(slices.Concat(parts...))
	return sum[:]
}

// canonical is the RFC 8785 JSON of a value.
func canonical(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return jcs.Transform(text)
}

// textFile is a file's text and hash.
func textFile(text []byte) outputs {
	return outputs{"text": string(text), "sha256": hashOf(text)}
}
