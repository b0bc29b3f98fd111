package main

import (
	"crypto/ed25519"
	"slices"

	"github.com/ethereum/go-ethereum/crypto"
)

// ringSubjects are what the keys of a ring say something of.
type ringSubjects struct {
	Root      octets `json:"root"`
	Stretched octets `json:"stretched"`
	Lookup    struct {
		Table string `json:"table"`
		Field octets `json:"field"`
	} `json:"lookup"`
	Subject struct {
		Kind string `json:"kind"`
		ID   octets `json:"id"`
	} `json:"subject"`
	Record struct {
		Table     string `json:"table"`
		Row       octets `json:"row"`
		Plaintext octets `json:"plaintext"`
		Own       octets `json:"own"`
		Nonce     octets `json:"nonce"`
	} `json:"record"`
}

func (in ringInputs) value(name string) octets { return in.Random[name+".value"] }

func (in ringInputs) sayPerson(made outputs) error {
	registrationID := tag(in.value("portalDomain"), "pseudonym", in.Root)
	made["registrationId"] = registrationID
	made["voterId"] = tag(in.value("electionDomain"), "pseudonym", in.Root)
	blind := func(purpose string, fields ...octets) octets {
		return slices.Concat(epoch, tag(in.value("index"), purpose, fields...))
	}
	made["blindIndex"] = blind("blind-index", in.Stretched)
	made["registrationLookup"] = blind("registration-lookup", octets(in.Portal), registrationID)
	made["rowLookup"] = blind("row-lookup", octets(in.Lookup.Table), in.Lookup.Field)
	return nil
}

func (in ringInputs) sayElection(made outputs) error {
	scalar, err := derive(in.value("electionToken"), "issuer-key")
	if err != nil {
		return err
	}
	issuer, err := crypto.ToECDSA(scalar)
	if err != nil {
		return err
	}
	address := crypto.PubkeyToAddress(issuer.PublicKey)
	made["issuer"] = octets(address[:])
	secret, err := derive(in.value("electionRequest"), "request-key")
	if err != nil {
		return err
	}
	made["requestKey"], err = x25519Public(secret)
	return err
}

func (in ringInputs) sayRows(made outputs) error {
	domain := in.value("electionDomain")
	blinding, err := derive(domain, "election-blinding-key")
	if err != nil {
		return err
	}
	made["electionRow"] = tag(blinding, "election-row", octets(in.Lookup.Table), in.Lookup.Field)
	made["sealedRecord"], err = in.sealRecord(in.value("sealing"), in.Random["sealing.id"])
	if err != nil {
		return err
	}
	sealing, err := derive(domain, "election-sealing-key")
	if err != nil {
		return err
	}
	made["electionSealedRecord"], err = in.sealRecord(sealing, in.Random["electionDomain.id"])
	return err
}

func (in ringInputs) sealRecord(sealing, id octets) (octets, error) {
	record, format := in.Record, octets{1}
	key, err := derive(sealing, "record-key", record.Own)
	if err != nil {
		return nil, err
	}
	binding := frame("record-binding", format, octets(record.Table), record.Row, id, epoch)
	sealed, err := encrypt(key, record.Nonce, binding, record.Plaintext)
	return slices.Concat(format, id, epoch, record.Own, sealed), err
}

func (in ringInputs) sayAudit(made outputs) error {
	for name, from := range map[string]struct{ key, blinding string }{
		"auditSubject":    {"audit", "audit-blinding-key"},
		"electionSubject": {"electionDomain", "election-subject-key"},
	} {
		blinding, err := derive(in.value(from.key), from.blinding)
		if err != nil {
			return err
		}
		made[name] = tag(blinding, "audit-subject", octets(in.Subject.Kind), in.Subject.ID)
	}
	seed, err := derive(in.value("audit"), "audit-checkpoint")
	if err != nil {
		return err
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	made["auditPublicKey"] = octets(public)
	return nil
}
