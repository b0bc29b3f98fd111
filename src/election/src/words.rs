//! Statements in plain words, for the officers who sign them.

use crate::{
    Cancelled, Certified, Close, Content, Domain, IssuerRotation, Manifest, Proposal,
    RollStatement, Shape, Statement, TicketId, Verdict, content, proposal::Action,
};

impl Statement {
    /// What the statement says, a line a fact.
    pub fn in_words(&self, domain: &Domain) -> Vec<String> {
        let mut lines = match self {
            Self::Manifest(manifest) => manifest_words(manifest, domain),
            Self::RollStatement(statement) => roll_words(statement),
            Self::IssuerRotation(statement) => rotation_words(statement),
            Self::Close(statement) => close_words(statement),
            Self::Certified(statement) => certified_words(statement),
            Self::Cancelled(statement) => cancelled_words(statement),
            Self::Proposal(statement) => proposal_words(statement),
            Self::Verdict(statement) => verdict_words(statement),
        };
        lines.push(match domain.chain_id() {
            0 => format!(
                "On the log with address {}",
                domain.verifying_contract().checksummed()
            ),
            chain => format!(
                "On chain {chain}, contract {}",
                domain.verifying_contract().checksummed()
            ),
        });
        lines.push(format!("Digest to sign: 0x{}", self.digest(domain)));
        lines
    }
}

/// What a content file asks, a line a fact, in a language. The file is checked
/// against the manifest that names it: one that isn't the manifest's says so.
pub fn content_words(file: &[u8], manifest: &Manifest, language: &str) -> Vec<String> {
    if content::content_hash(file) != manifest.content_hash {
        return vec!["This content file is NOT the one that the manifest names".to_owned()];
    }
    match Content::parse(file) {
        Ok(content) if content.shape().encode() == manifest.shape => questions(&content, language),
        Ok(_) => vec!["The content's questions do NOT fit the manifest's shape".to_owned()],
        Err(error) => vec![format!("The content file is not readable: {error}")],
    }
}

fn questions(content: &Content, language: &str) -> Vec<String> {
    let mut lines = vec![format!("Title: {}", content.title().best(language))];
    for (at, question) in content.questions().iter().enumerate() {
        lines.push(format!(
            "Question {}: {} (choose {} to {})",
            at + 1,
            question.text.best(language),
            question.least,
            question.most
        ));
        for (at, option) in question.options.iter().enumerate() {
            lines.push(format!("  {}. {}", at + 1, option.best(language)));
        }
    }
    lines
}

fn manifest_words(manifest: &Manifest, domain: &Domain) -> Vec<String> {
    let mut lines = vec![
        "A NEW ELECTION".to_owned(),
        format!("Election ID: {}", manifest.election(domain)),
        format!("Content file (SHA-256): {}", manifest.content_hash),
    ];
    lines.extend(shape_words(&manifest.shape));
    lines.extend(time_words(manifest));
    lines.push(format!(
        "Ballots a voter may cast (the last counts): {}",
        manifest.max_ballots
    ));
    lines.push(match manifest.roll_batch_min {
        0 => "The roll is frozen at opening".to_owned(),
        places => format!("The roll may be extended by at least {places} places at a time"),
    });
    lines.push(format!(
        "Ballots are published in batches of at least {} places",
        manifest.ballot_batch_min
    ));
    lines.push(match manifest.custody {
        0 => "Voters hold their own keys".to_owned(),
        _ => "THE PORTAL HOLDS THE VOTERS' KEYS and sees their voter IDs".to_owned(),
    });
    lines.push(format!("{} of these officers sign:", manifest.threshold));
    lines.extend(
        manifest
            .officers
            .iter()
            .map(|officer| format!("  {}", officer.checksummed())),
    );
    lines.push(format!(
        "Tokens are signed by {}",
        manifest.issuer.checksummed()
    ));
    lines.push("These gateways give receipts:".to_owned());
    lines.extend(
        manifest
            .gateways
            .iter()
            .map(|gateway| format!("  {}", gateway.checksummed())),
    );
    lines.push(format!(
        "Ledger keys file (SHA-256): {}",
        manifest.ledger_keys
    ));
    if let Err(error) = manifest.validate() {
        lines.push(format!("THIS MANIFEST BREAKS A RULE: {error}"));
    }
    lines
}

fn shape_words(shape: &[u8]) -> Vec<String> {
    let Ok(shape) = Shape::parse(shape) else {
        return vec!["The questions' shape is malformed".to_owned()];
    };
    let describe = |(at, question): (usize, &crate::QuestionShape)| {
        let (least, most) = (question.least(), question.most());
        format!(
            "Question {}: {} options, choose {least} to {most}",
            at + 1,
            question.options()
        )
    };
    shape.questions().iter().enumerate().map(describe).collect()
}

