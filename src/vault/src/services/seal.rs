use std::sync::Arc;

use symbolon_api_closed::admin::{
    GetSealStatusRequest, GetSealStatusResponse, SealVaultRequest, SealVaultResponse,
    UnsealRequest, UnsealResponse, seal_server::Seal,
};
use symbolon_crypto::{SecretBytes, SecretString};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller};
use crate::Error;

#[tonic::async_trait]
impl Seal for Service {
    async fn get_seal_status(
        &self,
        _: Request<GetSealStatusRequest>,
    ) -> Result<Response<GetSealStatusResponse>, Status> {
        Ok(Response::new(GetSealStatusResponse {
            sealed: self.0.seal.is_sealed(),
            method: "passphrase".to_owned(),
            installation: self.0.profile.salt.to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }))
    }

    async fn unseal(
        &self,
        request: Request<UnsealRequest>,
    ) -> Result<Response<UnsealResponse>, Status> {
        let caller = caller(&request)?;
        let bytes = SecretBytes::new(request.into_inner().passphrase);
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
        unsealed.map_err(refusal)?;
        Ok(Response::new(UnsealResponse {}))
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

/// What an officer at the door is told: the ring's own words, which hold no secret.
fn refusal(error: Error) -> Refusal {
    match error {
        Error::Keyring(symbolon_keyring::Error::DoesNotOpen) => {
            Refusal::new(Reason::WrongPassphrase).at("passphrase")
        }
        Error::OlderRing { .. } | Error::ForeignRing => {
            Refusal::new(Reason::WrongKeyRing).because(error.to_string())
        }
        other => Refusal::from(other),
    }
}
