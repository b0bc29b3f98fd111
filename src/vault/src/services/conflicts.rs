use std::sync::Arc;

use symbolon_api_closed::admin::{
    Conflict, GetConflictRequest, GetConflictResponse, ListConflictsRequest, ListConflictsResponse,
    SignVerdictRequest, SignVerdictResponse, conflicts_server::Conflicts,
};
use symbolon_election::{Signature, TicketId};
use symbolon_identity::{RuleId, Schema};
use symbolon_service::{Refusal, reasons::Reason};
use tonic::{Request, Response, Status};

use super::{Service, caller, malformed};
use crate::{
    core::Core,
    registration::{Settled, Ticket, TicketRow, Verdict},
};

/// The most tickets of an answer.
const ROWS: usize = 256;

#[tonic::async_trait]
impl Conflicts for Service {
    async fn list_conflicts(
        &self,
        request: Request<ListConflictsRequest>,
    ) -> Result<Response<ListConflictsResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let ListConflictsRequest { after, settled } = request.into_inner();
        let tickets = self.0.conflicts_after(Ticket(after), ROWS).await;
        let tickets = tickets.map_err(Refusal::from)?;
        let last = tickets.last().filter(|_| tickets.len() == ROWS);
        let shown = tickets
            .iter()
            .filter(|(_, row)| settled || row.settled.is_none());
        let conflicts = shown.map(|(ticket, row)| conflict(&self.0.schema, *ticket, row));
        Ok(Response::new(ListConflictsResponse {
            conflicts: conflicts.collect(),
            next: last.map_or(0, |(ticket, _)| ticket.0),
        }))
    }

    async fn get_conflict(
        &self,
        request: Request<GetConflictRequest>,
    ) -> Result<Response<GetConflictResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let ticket = Ticket(request.into_inner().ticket);
        let row = self.0.conflict(ticket).await.map_err(Refusal::from)?;
        let conflict = Some(conflict(&self.0.schema, ticket, &row));
        Ok(Response::new(GetConflictResponse { conflict }))
    }

    async fn sign_verdict(
        &self,
        request: Request<SignVerdictRequest>,
    ) -> Result<Response<SignVerdictResponse>, Status> {
        let caller = caller(&request)?;
        let SignVerdictRequest {
            id,
            same,
            signature,
        } = request.into_inner();
        let id = TicketId::from_slice(&id).map_err(|_| malformed("id"))?;
        let signature = Signature::from_slice(&signature)
            .map_err(|_| Refusal::new(Reason::InvalidSignature).at("signature"))?;
        let sign = async move |core: Arc<Core>| {
            core.sign_verdict(&caller, &id, Verdict::new(same), &signature)
                .await
        };
        let row = self.to_the_end(sign).await?;
        let conflict = Some(conflict(&self.0.schema, Ticket::of_id(&id), &row));
        Ok(Response::new(SignVerdictResponse { conflict }))
    }
}

fn conflict(schema: &Schema, ticket: Ticket, row: &TicketRow) -> Conflict {
    let name = |id: &[u8; 32]| match schema.rule(&RuleId::from_bytes(*id)) {
        Some(rule) => rule.name().to_owned(),
        None => hex::encode(id),
    };
    let signers = |verdict| {
        let signers = row.signers(verdict);
        signers.map(|signer| signer.as_bytes().to_vec()).collect()
    };
    Conflict {
        ticket: ticket.0,
        opened: row.opened,
        rules: row.rules.iter().map(name).collect(),
        records: row.records.len().try_into().unwrap_or(u32::MAX),
        state: row.state().to_owned(),
        id: row.id(ticket).as_bytes().to_vec(),
        kind: row.kind.clone(),
        portal: row.portal.clone(),
        same: signers(Verdict::Same),
        different: signers(Verdict::Different),
        settled: row.settled.map_or(0, Settled::at),
    }
}
