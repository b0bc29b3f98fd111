use std::sync::Arc;

use symbolon_api_closed::admin::{
    CancelUnsealingRequest, CancelUnsealingResponse, GetSealStatusRequest, GetSealStatusResponse,
    SealVaultRequest, SealVaultResponse, UnsealRequest, UnsealResponse, seal_server::Seal,
};
use symbolon_crypto::{SecretBytes, SecretString};
use symbolon_keyring::{Error as RingError, Share, TokenError};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller};
use crate::{Error, audit::Caller, unsealing::Progress};

#[tonic::async_trait]
impl Seal for Service {
    async fn get_seal_status(
        &self,
        _: Request<GetSealStatusRequest>,
    ) -> Result<Response<GetSealStatusResponse>, Status> {
        let seal = &self.0.seal;
        let method = seal.method().await.unwrap_or_default();
        let sharing = seal.sharing().await.ok().and_then(|(_, sharing)| sharing);
        Ok(Response::new(GetSealStatusResponse {
            sealed: seal.is_sealed(),
            method: method.to_owned(),
            installation: self.0.profile.salt.to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            shares_given: seal.given.count().into(),
            shares_needed: sharing.map_or(0, |it| it.threshold.into()),
            shares_made: sharing.map_or(0, |it| it.shares.into()),
        }))
    }

    async fn unseal(
        &self,
        request: Request<UnsealRequest>,
    ) -> Result<Response<UnsealResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let (bytes, share) = (
            SecretBytes::new(request.passphrase),
            SecretBytes::new(request.share),
        );
        if !share.is_empty() {
            return self.hand_in(caller, bytes, share).await;
        }
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| {
            Refusal::new(Reason::InvalidArgument)
                .at("passphrase")
                .because("must be UTF-8")
        })?;
        let passphrase = SecretString::new(text.to_owned());
        // To the end even if the caller hangs up: keys are minted on the way.
        let core = Arc::clone(&self.0);
        let work = tokio::spawn(async move { core.unseal(&caller, passphrase).await });
        let unsealed = work.await.map_err(|_| Refusal::new(Reason::Internal))?;
        unsealed.map_err(|error| refusal(error, "passphrase"))?;
        Ok(Response::new(UnsealResponse {
            unsealed: true,
            ..Default::default()
        }))
    }

    async fn cancel_unsealing(
        &self,
        request: Request<CancelUnsealingRequest>,
    ) -> Result<Response<CancelUnsealingResponse>, Status> {
        let caller = caller(&request)?;
        self.to_the_end(async move |core| core.cancel_unsealing(&caller).await)
            .await?;
        Ok(Response::new(CancelUnsealingResponse {}))
    }

    async fn seal_vault(
        &self,
        request: Request<SealVaultRequest>,
    ) -> Result<Response<SealVaultResponse>, Status> {
        let caller = caller(&request)?;
        self.to_the_end(async move |core| core.seal(&caller).await)
            .await?;
        Ok(Response::new(SealVaultResponse {}))
    }
}

impl Service {
    async fn hand_in(
        &self,
        caller: Caller,
        passphrase: SecretBytes,
        share: SecretBytes,
    ) -> Result<Response<UnsealResponse>, Status> {
        let malformed = |why| {
            Refusal::new(Reason::InvalidArgument)
                .at("share")
                .because(why)
        };
        if !passphrase.is_empty() {
            return Err(malformed("must stand without a passphrase").into());
        }
        let share = Share::parse(share.expose());
        let share = share.map_err(|_| malformed("must be the content of a share's file"))?;
        let core = Arc::clone(&self.0);
        let work = tokio::spawn(async move { core.hand_in(&caller, share).await });
        let progress = work.await.map_err(|_| Refusal::new(Reason::Internal))?;
        let Progress { given, needed } = progress.map_err(|error| refusal(error, "share"))?;
        Ok(Response::new(UnsealResponse {
            unsealed: given == needed,
            shares_given: given.into(),
            shares_needed: needed.into(),
        }))
    }
}

/// What an officer at the door is told of what they handed in: the ring's own words, which hold no secret.
pub(super) fn refusal(error: Error, field: &'static str) -> Refusal {
    match error {
        Error::Keyring(RingError::DoesNotOpen) => match field {
            "share" => Refusal::new(Reason::WrongShares),
            _ => Refusal::new(Reason::WrongPassphrase).at(field),
        },
        Error::Keyring(RingError::OtherUnsealing) => Refusal::new(Reason::InvalidArgument)
            .at(field)
            .because("must be absent: this vault is unsealed in another way, see its seal status"),
        Error::Keyring(RingError::NoSuchWay) => Refusal::new(Reason::NoRewrap),
        Error::Keyring(RingError::Token(error)) => {
            let reason = match error {
                TokenError::WrongPin(_) => Reason::WrongPin,
                _ => Reason::TokenFailed,
            };
            tracing::warn!(%error, "the PKCS#11 token doesn't unseal");
            Refusal::new(reason).at(field).because(error.to_string())
        }
        Error::OlderRing { .. } | Error::ForeignRing => {
            Refusal::new(Reason::WrongKeyRing).because(error.to_string())
        }
        other => Refusal::from(other),
    }
}
