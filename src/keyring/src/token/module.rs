//! The token, through the library of its maker.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    slot::{Slot, TokenInfo},
    types::AuthPin,
};
use symbolon_crypto::{
    Secret, SecretString, Zeroizing, labels,
    random::{self, CryptoRng},
};
use symbolon_election::InstallationId;

use super::{Encrypted, TokenError, Tries};

const NONCE: usize = 12;

/// The library that was loaded last. Libraries of tokens aren't made to be unloaded. Whoever holds the lock
/// is alone: a token knows processes, not threads, and lets whoever shares a process with one who is logged in
/// work without any PIN.
static LOADED: Mutex<Option<(PathBuf, Pkcs11)>> = Mutex::new(None);

/// An unlocked token.
pub(crate) struct Token(Session);

impl Token {
    /// Unlocks the token of this label with one try, for as long as `work` takes. Nothing of it stays behind:
    /// a token that is taken out, put in or reset meanwhile is seen the next time.
    pub(crate) fn with<T>(
        module: &Path,
        label: &str,
        pin: &SecretString,
        work: impl FnOnce(&Self) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let context = match loaded.take() {
            Some((path, context)) if path == module => context,
            _ => load(module)?,
        };
        *loaded = Some((module.to_owned(), context.clone()));
        context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        let done = Self::unlock(&context, label, pin).and_then(|token| work(&token));
        context.finalize()?;
        done
    }

    fn unlock(context: &Pkcs11, label: &str, pin: &SecretString) -> Result<Self, TokenError> {
        let slot = slot(context, label)?;
        let session = context.open_rw_session(slot)?;
        let pin = AuthPin::from(pin.expose().to_owned());
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) => Ok(Self(session)),
            Err(Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid,
                _,
            )) => {
                let info = context.get_token_info(slot);
                Err(TokenError::WrongPin(
                    info.map_or(Tries::Unsaid, |info| tries(&info)),
                ))
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TokenError::Locked),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the key. One of this name that is there already is left alone, and refused.
    pub(crate) fn make_key(&self, label: &str) -> Result<(), TokenError> {
        if !self.keys(label)?.is_empty() {
            return Err(TokenError::KeyThere(label.to_owned()));
        }
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Modifiable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Sign(false),
            Attribute::Verify(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::ValueLen(32.into()),
            Attribute::Label(label.as_bytes().to_vec()),
        ];
        self.0.generate_key(&Mechanism::AesKeyGen, &template)?;
        Ok(())
    }

    pub(crate) fn encrypt(
        &self,
        key: &str,
        installation: InstallationId,
        secret: &Secret<32>,
        rng: &mut impl CryptoRng,
    ) -> Result<Encrypted, TokenError> {
        let nonce: [u8; NONCE] = random::bytes(rng);
        let (binding, mut iv) = (binding(installation), nonce);
        let params = GcmParams::new(&mut iv, &binding, 128.into())?;
        let mechanism = Mechanism::AesGcm(params);
        let sealed = self
            .0
            .encrypt(&mechanism, self.key(key)?, secret.expose())?;
        // A token that likes its own nonce better would make a ring that nobody opens.
        drop(mechanism);
        let whole = [iv.as_slice(), &sealed].concat();
        whole
            .try_into()
            .map_err(|_| TokenError::Failed("its AES-GCM adds other than 16 bytes".to_owned()))
    }

    pub(crate) fn decrypt(
        &self,
        key: &str,
        installation: InstallationId,
        encrypted: &Encrypted,
    ) -> Result<Secret<32>, TokenError> {
        let (nonce, sealed) = encrypted.split_at(NONCE);
        let (binding, mut iv) = (binding(installation), nonce.to_vec());
        let params = GcmParams::new(&mut iv, &binding, 128.into())?;
        let key = self.key(key)?;
        let opened = self.0.decrypt(&Mechanism::AesGcm(params), key, sealed);
        let opened = Zeroizing::new(opened.map_err(|error| match error {
            // Tokens name an altered ciphertext in different ways.
            Error::Pkcs11(
                RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::GeneralError
                | RvError::FunctionFailed,
                _,
            ) => TokenError::OtherKey,
            error => error.into(),
        })?);
        Secret::from_slice(&opened).map_err(|_| TokenError::OtherKey)
    }

    fn key(&self, label: &str) -> Result<ObjectHandle, TokenError> {
        match self.keys(label)?.as_slice() {
            [key] => Ok(*key),
            _ => Err(TokenError::NoKey(label.to_owned())),
        }
    }

    fn keys(&self, label: &str) -> Result<Vec<ObjectHandle>, TokenError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(label.as_bytes().to_vec()),
        ];
        Ok(self.0.find_objects(&template)?)
    }
}

#[cfg(test)]
impl Token {
    /// What the token says of its key.
    pub(super) fn attributes(
        &self,
        label: &str,
        types: &[cryptoki::object::AttributeType],
    ) -> Result<Vec<Attribute>, TokenError> {
        Ok(self.0.get_attributes(self.key(label)?, types)?)
    }

    /// A key whose value is known outside of the token, too.
    pub(super) fn put_key(&self, label: &str, value: &Secret<32>) -> Result<(), TokenError> {
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Value(value.expose().to_vec()),
            Attribute::Label(label.as_bytes().to_vec()),
        ];
        self.0.create_object(&template)?;
        Ok(())
    }
}

fn load(module: &Path) -> Result<Pkcs11, TokenError> {
    Pkcs11::new(module).map_err(|error| TokenError::Module {
        path: module.to_owned(),
        reason: error.to_string(),
    })
}

fn slot(context: &Pkcs11, label: &str) -> Result<Slot, TokenError> {
    let mut found = None;
    for slot in context.get_slots_with_token()? {
        if context.get_token_info(slot)?.label() != label {
            continue;
        }
        if found.replace(slot).is_some() {
            return Err(TokenError::TwoTokens(label.to_owned()));
        }
    }
    found.ok_or_else(|| TokenError::NoToken(label.to_owned()))
}

fn tries(info: &TokenInfo) -> Tries {
    match () {
        () if info.user_pin_locked() => Tries::None,
        () if info.user_pin_final_try() => Tries::One,
        () if info.user_pin_count_low() => Tries::Few,
        () => Tries::Unsaid,
    }
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Failed(error.to_string())
    }
}

fn binding(installation: InstallationId) -> Vec<u8> {
    labels::frame(labels::RING_TOKEN, &[installation.as_bytes()]).to_vec()
}
