use symbolon_api_closed::audit::{
    GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
    GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse,
    GetLeavesRequest, GetLeavesResponse, audit_server::Audit,
};
use symbolon_service::Refusal;
use symbolon_tlog::Hash;
use tonic::{Request, Response, Status};

use super::Service;

#[tonic::async_trait]
impl Audit for Service {
    async fn get_checkpoint(
        &self,
        _: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        let checkpoint = self.0.audit_checkpoint().await;
        let (note, verifier_key) = checkpoint.map_err(Refusal::from)?;
        Ok(Response::new(GetCheckpointResponse { note, verifier_key }))
    }

    async fn get_leaves(
        &self,
        request: Request<GetLeavesRequest>,
    ) -> Result<Response<GetLeavesResponse>, Status> {
        let GetLeavesRequest { start, limit } = request.into_inner();
        let leaves = self
            .0
            .audit_leaves(start, limit)
            .await
            .map_err(Refusal::from)?;
        Ok(Response::new(GetLeavesResponse { leaves }))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<GetInclusionProofRequest>,
    ) -> Result<Response<GetInclusionProofResponse>, Status> {
        let GetInclusionProofRequest { index, size } = request.into_inner();
        let proof = self
            .0
            .audit_inclusion(index, size)
            .await
            .map_err(Refusal::from)?;
        Ok(Response::new(GetInclusionProofResponse {
            hashes: bytes(&proof),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        let GetConsistencyProofRequest { first, second } = request.into_inner();
        let proof = self
            .0
            .audit_consistency(first, second)
            .await
            .map_err(Refusal::from)?;
        Ok(Response::new(GetConsistencyProofResponse {
            hashes: bytes(&proof),
        }))
    }
}

fn bytes(hashes: &[Hash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}
