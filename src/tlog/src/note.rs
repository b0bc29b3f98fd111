//! C2SP signed notes: a text, an empty line, signature lines.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::Error;

/// The longest note that is read.
pub const MAX_NOTE: usize = 128 * 1024;
/// The most signatures that a note may carry.
pub const MAX_SIGNATURES: usize = 100;

const DASH: &str = "\u{2014} ";

/// One signature line: the key's name and ID, and the signature's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    key_id: u32,
    bytes: Vec<u8>,
}

impl NoteSignature {
    pub(crate) fn new(name: String, key_id: u32, bytes: Vec<u8>) -> Self {
        Self {
            name,
            key_id,
            bytes,
        }
    }

    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ID of the key that is said to have signed.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The signature, in the form that its key's kind defines.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The line without its newline.
    pub fn to_line(&self) -> String {
        let bytes = [&self.key_id.to_be_bytes()[..], &self.bytes].concat();
        format!("{DASH}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }

    /// Reads a line, without its newline.
    pub fn parse(line: &str) -> Result<Self, Error> {
        let rest = line
            .strip_prefix(DASH)
            .ok_or(Error::Note("a signature line must begin with an em dash"))?;
        let (name, text) = rest
            .split_once(' ')
            .ok_or(Error::Note("a signature line lacks its signature"))?;
        if !is_key_name(name) {
            return Err(Error::Note(
                "a key's name is empty or holds a space, a plus or a control character",
            ));
        }
        let bytes = BASE64_STANDARD
            .decode(text)
            .map_err(|_| Error::Note("a signature isn't canonical Base64"))?;
        match bytes.split_first_chunk::<4>() {
            Some((id, bytes)) if !bytes.is_empty() => Ok(Self::new(
                name.to_owned(),
                u32::from_be_bytes(*id),
                bytes.to_vec(),
            )),
            _ => Err(Error::Note("a signature is too short")),
        }
    }
}

/// A text and the signatures that came with it, none of them verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text to be signed; it must end with a newline.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        if !text.ends_with('\n') {
            return Err(Error::Note("the text must end with a newline"));
        }
        if text.bytes().any(|b| b < 0x20 && b != b'\n') {
            return Err(Error::Note("control characters aren't allowed"));
        }
        Ok(Self {
            text,
            signatures: Vec::new(),
        })
    }

    /// Reads a note with at least one signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_NOTE {
            return Err(Error::Note("it is too long"));
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| Error::Note("it isn't UTF-8"))?;
        let end = whole
            .rfind("\n\n")
            .ok_or(Error::Note("it has no signatures"))?;
        let mut note = Self::new(&whole[..=end])?;
        let lines = whole[end + 2..]
            .strip_suffix('\n')
            .ok_or(Error::Note("it must end with a newline"))?;
        for line in lines.split('\n') {
            note.add(NoteSignature::parse(line)?)?;
        }
        Ok(note)
    }

    /// The signed text, with its final newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order of their lines.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature line. The same line twice is refused.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), Error> {
        if self.signatures.contains(&signature) {
            return Err(Error::Note("a signature stands there twice"));
        }
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(Error::Note("it has too many signatures"));
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Keeps the signatures that `keep` returns true for.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&NoteSignature) -> bool) {
        self.signatures.retain(keep);
    }

    /// The note as it is stored and sent.
    pub fn to_text(&self) -> String {
        let lines = self
            .signatures
            .iter()
            .map(|signature| signature.to_line() + "\n");
        format!("{}\n{}", self.text, lines.collect::<String>())
    }
}

/// Whether a text may name a key: no spaces, no plus, no control characters, not empty.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POEM: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    #[test]
    fn a_text_may_hold_empty_lines() {
        let note = Note::parse(POEM.as_bytes()).unwrap();
        assert!(note.text().ends_with("\n\ned è subito sera.\n"));
        assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
        assert_eq!(note.to_text(), POEM);
    }

    #[test]
    fn malformed_notes_are_refused() {
        let good = "a\n\n— n AAAAAAA=\n";
        assert!(Note::parse(good.as_bytes()).is_ok());
        let wrong = [
            "",
            "\n\n",
            "a\n",
            "a\n\n",
            "a\n\n\n",
            "a\n— n AAAAAAA=\n",
            "a\n\n— n AAAAAAA=",
            "a\n\n- n AAAAAAA=\n",
            "a\n\n—  AAAAAAA=\n",
            "a\n\n— n+ AAAAAAA=\n",
            "a\n\n— n AAAAAA==\n",
            "a\n\n— n AAAAAAA\n",
            "a\n\n— n AAAAAAB=\n",
            "a\n\n— n AAAAAAA= \n",
            "a\n\n— n  AAAAAAA=\n",
            "a\n\n— n AAAAAAA=\n\n",
            "a\r\n\n— n AAAAAAA=\n",
            "a\n\n— n AAAAAAA=\n— n AAAAAAA=\n",
            "a\t\n\n— n AAAAAAA=\n",
            "a\n\n— n\u{a0}m AAAAAAA=\n",
            "a\n\n— n \n",
        ];
        for note in wrong {
            assert!(Note::parse(note.as_bytes()).is_err(), "{note:?}");
        }
        assert!(Note::parse(b"a\xff\n\n\xe2\x80\x94 n AAAAAAA=\n").is_err());
    }

    proptest! {
        #[test]
        fn what_parses_prints_the_same(flips in prop::collection::vec((0..POEM.len(), any::<u8>()), 0..4)) {
            let mut bytes = POEM.as_bytes().to_vec();
            flips.iter().for_each(|(place, byte)| bytes[*place] = *byte);
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert_eq!(note.to_text().into_bytes(), bytes);
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = Note::parse(&bytes);
        }
    }
}
