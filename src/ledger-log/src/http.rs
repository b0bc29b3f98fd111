//! The log's files over HTTP, for observers and browsers anywhere.
//!
//! Whatever isn't a public file's one path is 404: the path is parsed, not joined.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use symbolon_ledger::layout;
use symbolon_tlog::{TILE_WIDTH, TileId, parse_tile_number};
use tokio::io::AsyncReadExt as _;

use crate::reader::LogReader;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=60";
const FRESH: &str = "no-cache";
const TEXT: &str = "text/plain; charset=utf-8";
const BINARY: &str = "application/octet-stream";
const CHUNK: usize = 64 * 1024;

/// Serves a log's folder: `GET` and `HEAD` of each public file, readable from any
/// origin. Tiles that no checkpoint covers yet aren't served.
pub fn router(root: impl Into<PathBuf>) -> Router {
    let root = root.into();
    let reader = LogReader::folder(&root);
    let served = Arc::new(Served {
        root,
        reader,
        size: AtomicU64::new(0),
    });
    Router::new()
        .route("/{*path}", get(file))
        .with_state(served)
}

struct Served {
    root: PathBuf,
    reader: LogReader,
    /// A size that a checkpoint had.
    size: AtomicU64,
}

impl Served {
    /// Whether a checkpoint covers the last hash or entry of a file.
    async fn covers(self: Arc<Self>, level: u8, end: u64) -> bool {
        let covered = |size: u64| end <= size >> (8 * u32::from(level));
        if covered(self.size.load(Ordering::Relaxed)) {
            return true;
        }
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || this.reader.checkpoint()).await;
        let Ok(Ok(checkpoint)) = read else {
            return false;
        };
        let size = checkpoint.checkpoint().size();
        self.size.fetch_max(size, Ordering::Relaxed);
        covered(size)
    }
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Public {
    /// Changes with each publication.
    Checkpoint,
    /// Of the log's own tree: a level, and how many of its hashes must be covered.
    Log { level: u8, end: u64, full: bool },
    /// Of a roll's tree.
    Roll { full: bool },
    /// Named by its hash.
    Content,
}

impl Public {
    fn parse(path: &str) -> Option<Self> {
        if path == layout::CHECKPOINT || path == layout::CHECKPOINT_SIZES {
            return Some(Self::Checkpoint);
        }
        let (folder, rest) = path.split_once('/')?;
        match folder {
            layout::CHECKPOINTS => {
                let size: u64 = rest.parse().ok()?;
                (size.to_string() == rest).then_some(Self::Checkpoint)
            }
            layout::TILE => Self::parse_tile(path, rest),
            layout::ROLL => Self::parse_roll(rest),
            layout::CONTENT => is_hash(rest).then_some(Self::Content),
            _ => None,
        }
    }

    fn parse_tile(path: &str, rest: &str) -> Option<Self> {
        let (level, index, width) = match rest.strip_prefix("entries/") {
            Some(number) => parse_tile_number(number)
                .map(|(index, width)| (0, index, width))
                .ok()?,
            None => TileId::parse(path)
                .map(|id| (id.level(), id.index(), id.width()))
                .ok()?,
        };
        let end = index
            .checked_mul(u64::from(TILE_WIDTH))?
            .checked_add(u64::from(width))?;
        Some(Self::Log {
            level,
            end,
            full: width == TILE_WIDTH,
        })
    }

    fn parse_roll(rest: &str) -> Option<Self> {
        let (election, rest) = rest.split_once('/')?;
        let width = match rest.strip_prefix("leaves/") {
            Some(number) => parse_tile_number(number).ok()?.1,
            None => TileId::parse(rest).ok()?.width(),
        };
        is_hash(election).then_some(Self::Roll {
            full: width == TILE_WIDTH,
        })
    }

    fn content_type(self) -> &'static str {
        if self == Self::Checkpoint {
            TEXT
        } else {
            BINARY
        }
    }

    fn cache_control(self) -> &'static str {
        match self {
            Self::Checkpoint => FRESH,
            Self::Log { full: true, .. } | Self::Roll { full: true } | Self::Content => IMMUTABLE,
            Self::Log { .. } | Self::Roll { .. } => SHORT,
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

async fn file(State(served): State<Arc<Served>>, Path(path): Path<String>) -> Response {
    let mut response = match Public::parse(&path) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(public) => serve(served, &path, public).await,
    };
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

async fn serve(served: Arc<Served>, path: &str, public: Public) -> Response {
    if let Public::Log { level, end, .. } = public
        && !served.clone().covers(level, end).await
    {
        return StatusCode::NOT_FOUND.into_response();
    }
    match open(&served.root.join(path)).await {
        Ok((file, length)) => {
            let headers = [
                (header::CONTENT_TYPE, public.content_type().to_owned()),
                (header::CACHE_CONTROL, public.cache_control().to_owned()),
                (header::CONTENT_LENGTH, length.to_string()),
            ];
            (headers, body(file, length)).into_response()
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            StatusCode::NOT_FOUND.into_response()
        }
        Err(error) => {
            tracing::warn!(path, %error, "a public file can't be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn open(path: &std::path::Path) -> io::Result<(tokio::fs::File, u64)> {
    let file = tokio::fs::File::open(path).await?;
    let metadata = file.metadata().await?;
    if metadata.is_file() {
        Ok((file, metadata.len()))
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// The file in pieces: never more of it in memory than a piece a reader.
fn body(file: tokio::fs::File, length: u64) -> Body {
    let pieces = futures_util::stream::try_unfold(file.take(length), |mut file| async move {
        let mut piece = vec![0; CHUNK];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests;
