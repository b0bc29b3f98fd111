//! Who may call what: roles, and the table role × method that is asked on the raw
//! path before anything is routed or decoded. What it doesn't list is refused.

use std::{collections::HashMap, fmt, str::FromStr, time::Duration};

use http::{Method, Uri};

use crate::{Reason, Refusal};

/// Whom a client certificate names: the second part of `spiffe://domain/role/name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A registration portal.
    Portal,
    /// A gateway.
    Gateway,
    /// Drafts elections.
    Organiser,
    /// Holds one of the m of n signing keys.
    Officer,
    /// Settles identity conflicts.
    Registrar,
    /// Reads the audit log.
    Auditor,
    /// Anybody, on a listener that asks for no certificate. No certificate names it.
    Public,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Portal,
        Role::Gateway,
        Role::Organiser,
        Role::Officer,
        Role::Registrar,
        Role::Auditor,
        Role::Public,
    ];

    /// The role's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Gateway => "gateway",
            Self::Organiser => "organiser",
            Self::Officer => "officer",
            Self::Registrar => "registrar",
            Self::Auditor => "auditor",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no role's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such role")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    /// The exact name only: no other case, no spaces.
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let role = Self::ALL.into_iter().find(|role| role.as_str() == text);
        role.ok_or(UnknownRole)
    }
}

/// How a method's time is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// One message in, one out: the whole call within `call_seconds`.
    Call,
    /// Messages one after another: only the caller's silence is limited.
    Stream,
}

/// How a row's path is matched.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// `POST /package.Service/Method`, byte by byte.
    Grpc,
    /// An HTTP method and a pattern such as `/v1/ballots/{entry}` or `/log/{*path}`.
    Http(Method),
}

/// One row of a role table: a method and the roles that may call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    path: &'static str,
    roles: &'static [Role],
    pace: Pace,
    kind: Kind,
    request_bytes: u32,
    seconds: u64,
}

impl Row {
    /// A gRPC method with one message in and one out.
    pub const fn call(path: &'static str, roles: &'static [Role]) -> Self {
        Self {
            path,
            roles,
            pace: Pace::Call,
            kind: Kind::Grpc,
            request_bytes: 0,
            seconds: 0,
        }
    }

    /// A gRPC method with a stream in or out.
    pub const fn stream(path: &'static str, roles: &'static [Role]) -> Self {
        Self {
            path,
            roles,
            pace: Pace::Stream,
            kind: Kind::Grpc,
            request_bytes: 0,
            seconds: 0,
        }
    }

    /// An HTTP method on a path. A segment `{name}` stands for any one segment, a last
    /// segment `{*name}` for one or more; both of letters, digits, `.`, `-`, `_`, `~`.
    pub const fn http(method: Method, path: &'static str, roles: &'static [Role]) -> Self {
        Self {
            path,
            roles,
            pace: Pace::Call,
            kind: Kind::Http(method),
            request_bytes: 0,
            seconds: 0,
        }
    }

    /// Takes requests of so many bytes, even where the listener's own limit is lower.
    pub const fn of_bytes(mut self, request_bytes: u32) -> Self {
        self.request_bytes = request_bytes;
        self
    }

    /// May take so many seconds, even where the listener's own limit is lower: work that
    /// grows with the number of people.
    pub const fn of_seconds(mut self, seconds: u64) -> Self {
        self.seconds = seconds;
        self
    }

    /// The path, or the pattern of an HTTP row.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The roles that may call it.
    pub fn roles(&self) -> &'static [Role] {
        self.roles
    }

    /// How its time is limited.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The largest request, where the listener allows `limit` in general.
    pub(crate) fn request_bytes(&self, limit: u32) -> u32 {
        self.request_bytes.max(limit)
    }

    /// How long a call may take, where the listener allows `limit` in general.
    pub(crate) fn time(&self, limit: Duration) -> Duration {
        limit.max(Duration::from_secs(self.seconds))
    }

    /// Whether it is a gRPC method.
    pub fn is_grpc(&self) -> bool {
        self.kind == Kind::Grpc
    }
}

