use std::{pin::Pin, sync::Arc};

use symbolon_api_closed::registration::{
    AmendPersonRequest, AmendPersonResponse, Attribute, CheckPersonRequest, CheckPersonResponse,
    ErasePersonRequest, ErasePersonResponse, GetSchemaRequest, GetSchemaResponse, Person, Problem,
    RegisterPeopleRequest, RegisterPeopleResponse, RegisterPersonRequest, RegisterPersonResponse,
    ResumePersonRequest, ResumePersonResponse, RowRefusal, Rule, SuspendPersonRequest,
    SuspendPersonResponse, register_people_response::Outcome, registration_server::Registration,
};
use symbolon_identity as identity;
use symbolon_keyring::{PortalName, RegistrationId};
use symbolon_service::{Refusal, reasons::Reason};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::{Service, registration_id, stream::rows_in_order};
use crate::{audit::Caller, core::Core, registration::Queued};

#[tonic::async_trait]
impl Registration for Service {
    async fn register_person(
        &self,
        request: Request<RegisterPersonRequest>,
    ) -> Result<Response<RegisterPersonResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let person = person(request.into_inner().person);
        let stretched = self.stretch(&person).await?;
        let queued = self.0.queue(&portal, stretched).map_err(Refusal::from)?;
        let id = self.register(caller, queued).await?;
        Ok(Response::new(RegisterPersonResponse {
            registration_id: id.as_bytes().to_vec(),
        }))
    }

    type RegisterPeopleStream =
        Pin<Box<dyn Stream<Item = Result<RegisterPeopleResponse, Status>> + Send>>;

    async fn register_people(
        &self,
        request: Request<Streaming<RegisterPeopleRequest>>,
    ) -> Result<Response<Self::RegisterPeopleStream>, Status> {
        let (portal, caller) = self.portal(&request)?;
        self.0.keys().map_err(Refusal::from)?;
        let results = rows_in_order(self.clone(), portal, caller, request.into_inner());
        Ok(Response::new(Box::pin(ReceiverStream::new(results))))
    }

    async fn check_person(
        &self,
        request: Request<CheckPersonRequest>,
    ) -> Result<Response<CheckPersonResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        let problems = match person(request.into_inner().person).canonical(&self.0.schema) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.into_iter().map(problem).collect(),
        };
        Ok(Response::new(CheckPersonResponse { problems }))
    }

    async fn amend_person(
        &self,
        request: Request<AmendPersonRequest>,
    ) -> Result<Response<AmendPersonResponse>, Status> {
        let (portal, caller) = self.portal(&request)?;
        let request = request.into_inner();
        let id = registration_id("registrationId", &request.registration_id)?;
        let stretched = self.stretch(&person(request.person)).await?;
        let queued = self.0.queue(&portal, stretched).map_err(Refusal::from)?;
        self.register(caller, queued.amending(id)).await?;
        Ok(Response::new(AmendPersonResponse {}))
    }

    async fn suspend_person(
        &self,
        request: Request<SuspendPersonRequest>,
    ) -> Result<Response<SuspendPersonResponse>, Status> {
        let (caller, portal, id) = self.own_person(request, |own| own.registration_id)?;
        self.to_the_end(async move |core| core.suspend_person(&caller, &portal, &id).await)
            .await?;
        Ok(Response::new(SuspendPersonResponse {}))
    }

    async fn resume_person(
        &self,
        request: Request<ResumePersonRequest>,
    ) -> Result<Response<ResumePersonResponse>, Status> {
        let (caller, portal, id) = self.own_person(request, |own| own.registration_id)?;
        self.to_the_end(async move |core| core.resume_person(&caller, &portal, &id).await)
            .await?;
        Ok(Response::new(ResumePersonResponse {}))
    }

    async fn erase_person(
        &self,
        request: Request<ErasePersonRequest>,
    ) -> Result<Response<ErasePersonResponse>, Status> {
        let (caller, portal, id) = self.own_person(request, |own| own.registration_id)?;
        self.to_the_end(async move |core| core.erase_person(&caller, &portal, &id).await)
            .await?;
        Ok(Response::new(ErasePersonResponse {}))
    }

    async fn get_schema(
        &self,
        _: Request<GetSchemaRequest>,
    ) -> Result<Response<GetSchemaResponse>, Status> {
        self.0.keys().map_err(Refusal::from)?;
        Ok(Response::new(schema(&self.0.schema)))
    }
}

