use std::{pin::Pin, sync::Arc};

use futures_util::{StreamExt, future, stream};
use symbolon_api_closed::registration::{
    AddToElectorateRequest, AddToElectorateResponse, CreateElectorateRequest,
    CreateElectorateResponse, Electorate, ListElectoratesRequest, ListElectoratesResponse,
    electorates_server::Electorates,
};
use symbolon_keyring::PortalName;
use symbolon_service::{Refusal, reasons::Reason};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, Streaming};

use super::{Service, registration::row_refusal, registration_id};
use crate::{
    audit::Caller,
    core::Core,
    electorates::{Added, ElectorateName},
};

/// The most IDs of one message.
const IDS: usize = 256;
/// The most electorates of an answer.
const ROWS: usize = 1024;

#[tonic::async_trait]
impl Electorates for Service {
    async fn create_electorate(
        &self,
        request: Request<CreateElectorateRequest>,
    ) -> Result<Response<CreateElectorateResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let name = ElectorateName::parse(&request.into_inner().electorate)?;
        let work =
            async move |core: Arc<Core>| core.create_electorate(&caller, &portal, &name).await;
        self.to_the_end(work).await?;
        Ok(Response::new(CreateElectorateResponse {}))
    }

    type AddToElectorateStream =
        Pin<Box<dyn Stream<Item = Result<AddToElectorateResponse, Status>> + Send>>;

    async fn add_to_electorate(
        &self,
        request: Request<Streaming<AddToElectorateRequest>>,
    ) -> Result<Response<Self::AddToElectorateStream>, Status> {
        let (portal, caller) = self.portal(&request)?;
        self.0.keys().map_err(Refusal::from)?;
        let (service, ending) = (self.clone(), self.clone());
        let messages = request.into_inner().take_until(self.stopping());
        let results = messages.then(move |message| {
            let (service, portal, caller) = (service.clone(), portal.clone(), caller.clone());
            async move {
                let message = message?;
                let correlation = message.correlation;
                let outcome = service.add(&caller, &portal, message).await;
                Ok(answer(correlation, outcome))
            }
        });
        let end = stream::once(async move { ending.stopped() }).filter_map(future::ready);
        Ok(Response::new(Box::pin(results.chain(end))))
    }

    async fn list_electorates(
        &self,
        request: Request<ListElectoratesRequest>,
    ) -> Result<Response<ListElectoratesResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let after = request.into_inner().after;
        let page = self.0.electorates_after(&after, ROWS).await;
        let page = page.map_err(Refusal::from)?;
        let last = page.last().filter(|_| page.len() == ROWS);
        let next = last.map_or_else(String::new, |(name, _)| name.clone());
        let electorates = page.into_iter().map(|(name, row)| Electorate {
            name,
            size: row.size,
        });
        Ok(Response::new(ListElectoratesResponse {
            electorates: electorates.collect(),
            next,
        }))
    }
}

impl Service {
    async fn add(
        &self,
        caller: &Caller,
        portal: &PortalName,
        message: AddToElectorateRequest,
    ) -> Result<Added, Refusal> {
        self.0.check_portal(portal)?;
        let name = ElectorateName::parse(&message.electorate)?;
        if message.registration_ids.len() > IDS {
            return Err(Refusal::new(Reason::InvalidArgument)
                .at("registrationIds")
                .because("at most 256 in a message"));
        }
        let ids = message.registration_ids.iter();
        let ids = ids.map(|id| registration_id("registrationIds", id));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let (caller, portal) = (caller.clone(), portal.clone());
        let work = async move |core: Arc<Core>| {
            core.add_to_electorate(&caller, &portal, &name, &ids).await
        };
        self.to_the_end(work).await
    }
}

fn answer(correlation: u64, outcome: Result<Added, Refusal>) -> AddToElectorateResponse {
    match outcome {
        Ok(Added { added, unknown }) => AddToElectorateResponse {
            correlation,
            added,
            unknown,
            refusal: None,
        },
        Err(refusal) => AddToElectorateResponse {
            correlation,
            refusal: Some(row_refusal(&refusal)),
            ..Default::default()
        },
    }
}