/// The standard health service's methods, for these roles.
pub fn health(roles: &'static [Role]) -> [Row; 2] {
    [
        Row::call("/grpc.health.v1.Health/Check", roles),
        Row::stream("/grpc.health.v1.Health/Watch", roles),
    ]
}

/// The standard reflection service's methods, for these roles.
pub fn reflection(roles: &'static [Role]) -> [Row; 2] {
    [
        Row::stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            roles,
        ),
        Row::stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            roles,
        ),
    ]
}

/// The whole matrix role × method of a listener; default deny.
#[derive(Clone, Debug, Default)]
pub struct RoleTable {
    grpc: HashMap<&'static str, Row>,
    http: Vec<Row>,
}

impl RoleTable {
    /// A table of these rows; of two rows for one method the roles of the last hold.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut table = Self::default();
        for row in rows {
            match row.kind {
                Kind::Grpc => drop(table.grpc.insert(row.path, row)),
                Kind::Http(_) => {
                    table
                        .http
                        .retain(|r| (r.path, &r.kind) != (row.path, &row.kind));
                    table.http.push(row);
                }
            }
        }
        table
    }

    /// Every row, gRPC methods first, in the order of their paths.
    pub fn rows(&self) -> Vec<&Row> {
        let mut rows: Vec<_> = self.grpc.values().collect();
        rows.sort_by_key(|row| row.path);
        rows.extend(&self.http);
        rows
    }

    /// Whether anything is served over plain HTTP/JSON.
    pub fn has_http(&self) -> bool {
        !self.http.is_empty()
    }

    /// Finds the row of a request and asks whether the role may call it.
    pub fn admit(&self, method: &Method, uri: &Uri, role: Role) -> Result<&Row, Refusal> {
        let row = self.find(method, uri);
        let row = row.ok_or_else(|| Refusal::new(Reason::UnknownMethod))?;
        match row.roles.contains(&role) {
            true => Ok(row),
            false => Err(Refusal::new(Reason::PermissionDenied)),
        }
    }

    fn find(&self, method: &Method, uri: &Uri) -> Option<&Row> {
        let path = uri.path();
        if method == Method::POST
            && uri.query().is_none()
            && let Some(row) = self.grpc.get(path)
        {
            return Some(row);
        }
        self.http.iter().find(|row| {
            matches!(&row.kind, Kind::Http(m) if m == method) && matches(row.path, path)
        })
    }
}

/// Whether a raw path fits a pattern, segment by segment.
fn matches(pattern: &str, path: &str) -> bool {
    let mut pattern = pattern.split('/');
    let mut path = path.split('/');
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(tail), Some(first)) if tail.starts_with("{*") => {
                return is_plain(first) && path.all(is_plain);
            }
            (Some(one), Some(segment)) if one.starts_with('{') => {
                if !is_plain(segment) {
                    return false;
                }
            }
            (Some(literal), Some(segment)) if literal == segment => {}
            _ => return false,
        }
    }
}

