//! Compares a role table with the methods of a descriptor set: for the test that
//! every method of the protocol has a row and every row a method.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::FileDescriptorSet;

use crate::roles::{Pace, Row};

/// Where rows and methods disagree; empty when they don't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    /// Methods without a row.
    pub unlisted: Vec<String>,
    /// Rows without a method.
    pub unknown: Vec<String>,
    /// Rows that call a stream a call, or the other way round.
    pub wrong_pace: Vec<String>,
}

impl Mismatch {
    /// Whether rows and methods agree.
    pub fn is_empty(&self) -> bool {
        self.unlisted.is_empty() && self.unknown.is_empty() && self.wrong_pace.is_empty()
    }
}

/// The paths of a descriptor set's methods, each with its pace.
pub fn methods(descriptors: &[u8]) -> Result<BTreeMap<String, Pace>, prost::DecodeError> {
    let mut methods = BTreeMap::new();
    for file in FileDescriptorSet::decode(descriptors)?.file {
        let package = file.package().to_owned();
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{package}.{}/{}", service.name(), method.name());
                let streams = method.client_streaming() || method.server_streaming();
                let pace = if streams { Pace::Stream } else { Pace::Call };
                methods.insert(path, pace);
            }
        }
    }
    Ok(methods)
}

/// Compares the gRPC rows with the methods of the descriptor sets. Health and
/// reflection rows need no descriptors.
pub fn compare(rows: &[Row], descriptor_sets: &[&[u8]]) -> Result<Mismatch, prost::DecodeError> {
    let mut all = BTreeMap::new();
    for set in descriptor_sets {
        all.extend(methods(set)?);
    }
    let mut mismatch = Mismatch::default();
    for row in rows
        .iter()
        .filter(|row| row.is_grpc() && !is_standard(row.path()))
    {
        match all.remove(row.path()) {
            None => mismatch.unknown.push(row.path().to_owned()),
            Some(pace) if pace != row.pace() => mismatch.wrong_pace.push(row.path().to_owned()),
            Some(_) => {}
        }
    }
    mismatch.unlisted = all.into_keys().collect();
    Ok(mismatch)
}

fn is_standard(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.v1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::{Role, health};

    const CHECK: &str = "/grpc.health.v1.Health/Check";
    const WATCH: &str = "/grpc.health.v1.Health/Watch";

    fn descriptors() -> Vec<u8> {
        // The standard health service under another package, so that rows are compared.
        let set = FileDescriptorSet::decode(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        let mut set = set;
        set.file[0].package = Some("test.v1".into());
        set.encode_to_vec()
    }

    #[test]
    fn methods_are_read_with_their_pace() {
        let methods = methods(tonic_health::pb::FILE_DESCRIPTOR_SET).unwrap();
        assert_eq!(methods.get(CHECK), Some(&Pace::Call));
        assert_eq!(methods.get(WATCH), Some(&Pace::Stream));
    }

    #[test]
    fn a_method_without_a_row_and_a_row_without_a_method_are_named() {
        let rows = [
            Row::stream("/test.v1.Health/Check", &[Role::Portal]),
            Row::call("/test.v1.Health/Gone", &[Role::Portal]),
        ];
        let mismatch = compare(&rows, &[&descriptors()]).unwrap();
        assert!(
            mismatch
                .unlisted
                .contains(&"/test.v1.Health/Watch".to_owned())
        );
        assert_eq!(mismatch.unknown, ["/test.v1.Health/Gone"]);
        assert_eq!(mismatch.wrong_pace, ["/test.v1.Health/Check"]);
    }

    #[test]
    fn standard_services_need_no_descriptors() {
        let rows = health(&[Role::Public]);
        assert!(compare(&rows, &[]).unwrap().is_empty());
    }

    #[test]
    fn bytes_that_are_no_descriptors_are_refused() {
        assert!(methods(b"\xff\xff").is_err());
    }
}