impl Service {
    /// Which of the calling portal's people a call is about.
    fn own_person<T>(
        &self,
        request: Request<T>,
        id: impl FnOnce(T) -> Vec<u8>,
    ) -> Result<(Caller, PortalName, RegistrationId), Refusal> {
        let (portal, caller) = self.portal(&request)?;
        let id = registration_id("registrationId", &id(request.into_inner()))?;
        Ok((caller, portal, id))
    }

    /// The registration ID of a queued person.
    pub(super) async fn register(
        &self,
        caller: Caller,
        queued: Queued,
    ) -> Result<RegistrationId, Refusal> {
        let work = async move |core: Arc<Core>| core.register(&caller, queued).await;
        self.to_the_end(work).await
    }

    /// The stretched match keys of a person.
    pub(super) async fn stretch(
        &self,
        person: &identity::Person,
    ) -> Result<Vec<identity::stretch::Stretched>, Refusal> {
        Ok(self.0.stretch(self.canonical(person)?).await?)
    }

    /// The canonical form of a person.
    pub(super) fn canonical(
        &self,
        person: &identity::Person,
    ) -> Result<identity::CanonicalPerson, Refusal> {
        let canonical = person.canonical(&self.0.schema);
        canonical.map_err(|problems| refusal(&problems))
    }
}

/// The answer to one row of a stream.
pub(super) fn row(
    correlation: u64,
    outcome: Result<RegistrationId, Refusal>,
) -> RegisterPeopleResponse {
    let outcome = match outcome {
        Ok(id) => Outcome::RegistrationId(id.as_bytes().to_vec()),
        Err(refusal) => Outcome::Refusal(row_refusal(&refusal)),
    };
    RegisterPeopleResponse {
        correlation,
        outcome: Some(outcome),
    }
}

/// A refusal inside a stream.
pub(super) fn row_refusal(refusal: &Refusal) -> RowRefusal {
    let ticket = refusal
        .metadata("ticket")
        .and_then(|ticket| ticket.parse().ok());
    let delay = refusal.retry_after().map(|delay| delay.as_millis());
    RowRefusal {
        reason: refusal.reason().name().to_owned(),
        field: refusal.field().unwrap_or_default().to_owned(),
        description: refusal.description().to_owned(),
        ticket: ticket.unwrap_or_default(),
        retry_after_ms: delay.and_then(|ms| ms.try_into().ok()).unwrap_or_default(),
    }
}

/// A person as a portal sent one; the message's own strings are moved, not copied.
pub(super) fn person(person: Option<Person>) -> identity::Person {
    identity::Person::new(person.unwrap_or_default().attributes)
}

/// The first problem, as a refusal: the field and what is wrong, never the value.
fn refusal(problems: &[identity::Problem]) -> Refusal {
    let Some(first) = problems.first() else {
        return Refusal::new(Reason::InvalidAttribute);
    };
    Refusal::new(Reason::InvalidAttribute)
        .at(first.field.clone())
        .because(first.description())
        .with("problem", first.reason())
}

fn problem(problem: identity::Problem) -> Problem {
    Problem {
        reason: problem.reason().to_owned(),
        description: problem.description(),
        field: problem.field,
    }
}

fn schema(schema: &identity::Schema) -> GetSchemaResponse {
    let attributes = schema.attributes().iter().map(|attribute| Attribute {
        name: attribute.name().to_owned(),
        kind: attribute.kind().as_str().to_owned(),
        folds: attribute
            .folds()
            .iter()
            .map(|fold| fold.as_str().to_owned())
            .collect(),
    });
    let current = schema.rules().iter().filter(|rule| !rule.outdated());
    let rules = current.map(|rule| Rule {
        id: rule.id().as_bytes().to_vec(),
        name: rule.name().to_owned(),
        attributes: rule.attributes(schema).map(str::to_owned).collect(),
        kind: rule.kind().as_str().to_owned(),
        always: rule.always(),
        permanent: rule.permanent(),
    });
    GetSchemaResponse {
        attributes: attributes.collect(),
        rules: rules.collect(),
    }
}
