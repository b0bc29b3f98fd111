package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// aLog is a log of fresh keys with its witnesses.
type aLog struct {
	key       noteKey
	cosigners []noteKey // The log's own key is the first one.
	quorum    int
}

func newLog(witnesses, quorum int) aLog {
	log := aLog{key: randomNoteKey("log"), quorum: quorum}
	log.cosigners = append(log.cosigners, log.key)
	for range witnesses {
		log.cosigners = append(log.cosigners, randomNoteKey("witness"))
	}
	return log
}

func randomNoteKey(name string) noteKey {
	return must(newNoteKey(fmt.Sprintf("%s-%x.example/ключ", name, []byte(randomBytes(4))), randomBytes(32)))
}

// keys is the text of the ledger keys file.
func (l aLog) keys(quorum int) string {
	var cosigners []string
	for _, one := range l.cosigners {
		cosigners = append(cosigners, one.cosignerKey())
	}
	return string(must(canonical(map[string]any{
		"version":   "symbolon/v1",
		"origin":    l.key.name,
		"log":       l.key.logKey,
		"cosigners": cosigners,
		"quorum":    quorum,
	})))
}

// signed is a note signed by the log and cosigned by these at the present time.
func (l aLog) signed(body string, cosigners []noteKey) octets {
	var signers []note.Signer
	for _, one := range cosigners {
		signers = append(signers, one.cosigner)
	}
	return must(signNote(body, l.key, signers))
}

// accepts is the verdict of torchwood under the log's policy.
func (l aLog) accepts(text octets, size int64, root octets) bool {
	var cosigners []torchwood.Policy
	for _, one := range l.cosigners {
		cosigners = append(cosigners, torchwood.SingleVerifierPolicy(one.cosigner.Verifier()))
	}
	policy := torchwood.ThresholdPolicy(3,
		torchwood.OriginPolicy(l.key.name),
		torchwood.SingleVerifierPolicy(must(note.NewVerifier(l.key.logKey))),
		torchwood.ThresholdPolicy(l.quorum, cosigners...))
	read, opened, err := torchwood.VerifyCheckpoint(text, policy)
	return err == nil && read.N == size && bytes.Equal(read.Hash[:], root) && canonicalNote(opened)
}

// canonicalNote tells whether each signature is canonical Base64: the library reads other forms.
func canonicalNote(opened *note.Note) bool {
	for _, signature := range slices.Concat(opened.Sigs, opened.UnverifiedSigs) {
		if _, err := base64.StdEncoding.Strict().DecodeString(signature.Base64); err != nil {
			return false
		}
	}
	return true
}

func feedCheckpoints(made *cases) {
	empty := tlog.Hash(must(tlog.TreeHash(0, new(tree))))
	for _, one := range []struct {
		name              string
		witnesses, quorum int
		size              int64
		root              octets
	}{
		{"a log alone", 0, 1, 1, randomBytes(32)},
		{"an empty log", 1, 2, 0, empty[:]},
		{"two of two", 1, 2, int64(below(1 << 40)), randomBytes(32)},
		{"all of four", 3, 4, 1<<53 - 1, randomBytes(32)},
		{"two of four", 3, 2, int64(1 + below(1000)), randomBytes(32)},
	} {
		feedCheckpoint(made, newLog(one.witnesses, one.quorum), one.name, one.size, one.root)
	}
}

// feedCheckpoint is cosigned by the last of the log's cosigners, as many as must.
func feedCheckpoint(made *cases, log aLog, name string, size int64, root octets) {
	body := checkpointOf(log.key.name, size, root)
	enough := log.cosigners[len(log.cosigners)-log.quorum:]
	text := log.signed(body, enough)
	in := inputs{"ledgerKeys": log.keys(log.quorum), "size": size, "root": root}
	wrong := wrong{
		others: map[string]inputs{
			"size":       {"size": size + 1},
			"root":       {"root": changed(root, 0)},
			"ledgerKeys": {"ledgerKeys": newLog(len(log.cosigners)-1, log.quorum).keys(log.quorum)},
		},
		forged: log.forgeries(body, text, enough),
	}
	if log.quorum < len(log.cosigners) {
		wrong.others["quorum"] = inputs{"ledgerKeys": log.keys(log.quorum + 1)}
	}
	from := len(*made)
	made.accept(name, "checkpoint", in, text, wrong)
	log.agree((*made)[from:])
	log.extended(made, name, in, body, text)
}

func (log aLog) forgeries(body string, text octets, enough []noteKey) map[string]octets {
	stranger := aLog{key: must(newNoteKey(log.key.name, randomBytes(32)))}
	lines := strings.SplitAfter(string(text), "\n")
	// The body's three lines, an empty one, and the log's signature.
	const head = 4
	without := slices.Concat(lines[:head], lines[head+1:])
	origin, rest, _ := strings.Cut(body, "\n")
	return map[string]octets{
		"too few cosigners":     log.signed(body, enough[1:]),
		"signed by a stranger":  stranger.signed(body, enough),
		"not signed by the log": octets(strings.Join(without, "")),
		"of another origin":     octets(must(log.resigned("other."+origin+"\n"+rest, enough))),
		"cut off":               text[:len(text)-1],
		"with a false cosignature": octets(
			strings.Replace(string(text), lines[len(lines)-2], falsified(lines[len(lines)-2]), 1)),
	}
}

// resigned signs whatever body; the cosigners' library refuses one that is no checkpoint.
func (log aLog) resigned(body string, cosigners []noteKey) ([]byte, error) {
	var timed []cosignerAt
	for _, one := range cosigners {
		timed = append(timed, cosignerAt{one, 1_800_000_000})
	}
	return signNote(body, log.key, timed)
}

// falsified changes a signature, but neither name nor key ID in its line.
func falsified(line string) string {
	bytes := []byte(line)
	place := len(bytes) - 20
	if bytes[place] == 'A' {
		bytes[place] = 'B'
	} else {
		bytes[place] = 'A'
	}
	return string(bytes)
}

// agree demands that torchwood says of each case that bears the log's keys what we expect.
func (log aLog) agree(made []feedCase) {
	for _, one := range made {
		if one.Inputs["ledgerKeys"] != log.keys(log.quorum) {
			continue
		}
		accepted := log.accepts(one.Bytes, one.Inputs["size"].(int64), one.Inputs["root"].(octets))
		if accepted != (one.Expect == "accept") {
			panic(one.Name + ": torchwood says otherwise")
		}
	}
}

// extended adds lines: a stranger's signature says nothing, a fourth line in the body is refused.
func (log aLog) extended(made *cases, name string, in inputs, body string, text octets) {
	stranger := randomNoteKey("stranger")
	enough := log.cosigners[len(log.cosigners)-log.quorum:]
	more := log.signed(body, append(slices.Clone(enough), stranger))
	if !log.accepts(more, in["size"].(int64), in["root"].(octets)) {
		panic(name + ": torchwood refuses a stranger's line")
	}
	made.accept(name+" with a stranger's line", "checkpoint", in, more, wrong{within: len(body)})
	longer := must(log.resigned(body+"more\n", enough))
	made.refuse(name+"/a fourth line", "checkpoint", in, longer)
	zero := strings.Replace(body, "\n", "\n0", 1)
	made.refuse(name+"/a leading zero", "checkpoint", in, must(log.resigned(zero, enough)))
}