/// A segment without escapes, and neither empty nor `.` nor `..`.
fn is_plain(segment: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECK: &str = "/grpc.health.v1.Health/Check";

    fn table() -> RoleTable {
        RoleTable::new([
            Row::call(CHECK, &[Role::Portal]),
            Row::http(Method::GET, "/v1/ballots/{entry}", &[Role::Public]),
            Row::http(Method::POST, "/v1/ballots", &[Role::Public]),
            Row::http(Method::GET, "/log/{*path}", &[Role::Public]),
        ])
    }

    #[test]
    fn a_method_made_for_more_takes_more_than_its_listener_in_general() {
        let row = Row::call(CHECK, &[Role::Portal]);
        assert_eq!(row.request_bytes(1000), 1000);
        assert_eq!(row.of_bytes(5000).request_bytes(1000), 5000);
    }

    #[test]
    fn a_method_made_for_long_work_may_take_longer_than_its_listener_in_general() {
        let (row, limit) = (Row::call(CHECK, &[Role::Portal]), Duration::from_secs(10));
        assert_eq!(row.time(limit), limit);
        let long = row.of_seconds(60);
        assert_eq!(long.time(limit), Duration::from_secs(60));
        assert_eq!(long.time(2 * long.time(limit)), Duration::from_secs(120));
    }

    fn ask(method: Method, path: &str, role: Role) -> Result<&'static str, Reason> {
        let uri: Uri = path.parse().map_err(|_| Reason::UnknownMethod)?;
        let table = table();
        let row = table.admit(&method, &uri, role);
        row.map(Row::path).map_err(|refusal| refusal.reason())
    }

    #[test]
    fn only_the_listed_pairs_pass() {
        for role in Role::ALL {
            let expected = match role {
                Role::Portal => Ok(CHECK),
                _ => Err(Reason::PermissionDenied),
            };
            assert_eq!(ask(Method::POST, CHECK, role), expected, "{role}");
        }
    }

    #[test]
    fn variants_of_a_path_are_unknown() {
        for path in [
            "//grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health//Check",
            "/grpc.health.v1.Health/Check/",
            "/grpc.health.v1.health/Check",
            "/GRPC.health.v1.Health/Check",
            "/grpc.health.v1.Health/check",
            "/x/../grpc.health.v1.Health/Check",
            "/./grpc.health.v1.Health/Check",
            "/grpc.health.v1.Health%2fCheck",
            "/grpc.health.v1.Health%2FCheck",
            "/grpc.health.v1.Health/%43heck",
            "/grpc.health.v1.Health/Check?x",
            "/grpc.health.v1.Health/Check;x",
            "/grpc.health.v1.Health/Check%00",
            "/",
            "*",
        ] {
            assert_eq!(
                ask(Method::POST, path, Role::Portal),
                Err(Reason::UnknownMethod),
                "{path}"
            );
        }
        for method in [Method::GET, Method::PUT, Method::OPTIONS] {
            assert_eq!(ask(method, CHECK, Role::Portal), Err(Reason::UnknownMethod));
        }
    }

    #[test]
    fn http_patterns_take_plain_segments_only() {
        let get = |path| ask(Method::GET, path, Role::Public);
        assert_eq!(get("/v1/ballots/0x12ab"), Ok("/v1/ballots/{entry}"));
        assert_eq!(get("/log/tile/0/x001/234.p/5"), Ok("/log/{*path}"));
        assert_eq!(
            ask(Method::POST, "/v1/ballots", Role::Public),
            Ok("/v1/ballots")
        );
        for path in [
            "/v1/ballots",
            "/v1/ballots/",
            "/v1/ballots/a/b",
            "/v1/ballots/..",
            "/v1/ballots/%2e%2e",
            "/V1/ballots/a",
            "/log/",
            "/log/../secret",
            "/log/a//b",
            "/log/a/%2e%2e/b",
            "/logs/a",
        ] {
            assert_eq!(get(path), Err(Reason::UnknownMethod), "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_an_http_row_takes_is_plain(path in "/(log|v1/ballots)(/[a-z.%2f~ ]{0,6}){0,4}") {
            if let Ok(uri) = path.parse::<Uri>()
                && table().admit(&Method::GET, &uri, Role::Public).is_ok()
            {
                assert!(path[1..].split('/').all(is_plain), "{path}");
            }
        }

        #[test]
        fn only_the_exact_grpc_path_is_known(path in "/[a-zA-Z0-9.]{0,20}/?[a-zA-Z]{0,6}") {
            let known = ask(Method::POST, &path, Role::Portal).is_ok();
            assert_eq!(known, path == CHECK);
        }
    }

    #[test]
    fn role_names_are_exact() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        for text in [
            "Portal", "PORTAL", " portal", "portal ", "por tal", "portal\0", "", "admin",
        ] {
            assert_eq!(text.parse::<Role>(), Err(UnknownRole), "{text:?}");
        }
    }
}
