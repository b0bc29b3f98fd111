use symbolon_api_closed::admin::{
    self, ListHaltsRequest, ListHaltsResponse, RevokeCertificateRequest, RevokeCertificateResponse,
    StopIssuanceRequest, StopIssuanceResponse, SuspendPortalRequest, SuspendPortalResponse,
    halt::What, halts_server::Halts,
};
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, Serial, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, election_id, malformed};
use crate::halts::Halt;

/// The most bytes of a serial number: more than RFC 5280 has, and what a proposal has room for.
const LONGEST_SERIAL: usize = 32;

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

    async fn revoke_certificate(
        &self,
        request: Request<RevokeCertificateRequest>,
    ) -> Result<Response<RevokeCertificateResponse>, Status> {
        let caller = caller(&request)?;
        let serial = Serial::new(&request.into_inner().serial);
        if !(1..=LONGEST_SERIAL).contains(&serial.as_bytes().len()) {
            return Err(malformed("serial").into());
        }
        self.to_the_end(async move |core| core.revoke_certificate(&caller, &serial).await)
            .await?;
        Ok(Response::new(RevokeCertificateResponse {}))
    }

    async fn list_halts(
        &self,
        _: Request<ListHaltsRequest>,
    ) -> Result<Response<ListHaltsResponse>, Status> {
        let halts = self.0.halts().into_iter().map(|(halt, since)| admin::Halt {
            what: Some(match halt {
                Halt::Issuance(election) => What::Election(election.to_vec()),
                Halt::Portal(portal) => What::Portal(portal),
                Halt::Certificate(serial) => What::Certificate(serial),
            }),
            since,
        });
        Ok(Response::new(ListHaltsResponse {
            halts: halts.collect(),
        }))
    }
}
