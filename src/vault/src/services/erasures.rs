use symbolon_api_closed::admin::{
    Erasure, ListErasuresRequest, ListErasuresResponse, erasures_server::Erasures,
};
use symbolon_service::Refusal;
use tonic::{Request, Response, Status};

use super::Service;

/// The most erasures of an answer.
const ROWS: usize = 1024;

#[tonic::async_trait]
impl Erasures for Service {
    async fn list_erasures(
        &self,
        _: Request<ListErasuresRequest>,
    ) -> Result<Response<ListErasuresResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let erasures = self.0.erasures().await.map_err(Refusal::from)?;
        let waiting = erasures.len() as u64;
        let erasures = erasures.into_iter().take(ROWS).map(|erasure| Erasure {
            id: erasure.id().as_bytes().to_vec(),
            since: erasure.since,
            portal: erasure.portal,
        });
        Ok(Response::new(ListErasuresResponse {
            erasures: erasures.collect(),
            waiting,
        }))
    }
}
