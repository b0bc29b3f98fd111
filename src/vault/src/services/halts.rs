use symbolon_api_closed::admin::{
    self, ListHaltsRequest, ListHaltsResponse, StopIssuanceRequest, StopIssuanceResponse,
    SuspendPortalRequest, SuspendPortalResponse, halt::What, halts_server::Halts,
};
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, election_id};
use crate::halts::Halt;

#[tonic::async_trait]
impl Halts for Service {
    async fn stop_issuance(
        &self,
        request: Request<StopIssuanceRequest>,
    ) -> Result<Response<StopIssuanceResponse>, Status> {
        let caller = caller(&request)?;
        let election = election_id(&request.into_inner().election)?;
        self.to_the_end(async move |core| core.stop_issuance(&caller, &election).await)
            .await?;
        Ok(Response::new(StopIssuanceResponse {}))
    }

    async fn suspend_portal(
        &self,
        request: Request<SuspendPortalRequest>,
    ) -> Result<Response<SuspendPortalResponse>, Status> {
        let caller = caller(&request)?;
        let unknown = |_| Refusal::new(Reason::NotFound).at("portal");
        let portal: PortalName = request.into_inner().portal.parse().map_err(unknown)?;
        self.to_the_end(async move |core| core.suspend_portal(&caller, &portal).await)
            .await?;
        Ok(Response::new(SuspendPortalResponse {}))
    }

    async fn list_halts(
        &self,
        _: Request<ListHaltsRequest>,
    ) -> Result<Response<ListHaltsResponse>, Status> {
        let halts = self.0.halts().into_iter().map(|(halt, since)| admin::Halt {
            what: Some(match halt {
                Halt::Issuance(election) => What::Election(election.to_vec()),
                Halt::Portal(portal) => What::Portal(portal),
            }),
            since,
        });
        Ok(Response::new(ListHaltsResponse {
            halts: halts.collect(),
        }))
    }
}
