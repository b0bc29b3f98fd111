use super::*;

fn statements() -> Vec<Statement> {
    let election = election();
    let installation = InstallationId::new([1; 32]);
    vec![
        Statement::Manifest(manifest()),
        Statement::RollStatement(RollStatement {
            election,
            sequence: 0,
            size: 9,
            root: RollRoot::new([6; 32]),
        }),
        Statement::IssuerRotation(IssuerRotation {
            election,
            current: key(1).address(),
            next: key(2).address(),
        }),
        Statement::Close(Close {
            election,
            roll_size: 9,
            roll_root: RollRoot::new([6; 32]),
            issued: ContentHash::new([7; 32]),
        }),
        Statement::Certified(Certified {
            election,
            ledger_size: u64::MAX,
            ledger_head: LedgerHead::new([8; 32]),
            tally_hash: TallyHash::new([9; 32]),
        }),
        Statement::Cancelled(Cancelled { election }),
        Statement::Proposal(Proposal {
            installation,
            nonce: Nonce::new([2; 32]),
            expires: 1,
            content_hash: ContentHash::new([3; 32]),
        }),
        Statement::Verdict(Verdict {
            installation,
            ticket: TicketId::new([4; 32]),
            same: false,
        }),
    ]
}

#[test]
fn every_statement_reads_back_and_has_words() {
    for statement in statements() {
        let json = statement.to_typed_data(&domain());
        assert_eq!(
            Statement::from_typed_data(&json).unwrap(),
            (statement.clone(), domain())
        );
        let words = statement.in_words(&domain());
        assert!(
            words
                .last()
                .unwrap()
                .ends_with(&statement.digest(&domain()).to_string())
        );
    }
}

#[test]
fn any_altered_member_is_refused_or_makes_another_digest() {
    for statement in statements() {
        let json = String::from_utf8(statement.to_typed_data(&domain())).unwrap();
        for at in 0..json.len() {
            let mut altered = json.clone().into_bytes();
            altered[at] ^= 1;
            if let Ok((read, domain)) = Statement::from_typed_data(&altered) {
                assert_ne!(
                    read.digest(&domain),
                    statement.digest(&super::domain()),
                    "{at}"
                );
            }
        }
    }
}

#[test]
fn chain_ids_are_numbers() {
    let json = Statement::Cancelled(Cancelled {
        election: election(),
    })
    .to_typed_data(&domain());
    assert!(String::from_utf8(json).unwrap().contains(r#""chainId":0,"#));
}

#[test]
fn a_signature_file_reads_back_and_takes_a_wallets_form() {
    let statement = Statement::Cancelled(Cancelled {
        election: election(),
    });
    let signature = key(11).sign(statement.digest(&domain()).as_bytes());
    let file = SignatureFile::new(&statement, &domain(), signature).unwrap();
    assert_eq!(file.signer(), &key(11).address());
    assert_eq!(SignatureFile::parse(&file.to_json()).unwrap(), file);

    let wallet = String::from_utf8(file.to_json())
        .unwrap()
        .replace(&signature.to_string(), &hex::encode(signature.to_rsv()));
    let wallet = SignatureFile::parse(wallet.as_bytes()).unwrap();
    assert_eq!(wallet.verify(&statement, &domain()).unwrap(), signature);
}

#[test]
fn a_signature_file_for_another_statement_or_of_another_signer_is_refused() {
    let statement = Statement::Cancelled(Cancelled {
        election: election(),
    });
    let other = Statement::Cancelled(Cancelled {
        election: ElectionId::new([8; 32]),
    });
    let signature = key(11).sign(statement.digest(&domain()).as_bytes());
    let file = SignatureFile::new(&statement, &domain(), signature).unwrap();
    assert!(file.verify(&other, &domain()).is_err());
    let json = String::from_utf8(file.to_json()).unwrap();
    let forged = json.replace(
        &key(11).address().to_string(),
        &key(12).address().to_string(),
    );
    let forged = SignatureFile::parse(forged.as_bytes()).unwrap();
    assert!(forged.verify(&statement, &domain()).is_err());
}

#[test]
fn words_show_what_is_dangerous() {
    let portal = Statement::Manifest(Manifest {
        custody: 1,
        ..manifest()
    });
    assert!(
        portal
            .in_words(&domain())
            .iter()
            .any(|line| line.contains("THE PORTAL HOLDS"))
    );
    let broken = Statement::Manifest(Manifest {
        threshold: 0,
        ..manifest()
    });
    assert!(
        broken
            .in_words(&domain())
            .iter()
            .any(|line| line.contains("BREAKS A RULE"))
    );
}

#[test]
fn words_of_a_content_name_the_file_that_is_not_the_manifests() {
    let text = |text: &str| LocalizedText::new("en", text);
    let question = |options: &[&str], least, most| Question {
        title: text("Q"),
        text: text("Which?"),
        options: options.iter().map(|option| text(option)).collect(),
        least,
        most,
    };
    let questions = vec![
        question(&["a", "b", "c"], 0, 2),
        question(&["x", "y"], 1, 1),
    ];
    let file = Content::new(text("Poll"), text(""), questions)
        .unwrap()
        .to_json();
    let foreign = words::content_words(&file, &manifest(), "en");
    assert!(foreign[0].contains("NOT"));
    let named = Manifest {
        content_hash: content::content_hash(&file),
        ..manifest()
    };
    let words = words::content_words(&file, &named, "en");
    assert_eq!(
        words[..3],
        [
            "Title: Poll",
            "Question 1: Which? (choose 0 to 2)",
            "  1. a"
        ]
    );
}
