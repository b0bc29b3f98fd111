//! Whole rolls of people, against a vault of straw that loses its temper.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use futures_util::StreamExt;
use symbolon_api_closed::registration::{
    AmendPersonRequest, AmendPersonResponse, Attribute, CheckPersonRequest, CheckPersonResponse,
    ErasePersonRequest, ErasePersonResponse, GetSchemaRequest, GetSchemaResponse, Problem,
    RegisterPeopleRequest, RegisterPeopleResponse, RegisterPersonRequest, RegisterPersonResponse,
    ResumePersonRequest, ResumePersonResponse, RowRefusal, SuspendPersonRequest,
    SuspendPersonResponse,
    register_people_response::Outcome,
    registration_server::{Registration, RegistrationServer},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use crate::world::World;

#[derive(Default)]
struct Seen {
    lines: BTreeMap<u64, u32>,
    put_off: HashSet<u64>,
    streams: u32,
}

/// Breaks its first stream after ten answers; puts every seventh row off once.
#[derive(Clone)]
struct Straw {
    seen: Arc<Mutex<Seen>>,
    budget: Option<usize>,
}

impl Straw {
    fn answer(&self, request: RegisterPeopleRequest) -> RegisterPeopleResponse {
        let mut seen = self.seen.lock().unwrap();
        *seen.lines.entry(request.correlation).or_default() += 1;
        let attributes = request.person.unwrap().attributes;
        let refuse = |reason: &str, field: &str, retry_after_ms, ticket| {
            Outcome::Refusal(RowRefusal {
                reason: reason.into(),
                field: field.into(),
                description: "so it is".into(),
                ticket,
                retry_after_ms,
            })
        };
        let outcome = if self.budget.is_some_and(|budget| seen.lines.len() > budget) {
            refuse("BUDGET_EXHAUSTED", "", 86_400_000, 0)
        } else if request.correlation.is_multiple_of(7) && seen.put_off.insert(request.correlation)
        {
            refuse("BUSY", "", 20, 0)
        } else if attributes["document"] == "bad" {
            refuse("INVALID_ATTRIBUTE", "document", 0, 0)
        } else if attributes["document"] == "twin" {
            refuse("IDENTITY_CONFLICT", "document", 0, 17)
        } else {
            Outcome::RegistrationId(vec![7; 32])
        };
        RegisterPeopleResponse {
            correlation: request.correlation,
            outcome: Some(outcome),
        }
    }
}

#[tonic::async_trait]
impl Registration for Straw {
    type RegisterPeopleStream = ReceiverStream<Result<RegisterPeopleResponse, Status>>;

    async fn register_person(
        &self,
        _: Request<RegisterPersonRequest>,
    ) -> Result<Response<RegisterPersonResponse>, Status> {
        Ok(Response::new(RegisterPersonResponse {
            registration_id: vec![9; 32],
        }))
    }

    async fn register_people(
        &self,
        requests: Request<Streaming<RegisterPeopleRequest>>,
    ) -> Result<Response<Self::RegisterPeopleStream>, Status> {
        let first = {
            let mut seen = self.seen.lock().unwrap();
            seen.streams += 1;
            seen.streams == 1
        };
        let (sender, receiver) = tokio::sync::mpsc::channel(16);
        let (mut requests, straw) = (requests.into_inner(), self.clone());
        tokio::spawn(async move {
            let mut answers = 0;
            while let Some(Ok(request)) = requests.next().await {
                if first && answers == 10 {
                    let _ = sender.send(Err(Status::unavailable("lost"))).await;
                    return;
                }
                answers += 1;
                if sender.send(Ok(straw.answer(request))).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn check_person(
        &self,
        request: Request<CheckPersonRequest>,
    ) -> Result<Response<CheckPersonResponse>, Status> {
        let person = request.into_inner().person.unwrap();
        let bad = person
            .attributes
            .get("document")
            .is_some_and(|document| document == "bad");
        let problem = Problem {
            field: "document".into(),
            reason: "INVALID_ATTRIBUTE".into(),
            description: "not a document".into(),
        };
        Ok(Response::new(CheckPersonResponse {
            problems: if bad { vec![problem] } else { vec![] },
        }))
    }

    async fn amend_person(
        &self,
        _: Request<AmendPersonRequest>,
    ) -> Result<Response<AmendPersonResponse>, Status> {
        Err(Status::unimplemented("it knows nobody"))
    }

    async fn suspend_person(
        &self,
        _: Request<SuspendPersonRequest>,
    ) -> Result<Response<SuspendPersonResponse>, Status> {
        Err(Status::unimplemented("it knows nobody"))
    }

    async fn resume_person(
        &self,
        _: Request<ResumePersonRequest>,
    ) -> Result<Response<ResumePersonResponse>, Status> {
        Err(Status::unimplemented("it knows nobody"))
    }

    async fn erase_person(
        &self,
        _: Request<ErasePersonRequest>,
    ) -> Result<Response<ErasePersonResponse>, Status> {
        Err(Status::unimplemented("it knows nobody"))
    }

    async fn get_schema(
        &self,
        _: Request<GetSchemaRequest>,
    ) -> Result<Response<GetSchemaResponse>, Status> {
        let attribute = |name: &str| Attribute {
            name: name.into(),
            kind: "text".into(),
            folds: vec![],
        };
        Ok(Response::new(GetSchemaResponse {
            attributes: vec![attribute("name"), attribute("document")],
            rules: vec![],
        }))
    }
}

fn serve(straw: Straw) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            tonic::transport::Server::builder()
                .add_service(RegistrationServer::new(straw))
                .serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener))
                .await
                .unwrap();
        });
    });
    address
}

