use symbolon_api_closed::admin::{
    Backup, GetBackupsRequest, GetBackupsResponse, backups_server::Backups,
};
use symbolon_service::Refusal;
use tonic::{Request, Response, Status};

use super::Service;
use crate::backup::{Standing, Taken};

#[tonic::async_trait]
impl Backups for Service {
    async fn get_backups(
        &self,
        _: Request<GetBackupsRequest>,
    ) -> Result<Response<GetBackupsResponse>, Status> {
        let standing = self.0.backups().await.map_err(Refusal::from)?;
        Ok(Response::new(response(standing)))
    }
}

fn response(standing: Standing) -> GetBackupsResponse {
    let plan = standing.plan;
    GetBackupsResponse {
        due: plan.map_or(0, |plan| plan.due),
        every_hours: plan.map_or(0, |plan| plan.every_hours.into()),
        until: plan.map_or(0, |plan| plan.until),
        under_way: standing.under_way.is_some(),
        written: standing.under_way.unwrap_or(0),
        expected: standing.expected,
        last: standing.taken.map(backup),
        failed: standing.failed.unwrap_or(0),
    }
}

fn backup(taken: Taken) -> Backup {
    Backup {
        name: taken.name,
        taken: taken.taken,
        rows: taken.rows,
        leaves: taken.leaves,
        sha256: taken.sha256.to_vec(),
    }
}
