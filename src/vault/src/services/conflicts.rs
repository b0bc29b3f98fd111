use symbolon_api_closed::admin::{
    Conflict, ListConflictsRequest, ListConflictsResponse, conflicts_server::Conflicts,
};
use symbolon_identity::{RuleId, Schema};
use symbolon_service::Refusal;
use tonic::{Request, Response, Status};

use super::Service;
use crate::registration::{Ticket, TicketRow};

/// The most tickets of an answer.
const ROWS: usize = 256;

#[tonic::async_trait]
impl Conflicts for Service {
    async fn list_conflicts(
        &self,
        request: Request<ListConflictsRequest>,
    ) -> Result<Response<ListConflictsResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let after = Ticket(request.into_inner().after);
        let tickets = self.0.conflicts_after(after, ROWS).await;
        let tickets = tickets.map_err(Refusal::from)?;
        let last = tickets.last().filter(|_| tickets.len() == ROWS);
        let conflicts = tickets
            .iter()
            .map(|ticket| conflict(&self.0.schema, ticket));
        Ok(Response::new(ListConflictsResponse {
            conflicts: conflicts.collect(),
            next: last.map_or(0, |(ticket, _)| ticket.0),
        }))
    }
}

fn conflict(schema: &Schema, (ticket, row): &(Ticket, TicketRow)) -> Conflict {
    let name = |id: &[u8; 32]| match schema.rule(&RuleId::from_bytes(*id)) {
        Some(rule) => rule.name().to_owned(),
        None => hex::encode(id),
    };
    Conflict {
        ticket: ticket.0,
        opened: row.opened,
        rules: row.rules.iter().map(name).collect(),
        records: row.records.len().try_into().unwrap_or(u32::MAX),
        state: "open".to_owned(),
    }
}
