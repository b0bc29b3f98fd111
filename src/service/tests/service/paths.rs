//! What may be called, on the wire: the raw path decides.

use http::{Method, StatusCode, uri::PathAndQuery};
use symbolon_service::{Reason, Refusal, config::ClientAuth};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::house::{CHECK, House, Plan, SLOWLY, WATCH};

async fn call(channel: &Channel, path: &str) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();
    let path: PathAndQuery = path.parse().unwrap();
    let request = Request::new(HealthCheckRequest::default());
    client.unary(request, path, codec).await.map(drop)
}

#[tokio::test]
async fn other_spellings_of_a_path_are_unimplemented() {
    let house = House::new();
    let channel = house.north().await;
    call(&channel, CHECK).await.unwrap();
    for path in [
        "//grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health//Check",
        "/grpc.health.v1.Health/Check/",
        "/grpc.health.v1.health/Check",
        "/grpc.health.v1.Health/check",
        "/GRPC.HEALTH.V1.HEALTH/CHECK",
        "/x/../grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health/../grpc.health.v1.Health/Check",
        "/grpc.health.v1.Health%2fCheck",
        "/grpc.health.v1.Health/%43heck",
        "/grpc.health.v1.Health/Check?role=officer",
        "/grpc.health.v1.Health/Nothing",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/",
    ] {
        let status = call(&channel, path).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
        assert_eq!(
            Refusal::from(status).reason(),
            Reason::UnknownMethod,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_role_that_the_row_does_not_list_is_denied() {
    let house = House::new();
    let portal = house.north().await;
    let auditor = house.authority.caller("auditor/otto", 4);
    let auditor = house.channel(&auditor).await;
    let denied = |status: Status| {
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(Refusal::from(status).reason(), Reason::PermissionDenied);
    };
    denied(call(&portal, WATCH).await.unwrap_err());
    for path in [CHECK, WATCH, SLOWLY] {
        denied(call(&auditor, path).await.unwrap_err());
    }
    assert_eq!(
        call(&auditor, "/none").await.unwrap_err().code(),
        Code::Unimplemented
    );
}

async fn http1(house: &House, method: Method, path: &str) -> (StatusCode, String) {
    let mut tcp = TcpStream::connect(house.address).await.unwrap();
    let request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    let status = answer[9..12].parse().unwrap();
    (status, answer)
}

#[tokio::test]
async fn http_rows_are_served_over_http_1() {
    let house = House::with(Plan {
        tls: false,
        client_auth: ClientAuth::None,
        http: true,
        ..Plan::default()
    });
    let (status, answer) = http1(&house, Method::GET, "/v1/hello/anna").await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    for path in [
        "/v1/hello/",
        "/v1/hello/%61nna",
        "/v1/hello/../x",
        "/v1//hello/a",
        CHECK,
    ] {
        let (status, answer) = http1(&house, Method::GET, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.contains("\"reason\":\"UNKNOWN_METHOD\""), "{answer}");
    }
    let (status, _) = http1(&house, Method::POST, "/v1/hello/anna").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = http1(&house, Method::POST, CHECK).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