fn time_words(manifest: &Manifest) -> Vec<String> {
    let last = manifest
        .last_moment()
        .map_or("beyond all time".to_owned(), utc);
    vec![
        format!("Opens: {}", utc(manifest.opens)),
        format!("Closes: {}", utc(manifest.closes)),
        format!("Ledgers take ballots until: {last}"),
        format!("Keys are destroyed at: {}", utc(manifest.forget_after)),
    ]
}

fn roll_words(statement: &RollStatement) -> Vec<String> {
    vec![
        match statement.sequence {
            0 => "THE ROLL OF AN ELECTION".to_owned(),
            sequence => format!("EXTENSION {sequence} OF AN ELECTION'S ROLL"),
        },
        format!("Election ID: {}", statement.election),
        format!("Places: {}", statement.size),
        format!("Root of the roll: {}", statement.root),
    ]
}

fn rotation_words(statement: &IssuerRotation) -> Vec<String> {
    vec![
        "ANOTHER KEY SIGNS TOKENS FROM NOW ON".to_owned(),
        format!("Election ID: {}", statement.election),
        format!("Until now: {}", statement.current.checksummed()),
        format!("From now on: {}", statement.next.checksummed()),
    ]
}

fn close_words(statement: &Close) -> Vec<String> {
    vec![
        "AN ELECTION IS CLOSED".to_owned(),
        format!("Election ID: {}", statement.election),
        format!("Places in the roll: {}", statement.roll_size),
        format!("Root of the roll: {}", statement.roll_root),
        format!("List of issued ballot keys (SHA-256): {}", statement.issued),
    ]
}

fn certified_words(statement: &Certified) -> Vec<String> {
    vec![
        "AN ELECTION'S RESULT IS CERTIFIED".to_owned(),
        format!("Election ID: {}", statement.election),
        format!("Size of the ledger: {}", statement.ledger_size),
        format!("Head of the ledger: {}", statement.ledger_head),
        format!("Tally (SHA-256): {}", statement.tally_hash),
    ]
}

fn cancelled_words(statement: &Cancelled) -> Vec<String> {
    vec![
        "AN ELECTION IS CANCELLED FOR GOOD".to_owned(),
        format!("Election ID: {}", statement.election),
    ]
}

fn proposal_words(statement: &Proposal) -> Vec<String> {
    vec![
        "A PROPOSAL TO THE VAULT".to_owned(),
        format!("Installation: {}", statement.installation),
        format!("Content (SHA-256): {}", statement.content_hash),
        format!("May be executed until: {}", utc(statement.expires)),
        format!("Nonce: {}", statement.nonce),
    ]
}

fn verdict_words(statement: &Verdict) -> Vec<String> {
    let mut lines = match statement.same {
        true => vec![
            "TWO ENTRIES ARE THE SAME PERSON".to_owned(),
            "Where the ticket names several people, they become one for good".to_owned(),
        ],
        false => vec!["TWO ENTRIES ARE DIFFERENT PEOPLE".to_owned()],
    };
    lines.extend([
        format!("Installation: {}", statement.installation),
        format!("Ticket: {}", ticket_number(&statement.ticket)),
        format!("Ticket's ID: {}", statement.ticket),
    ]);
    lines
}

/// A ticket's number, by which portals and registrars call it: the end of its ID.
fn ticket_number(id: &TicketId) -> u64 {
    let number = id.as_bytes().last_chunk().expect("an ID has 32 bytes");
    u64::from_be_bytes(*number)
}

/// What a proposal's content file does, a line a fact. The file is checked against the proposal
/// that names it: one that isn't the proposal's says so.
pub fn proposal_content_words(file: &[u8], proposal: &Proposal) -> Vec<String> {
    if content::content_hash(file) != proposal.content_hash {
        return vec!["This content file is NOT the one that the proposal names".to_owned()];
    }
    match Action::parse(file) {
        Ok(action) => action.in_words(),
        Err(error) => vec![format!("The content file is not readable: {error}")],
    }
}

/// Unix seconds as `YYYY-MM-DD hh:mm:ss UTC`; beyond the year 9999 as a number.
pub fn utc(seconds: u64) -> String {
    const YEAR_10000: u64 = 253_402_300_800;
    if seconds >= YEAR_10000 {
        return format!("{seconds} seconds after 1970");
    }
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC",
        seconds % 60
    )
}

/// Year, month and day of a number of days after 1970-01-01, counting years from
/// March, in eras of 400 years that all have 146 097 days.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_calendar_times() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56 UTC");
        assert_eq!(utc(1_795_355_999), "2026-11-22 13:59:59 UTC");
        assert_eq!(utc(253_402_300_799), "9999-12-31 23:59:59 UTC");
        assert_eq!(utc(253_402_300_800), "253402300800 seconds after 1970");
    }
}
