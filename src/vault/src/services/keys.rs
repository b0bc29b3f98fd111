use std::{pin::Pin, time::Duration};

use symbolon_api_closed::admin::{
    Key, ListKeysRequest, ListKeysResponse, WatchRotationRequest, WatchRotationResponse,
    keys_server::Keys,
};
use symbolon_keyring::Planned;
use symbolon_service::{Refusal, reasons::Reason};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::Service;
use crate::rotation::Rotation;

/// The most keys of an answer.
const ROWS: usize = 256;
/// How often a rotation is told of.
const OFTEN: Duration = Duration::from_secs(1);

#[tonic::async_trait]
impl Keys for Service {
    async fn list_keys(
        &self,
        request: Request<ListKeysRequest>,
    ) -> Result<Response<ListKeysResponse>, Status> {
        let plan = self.0.key_plan().await.map_err(Refusal::from)?;
        let start = request.into_inner().start;
        let page = plan.iter().skip(start as usize).take(ROWS).map(key);
        let page: Vec<_> = page.collect();
        let next = match page.len() == ROWS {
            true => start.saturating_add(ROWS as u32),
            false => 0,
        };
        Ok(Response::new(ListKeysResponse { keys: page, next }))
    }

    type WatchRotationStream =
        Pin<Box<dyn Stream<Item = Result<WatchRotationResponse, Status>> + Send>>;

    async fn watch_rotation(
        &self,
        _: Request<WatchRotationRequest>,
    ) -> Result<Response<Self::WatchRotationStream>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(self.clone().tell_of_rotation(sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Service {
    /// Tells how far it is until it has ended, the reader goes or the vault stops.
    async fn tell_of_rotation(self, sender: mpsc::Sender<Result<WatchRotationResponse, Status>>) {
        loop {
            let told = match self.0.rotation().await {
                Ok(None) => return,
                Ok(Some(rotation)) => Ok(response(&rotation)),
                Err(error) => Err(Status::from(Refusal::from(error))),
            };
            let failed = told.is_err();
            if sender.send(told).await.is_err() || failed {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(OFTEN) => {}
                () = sender.closed() => return,
                () = self.stopping() => {
                    let _ = sender.send(Err(Refusal::new(Reason::ShuttingDown).into())).await;
                    return;
                }
            }
        }
    }
}

fn key(planned: &Planned) -> Key {
    let info = &planned.key;
    Key {
        due: planned.due.unwrap_or(0),
        duty: planned.duty.as_str().to_owned(),
        rows_left: planned.rows_left.unwrap_or(0),
        id: info.id.as_bytes().to_vec(),
        purpose: info.purpose.to_string(),
        epoch: info.epoch.0,
        state: info.state.to_string(),
        minted: info.minted,
        activated: info.activated.unwrap_or(0),
        retired: info.retired.unwrap_or(0),
        destroyed: info.destroyed.unwrap_or(0),
    }
}

fn response(rotation: &Rotation) -> WatchRotationResponse {
    WatchRotationResponse {
        key: rotation.key.as_str().to_owned(),
        step: rotation.step.as_str().to_owned(),
        done: rotation.done,
        total: rotation.total,
        renewed: rotation.renewed,
        since: rotation.since,
        share: rotation.share.into(),
    }
}
