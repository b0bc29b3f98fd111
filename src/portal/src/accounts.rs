//! A stand-in for the city's own accounts: logins with access codes, in a file.
//!
//! `login,code_sha256,registration_id`. Codes are 128 random bits, so their plain SHA-256
//! can't be guessed; what people choose themselves would need a slow hash.

use std::{collections::HashMap, io, path::Path};

use serde::{Deserialize, Serialize};
use symbolon_crypto::{
    digest::sha256,
    random::{self, CryptoRng},
};

/// A person as the portal knows them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegistrationId(pub [u8; 32]);

/// Why accounts could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        source: csv::Error,
    },
    /// A row isn't one.
    #[error("{}, line {line}, {column}: {problem}", path.display())]
    Row {
        /// The file.
        path: std::path::PathBuf,
        /// Where.
        line: u64,
        /// Where.
        column: &'static str,
        /// What is wrong; never the value.
        problem: &'static str,
    },
}

/// The accounts by login.
pub struct Accounts(HashMap<String, Account>);

struct Account {
    code: [u8; 32],
    person: RegistrationId,
}

#[derive(Serialize, Deserialize)]
struct Row {
    login: String,
    code_sha256: String,
    registration_id: String,
}

/// One access code, for the person's letter.
#[derive(Serialize)]
struct Letter<'a> {
    login: &'a str,
    code: &'a str,
}

/// What `symbolon people register --out` writes.
#[derive(Deserialize)]
struct Registered {
    line: String,
    registration_id: String,
}

impl Accounts {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, AccountsError> {
        let mut accounts = HashMap::new();
        for (line, row) in rows::<Row>(path)? {
            let wrong = |column, problem| AccountsError::Row {
                path: path.into(),
                line,
                column,
                problem,
            };
            let hash = |column, text: &str| {
                let mut bytes = [0; 32];
                let decoded = hex::decode_to_slice(text, &mut bytes);
                decoded
                    .map_err(|_| wrong(column, "64 hexadecimal digits"))
                    .map(|()| bytes)
            };
            let account = Account {
                code: hash("code_sha256", &row.code_sha256)?,
                person: RegistrationId(hash("registration_id", &row.registration_id)?),
            };
            if accounts.insert(row.login, account).is_some() {
                return Err(wrong("login", "stands twice"));
            }
        }
        Ok(Self(accounts))
    }

    /// Whose login and code these are.
    pub fn sign_in(&self, login: &str, code: &str) -> Option<RegistrationId> {
        let account = self.0.get(login)?;
        (sha256(code.as_bytes()) == account.code).then_some(account.person)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Makes an account for each row of a file of registration IDs; the login is the row's line.
/// The codes go into a file of their own, for the letters to people.
pub fn make(
    registered: &Path,
    accounts: &Path,
    codes: &Path,
    rng: &mut impl CryptoRng,
) -> Result<usize, AccountsError> {
    let (mut rows_out, mut letters) = (writer(accounts)?, writer(codes)?);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source: csv::Error| AccountsError::File { path, source }
    };
    let mut made = 0;
    for (_, row) in rows::<Registered>(registered)? {
        let code = hex::encode(random::bytes::<16>(rng));
        let account = Row {
            login: row.line,
            code_sha256: hex::encode(sha256(code.as_bytes())),
            registration_id: row.registration_id,
        };
        rows_out.serialize(&account).map_err(failed(accounts))?;
        letters
            .serialize(Letter {
                login: &account.login,
                code: &code,
            })
            .map_err(failed(codes))?;
        made += 1;
    }
    rows_out
        .flush()
        .map_err(|error| failed(accounts)(error.into()))?;
    letters
        .flush()
        .map_err(|error| failed(codes)(error.into()))?;
    Ok(made)
}

fn rows<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Vec<(u64, T)>, AccountsError> {
    let failed = |source| AccountsError::File {
        path: path.to_owned(),
        source,
    };
    let mut reader = csv::Reader::from_path(path).map_err(failed)?;
    let headers = reader.headers().map_err(failed)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.deserialize(Some(&headers)).map_err(failed)?));
    }
    Ok(rows)
}

/// A new file that only its owner may read.
fn writer(path: &Path) -> Result<csv::Writer<std::fs::File>, AccountsError> {
    use std::os::unix::fs::OpenOptionsExt;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let failed = |error: io::Error| AccountsError::File {
        path: path.to_owned(),
        source: error.into(),
    };
    Ok(csv::Writer::from_writer(file.map_err(failed)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_opens_the_account_of_its_letter() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let ids = format!(
            "line,registration_id,district\n2,{},north\n3,{},south\n",
            "ab".repeat(32),
            "cd".repeat(32)
        );
        std::fs::write(path("ids.csv"), ids).unwrap();
        let made = make(
            &path("ids.csv"),
            &path("accounts.csv"),
            &path("codes.csv"),
            &mut random::os(),
        );
        assert_eq!(made.unwrap(), 2);
        let accounts = Accounts::read(&path("accounts.csv")).unwrap();
        let codes = std::fs::read_to_string(path("codes.csv")).unwrap();
        let (login, code) = codes.lines().nth(2).unwrap().split_once(',').unwrap();
        assert!(accounts.sign_in(login, code) == Some(RegistrationId([0xcd; 32])));
        assert!(accounts.sign_in("2", code).is_none());
        assert!(accounts.sign_in("9", code).is_none());
        let again = make(
            &path("ids.csv"),
            &path("accounts.csv"),
            &path("codes.csv"),
            &mut random::os(),
        );
        assert!(again.is_err(), "accounts are not overwritten");
    }

    #[test]
    fn a_broken_row_is_named_by_line_and_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.csv");
        let good = format!("anna,{},{}\n", "ab".repeat(32), "cd".repeat(32));
        let text = format!(
            "login,code_sha256,registration_id\n{good}ben,secret,{}\n",
            "cd".repeat(32)
        );
        std::fs::write(&path, text).unwrap();
        let error = Accounts::read(&path).err().unwrap().to_string();
        assert!(
            error.contains("line 3, code_sha256") && !error.contains("secret"),
            "{error}"
        );
    }
}