fn world(budget: Option<usize>) -> (World, Straw) {
    let straw = Straw {
        seen: Arc::default(),
        budget,
    };
    let world = World::new();
    let address = serve(straw.clone());
    world.write("portal.toml", format!("endpoint = \"http://{address}\"\n"));
    (world, straw)
}

fn people(rows: u32) -> String {
    let mut text = "name,document,district\n".to_owned();
    for row in 0..rows {
        let document = match row {
            20 => "bad".into(),
            30 => "twin".into(),
            _ => row.to_string(),
        };
        text.push_str(&format!("person {row},{document},North\n"));
    }
    text
}

const REGISTER: &str = "--json --profile portal.toml people register people.csv --ignore district --out ids.csv --copy district";

#[test]
fn a_roll_survives_a_broken_stream_and_a_busy_vault_and_rows_at_fault_are_named() {
    let (world, straw) = world(None);
    world.write("people.csv", people(1500) + "too,few\n");
    let report = world.line(REGISTER).ends_with(1).json();
    assert_eq!(report["registered"], 1498);
    assert_eq!(report["refused"], 3);
    assert_eq!(report["refusedByReason"]["IDENTITY_CONFLICT"], 1);
    let errors = std::fs::read_to_string(world.path("people.csv.errors.csv")).unwrap();
    assert!(
        errors.contains("\n22,document,INVALID_ATTRIBUTE,so it is,\n"),
        "{errors}"
    );
    assert!(
        errors.contains("\n32,document,IDENTITY_CONFLICT,so it is,17\n"),
        "{errors}"
    );
    assert!(
        errors.contains("\n1502,district,UNREADABLE_ROW,"),
        "{errors}"
    );
    assert!(!errors.contains("person"), "{errors}");
    let ids = std::fs::read_to_string(world.path("ids.csv")).unwrap();
    assert_eq!(ids.lines().count(), 1499);
    assert!(ids.starts_with(&format!(
        "line,registration_id,district\n2,{},North\n",
        "07".repeat(32)
    )));
    assert!(straw.seen.lock().unwrap().streams >= 2);
    let journal = std::fs::read_to_string(world.path("people.csv.journal")).unwrap();
    assert!(!journal.contains("person"));
}

#[test]
fn a_second_run_sends_nothing_again() {
    let (world, straw) = world(None);
    world.write("people.csv", people(15));
    world.line(REGISTER).fine();
    let before = straw.seen.lock().unwrap().lines.values().sum::<u32>();
    let report = world.line(REGISTER).fine().json();
    assert_eq!(report["settledBefore"], 15);
    assert_eq!(
        straw.seen.lock().unwrap().lines.values().sum::<u32>(),
        before
    );
}

#[test]
fn a_changed_file_does_not_go_on_with_the_old_journal() {
    let (world, _) = world(None);
    world.write("people.csv", people(5));
    world.line(REGISTER).fine();
    world.write("people.csv", people(6));
    world.line(REGISTER).ends_with(2).says("journal");
}

#[test]
fn a_spent_budget_stops_the_run_and_a_later_one_goes_on() {
    let (world, straw) = world(Some(12));
    world.write("people.csv", people(19));
    let report = world
        .line(REGISTER)
        .ends_with(1)
        .says("BUDGET_EXHAUSTED")
        .json();
    assert_eq!(report["complete"], false);
    let done = report["registered"].as_u64().unwrap();
    assert!(done < 19);
    let generous = serve(Straw {
        budget: None,
        ..straw
    });
    world.write("portal.toml", format!("endpoint = \"http://{generous}\"\n"));
    let report = world.line(REGISTER).fine().json();
    assert_eq!(report["registered"], 19);
    assert_eq!(report["settledBefore"], done);
}

#[test]
fn a_column_that_is_no_attribute_must_be_ignored_by_name() {
    let (world, _) = world(None);
    world.write("people.csv", people(3));
    world
        .line("--profile portal.toml people register people.csv")
        .ends_with(2)
        .says("--ignore district");
}

#[test]
fn one_person_is_registered_and_checked() {
    let (world, _) = world(None);
    let one = world
        .line("--json --profile portal.toml person register --attribute name=x")
        .fine()
        .json();
    assert_eq!(one["registrationId"], "09".repeat(32));
    world.write("person.json", r#"{"name":"x","document":"bad"}"#);
    let checked = world
        .line("--json --profile portal.toml person check --file person.json")
        .ends_with(1)
        .json();
    assert_eq!(checked["problems"][0]["field"], "document");
    world.write("person.json", r#"{"name":5}"#);
    world
        .line("--profile portal.toml person check --file person.json")
        .ends_with(2)
        .says("person.json");
}
