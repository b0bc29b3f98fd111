use symbolon_api_closed::admin::{
    BeginRewrapRequest, BeginRewrapResponse, CancelRewrapRequest, CancelRewrapResponse,
    CollectShareRequest, CollectShareResponse, GetRewrapRequest, GetRewrapResponse,
    ProveRewrapRequest, ProveRewrapResponse, rewraps_server::Rewraps,
};
use symbolon_crypto::{SecretBytes, SecretString};
use symbolon_election::proposal::NewUnsealing;
use symbolon_keyring::Share;
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, seal::refusal};
use crate::rewrap::Standing;

#[tonic::async_trait]
impl Rewraps for Service {
    async fn get_rewrap(
        &self,
        _: Request<GetRewrapRequest>,
    ) -> Result<Response<GetRewrapResponse>, Status> {
        let standing = self.0.rewrap().await.map_err(Refusal::from)?;
        Ok(Response::new(standing.map(response).unwrap_or_default()))
    }

    async fn begin_rewrap(
        &self,
        request: Request<BeginRewrapRequest>,
    ) -> Result<Response<BeginRewrapResponse>, Status> {
        let caller = caller(&request)?;
        let words = words(request.into_inner().passphrase)?;
        let done = self
            .to_the_end(async move |core| Ok(core.begin_rewrap(&caller, words).await))
            .await?;
        done.map_err(|error| refusal(error, "passphrase"))?;
        Ok(Response::new(BeginRewrapResponse {}))
    }

    async fn collect_share(
        &self,
        request: Request<CollectShareRequest>,
    ) -> Result<Response<CollectShareResponse>, Status> {
        let caller = caller(&request)?;
        let (number, share) = self
            .to_the_end(async move |core| core.collect_share(&caller).await)
            .await?;
        Ok(Response::new(CollectShareResponse {
            number: number.into(),
            share: share.expose().to_vec(),
        }))
    }

    async fn prove_rewrap(
        &self,
        request: Request<ProveRewrapRequest>,
    ) -> Result<Response<ProveRewrapResponse>, Status> {
        let caller = caller(&request)?;
        let request = request.into_inner();
        let share = SecretBytes::new(request.share);
        let words = words(request.passphrase)?;
        let malformed = |why| {
            Refusal::new(Reason::InvalidArgument)
                .at("share")
                .because(why)
        };
        if share.is_empty() {
            let done = self
                .to_the_end(async move |core| Ok(core.prove_rewrap(&caller, words).await))
                .await?;
            done.map_err(|error| refusal(error, "passphrase"))?;
            return Ok(Response::new(ProveRewrapResponse {
                proven: true,
                ..Default::default()
            }));
        }
        if !words.is_empty() {
            return Err(malformed("must stand without a passphrase").into());
        }
        let share = Share::parse(share.expose())
            .map_err(|_| malformed("must be the content of a share's file"))?;
        let done = self
            .to_the_end(async move |core| Ok(core.prove_share(&caller, share).await))
            .await?;
        let progress = done.map_err(|error| refusal(error, "share"))?;
        Ok(Response::new(ProveRewrapResponse {
            proven: progress.given == progress.needed,
            shares_given: progress.given.into(),
            shares_needed: progress.needed.into(),
        }))
    }

    async fn cancel_rewrap(
        &self,
        request: Request<CancelRewrapRequest>,
    ) -> Result<Response<CancelRewrapResponse>, Status> {
        let caller = caller(&request)?;
        self.to_the_end(async move |core| core.cancel_rewrap(&caller).await)
            .await?;
        Ok(Response::new(CancelRewrapResponse {}))
    }
}

fn words(bytes: Vec<u8>) -> Result<SecretString, Refusal> {
    let bytes = SecretBytes::new(bytes);
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| {
        Refusal::new(Reason::InvalidArgument)
            .at("passphrase")
            .because("must be UTF-8")
    })?;
    Ok(SecretString::new(text.to_owned()))
}

fn response(standing: Standing) -> GetRewrapResponse {
    let mut told = GetRewrapResponse {
        since: standing.rewrap.since,
        made: standing.made,
        collected: standing.collected,
        shares_waiting: standing.waiting,
        shares_given: standing.proof.into(),
        ..Default::default()
    };
    let to = match standing.rewrap.to {
        NewUnsealing::Passphrase { entered_by } => {
            told.entered_by = entered_by;
            "passphrase"
        }
        NewUnsealing::Shares { holders, threshold } => {
            told.holders = holders;
            told.shares_needed = threshold.into();
            "shares"
        }
        NewUnsealing::Token { .. } => "token",
    };
    to.clone_into(&mut told.to);
    told
}
