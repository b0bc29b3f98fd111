package main

import (
	"crypto/ecdh"
	"crypto/hpke"
	"fmt"
	"slices"
)

// seal is HPKE by the standard library, which draws the ephemeral key itself.
func seal(recipient octets, purpose string, aad, plaintext octets) octets {
	key := must(hpke.NewDHKEMPublicKey(must(ecdh.X25519().NewPublicKey(recipient))))
	encapsulated, sender, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.AES256GCM(), label(purpose))
	if err != nil {
		panic(err)
	}
	return slices.Concat(encapsulated, must(sender.Seal(aad, plaintext)))
}

func feedRequests(made *cases) {
	where, elsewhere := logDomain("one.example/log"), logDomain("two.example/log")
	for at := range 3 {
		key, address := randomSigner()
		secret, election, deliveryKey := randomBytes(32), randomBytes(32), randomDeliveryKey()
		message := map[string]any{"election": election.String(), "deliveryKey": deliveryKey.String()}
		signature := must(sign(must(digestOf("IssueRequest", message, where)), key))
		plaintext := slices.Concat(deliveryKey, signature)
		recipient := must(x25519Public(secret))
		in := inputs{
			"domain": where, "election": election, "requestSecret": secret,
			"ballotKey": address, "deliveryKey": deliveryKey,
		}
		sealed := seal(recipient, "issue-request", election, plaintext)
		made.accept(fmt.Sprint("request ", at), "issueRequest", in, sealed, wrong{
			others: map[string]inputs{
				"domain":        {"domain": elsewhere},
				"election":      {"election": randomBytes(32)},
				"requestSecret": {"requestSecret": randomBytes(32)},
				"ballotKey":     {"ballotKey": randomAddress()},
				"deliveryKey":   {"deliveryKey": randomDeliveryKey()},
			},
			forged: map[string]octets{
				"for another purpose":       seal(recipient, "voting-token", election, plaintext),
				"bound to another election": seal(recipient, "issue-request", randomBytes(32), plaintext),
				"a byte shorter":            seal(recipient, "issue-request", election, plaintext[:95]),
				"unsigned":                  seal(recipient, "issue-request", election, deliveryKey),
			},
		})
	}
}

func randomDeliveryKey() octets { return must(x25519Public(randomBytes(32))) }
