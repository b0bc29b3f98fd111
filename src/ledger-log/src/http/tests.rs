use super::*;
use crate::disk::Folder;
use crate::simulation::{entries, open};
use axum::http::Request;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use tower::ServiceExt as _;

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(Folder::own(dir.path()).unwrap(), 100).unwrap();
    log.append_batch(&entries(0..300), 101).unwrap();
    log.files().put_content(b"{}").unwrap();
    dir
}

async fn get(dir: &tempfile::TempDir, path: &str) -> Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    router(dir.path()).oneshot(request).await.unwrap()
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    response.headers()[name].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn public_files_are_served_whole_with_their_headers() {
    let dir = folder();
    let content = "content/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    for (path, content_type, cache) in [
        ("checkpoint", TEXT, FRESH),
        ("checkpoints/300", TEXT, FRESH),
        ("checkpoints/sizes", TEXT, FRESH),
        ("tile/0/000", BINARY, IMMUTABLE),
        ("tile/0/001.p/44", BINARY, SHORT),
        ("tile/entries/000", BINARY, IMMUTABLE),
        (content, BINARY, IMMUTABLE),
    ] {
        let response = get(&dir, &format!("/{path}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&response, header::CONTENT_TYPE), content_type);
        assert_eq!(header_of(&response, header::CACHE_CONTROL), cache);
        assert_eq!(
            header_of(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN),
            "*"
        );
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(bytes, std::fs::read(dir.path().join(path)).unwrap());
    }
}

#[tokio::test]
async fn whatever_isn_t_public_isn_t_found() {
    let dir = folder();
    std::fs::create_dir_all(dir.path().join("roll").join("0a".repeat(32))).unwrap();
    for path in [
        "/",
        "/.log/lock",
        "/tile",
        "/tile/0",
        "/tile/0/000.p",
        "/tile/0/0",
        "/tile/00/000",
        "/tile/0/000/",
        "//checkpoint",
        "/checkpoint/",
        "/Checkpoint",
        "/checkpoints/",
        "/checkpoints/0300",
        "/checkpoints/+300",
        "/checkpoints/301",
        "/content/..%2Fcheckpoint",
        "/tile/..%2f..%2fcheckpoint",
        "/../checkpoint",
        "/%2e%2e/checkpoint",
        "/content/44136FA355B3678A1146AD16F7E8649E94FB4FC21FE77E8310C060F61CAAFF8A",
        "/roll/0a/leaves/000",
        &format!("/roll/{}/leaves/000", "0a".repeat(32)),
        &format!("/roll/{}", "0a".repeat(32)),
    ] {
        let response = get(&dir, path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let post = Request::post("/checkpoint").body(Body::empty()).unwrap();
    let response = router(dir.path()).oneshot(post).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn tiles_that_no_checkpoint_covers_aren_t_served() {
    let dir = folder();
    for path in [
        "tile/0/001",
        "tile/entries/001",
        "tile/1/000",
        "tile/0/001.p/45",
    ] {
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, b"half a publication").unwrap();
        assert_eq!(
            get(&dir, &format!("/{path}")).await.status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_publication_is_served_as_soon_as_its_checkpoint_is() {
    let dir = folder();
    let router = router(dir.path());
    let status = async || {
        let request = Request::get("/tile/0/002.p/1").body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap().status()
    };
    assert_eq!(status().await, StatusCode::NOT_FOUND);
    let mut log = open(Folder::own(dir.path()).unwrap(), 100).unwrap();
    log.append_batch(&entries(300..513), 102).unwrap();
    assert_eq!(status().await, StatusCode::OK);
}

proptest! {
    #[test]
    fn no_path_that_parses_leaves_the_folder(path in "[a-z0-9./%x-]{0,40}") {
        if Public::parse(&path).is_some() {
            prop_assert!(!path.contains("..") && !path.starts_with('/') && !path.contains("//"));
        }
    }
}
