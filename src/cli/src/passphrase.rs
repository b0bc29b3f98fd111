//! Passphrases: from a file, from standard input, or asked for without showing them.

use std::{
    io::{BufRead, IsTerminal, Read},
    path::{Path, PathBuf},
};

use symbolon_crypto::{SecretString, Zeroizing, keyfile};

use crate::error::Error;

const LONGEST: usize = 4096;

/// Where a passphrase comes from: a file that holds it, `-` for standard input, or nothing to be asked.
#[derive(Clone, Debug, Default)]
pub struct Source {
    file: Option<PathBuf>,
}

impl Source {
    /// From a file, where one is named.
    pub fn new(file: Option<PathBuf>) -> Self {
        Self { file }
    }

    /// An existing passphrase.
    pub fn read(&self, prompt: &str) -> Result<SecretString, Error> {
        match &self.file {
            Some(path) if path == Path::new("-") => from_stdin(),
            Some(path) => {
                keyfile::read_passphrase(path).map_err(|e| Error::unreadable("the passphrase", e))
            }
            None => ask(prompt),
        }
    }

    /// A new passphrase; asked for twice at a terminal.
    pub fn read_new(&self, prompt: &str) -> Result<SecretString, Error> {
        let first = self.read(prompt)?;
        if self.file.is_none() && ask("The same again: ")? != first {
            return Err(Error::usage(
                "the two passphrases differ",
                "Start again and type the same one twice.",
            ));
        }
        Ok(first)
    }
}

fn from_stdin() -> Result<SecretString, Error> {
    read_line(&mut std::io::stdin().lock())
}

fn read_line(input: &mut impl BufRead) -> Result<SecretString, Error> {
    // Room for all of it: a growing buffer would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST + 3));
    input
        .take(LONGEST as u64 + 3)
        .read_line(&mut text)
        .map_err(|e| Error::unreadable("standard input", e))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    checked(line.strip_suffix('\r').unwrap_or(line))
}

fn ask(prompt: &str) -> Result<SecretString, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage(
            "a passphrase is needed and there is no terminal to ask at",
            "Name a file that holds it, or `-` for standard input.",
        ));
    }
    let typed = rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|e| Error::unreadable("the passphrase", e))?;
    checked(&typed)
}

fn checked(passphrase: &str) -> Result<SecretString, Error> {
    if passphrase.is_empty() {
        return Err(Error::unreadable("the passphrase", "empty"));
    }
    if passphrase.len() > LONGEST {
        return Err(Error::unreadable(
            "the passphrase",
            "longer than 4096 bytes",
        ));
    }
    Ok(SecretString::new(passphrase.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_passphrase() {
        let mut input = "correct horse\r\nrest".as_bytes();
        assert_eq!(read_line(&mut input).unwrap().expose(), "correct horse");
    }

    #[test]
    fn empty_and_endless_passphrases_are_refused() {
        assert!(read_line(&mut "\n".as_bytes()).is_err());
        assert!(read_line(&mut "x".repeat(5000).as_bytes()).is_err());
    }
}
