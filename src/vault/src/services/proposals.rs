use std::sync::Arc;

use symbolon_api_closed::admin::{
    CancelProposalRequest, CancelProposalResponse, GetProposalRequest, GetProposalResponse,
    ListProposalsRequest, ListProposalsResponse, Proposal, SignProposalRequest,
    SignProposalResponse, SubmitProposalRequest, SubmitProposalResponse,
    proposals_server::Proposals,
};
use symbolon_election::{Digest, Nonce, Signature};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, malformed};
use crate::{core::Core, proposals::Known};

/// The most proposals of an answer; each holds its content.
const ROWS: usize = 16;

#[tonic::async_trait]
impl Proposals for Service {
    async fn submit_proposal(
        &self,
        request: Request<SubmitProposalRequest>,
    ) -> Result<Response<SubmitProposalResponse>, Status> {
        let caller = caller(&request)?;
        let SubmitProposalRequest {
            nonce,
            expires,
            content,
            signature,
        } = request.into_inner();
        let nonce = Nonce::from_slice(&nonce).map_err(|_| malformed("nonce"))?;
        let signature = own_signature(&signature)?;
        let submit = async move |core: Arc<Core>| {
            core.submit_proposal(&caller, (nonce, expires), &content, &signature)
                .await
        };
        let known = self.to_the_end(submit).await?;
        let proposal = Some(proposal(&known));
        Ok(Response::new(SubmitProposalResponse { proposal }))
    }

    async fn sign_proposal(
        &self,
        request: Request<SignProposalRequest>,
    ) -> Result<Response<SignProposalResponse>, Status> {
        let caller = caller(&request)?;
        let SignProposalRequest { digest, signature } = request.into_inner();
        let (digest, signature) = (own_digest(&digest)?, own_signature(&signature)?);
        let sign =
            async move |core: Arc<Core>| core.sign_proposal(&caller, &digest, &signature).await;
        let known = self.to_the_end(sign).await?;
        let proposal = Some(proposal(&known));
        Ok(Response::new(SignProposalResponse { proposal }))
    }

    async fn cancel_proposal(
        &self,
        request: Request<CancelProposalRequest>,
    ) -> Result<Response<CancelProposalResponse>, Status> {
        let caller = caller(&request)?;
        let digest = own_digest(&request.into_inner().digest)?;
        let cancel = async move |core: Arc<Core>| core.cancel_proposal(&caller, &digest).await;
        let known = self.to_the_end(cancel).await?;
        let proposal = Some(proposal(&known));
        Ok(Response::new(CancelProposalResponse { proposal }))
    }

    async fn get_proposal(
        &self,
        request: Request<GetProposalRequest>,
    ) -> Result<Response<GetProposalResponse>, Status> {
        let digest = own_digest(&request.into_inner().digest)?;
        let known = self.0.proposal(&digest).await.map_err(Refusal::from)?;
        let proposal = Some(proposal(&known));
        Ok(Response::new(GetProposalResponse { proposal }))
    }

    async fn list_proposals(
        &self,
        request: Request<ListProposalsRequest>,
    ) -> Result<Response<ListProposalsResponse>, Status> {
        let after = request.into_inner().after;
        let after = match after.is_empty() {
            true => None,
            false => Some(Digest::from_slice(&after).map_err(|_| malformed("after"))?),
        };
        let page = self.0.proposals_after(after.as_ref(), ROWS).await;
        let page = page.map_err(Refusal::from)?;
        let last = page.last().filter(|_| page.len() == ROWS);
        Ok(Response::new(ListProposalsResponse {
            next: last.map_or_else(Vec::new, |known| known.digest.as_bytes().to_vec()),
            proposals: page.iter().map(proposal).collect(),
        }))
    }
}

fn proposal(known: &Known) -> Proposal {
    let row = &known.row;
    Proposal {
        digest: known.digest.as_bytes().to_vec(),
        nonce: row.nonce.to_vec(),
        expires: row.expires,
        content: row.content.clone(),
        signers: row
            .signers()
            .map(|signer| signer.as_bytes().to_vec())
            .collect(),
        threshold: known.threshold.into(),
        submitted: row.submitted,
        state: known.state.as_str().to_owned(),
        decided: row.decided().unwrap_or(0),
    }
}

fn own_digest(bytes: &[u8]) -> Result<Digest, Refusal> {
    Digest::from_slice(bytes).map_err(|_| malformed("digest"))
}

fn own_signature(bytes: &[u8]) -> Result<Signature, Refusal> {
    Signature::from_slice(bytes).map_err(|_| Refusal::new(Reason::InvalidSignature).at("signature"))
}
