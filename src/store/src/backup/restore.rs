//! A store made of a backup.

use std::fs;
use std::io::Read;
use std::path::Path;

use symbolon_tlog::Frontier;

use super::{BackupPart, BackupReader, BackupSummary};
use crate::audit_tree;
use crate::checkpoint::CheckpointFile;
use crate::directory::{Directory, file_error, finish, sync_directory};
use crate::engine::{Batch, Engine};
use crate::layout::{HEAD, encode_value, row_key};
use crate::sled_engine::SledEngine;
use crate::{Head, LocalStore, Options, Row, StoreError};

/// How many rows are applied at a time.
const BATCH: usize = 256;

impl LocalStore {
    /// Makes a new store of a backup, and its checkpoint file; nothing may be there yet.
    ///
    /// It counts its changes on from `least`, if the backup's store had made fewer: no number is
    /// given out twice.
    ///
    /// # Errors
    /// The backup is damaged, the directory isn't empty, the checkpoint file exists, or a file
    /// can't be written. What was made until then is no store, and can be removed.
    pub fn restore<R: Read>(
        options: Options,
        least: u64,
        backup: &mut BackupReader<R>,
    ) -> Result<(Self, BackupSummary), StoreError> {
        let directory = Directory::create(&options.directory)?;
        let checkpoint = CheckpointFile::new(&options.checkpoint_file, &options.directory)?;
        checkpoint.check_absent()?;
        let engine = SledEngine::open(directory, options.cache, options.reserve)?;
        let summary = fill(&engine, backup)?;
        let found = backup.head();
        let head = Head {
            generation: found.generation().max(least),
            ..found.clone()
        };
        engine.apply(Batch::from([(HEAD.to_vec(), Some(head.encode()))]))?;
        engine.sync()?;
        checkpoint.write(&head)?;
        finish(&options.directory, head.installation())?;
        let store = Self::start(
            Box::new(engine),
            head,
            checkpoint,
            options.readers,
            options.on_failure,
        )?;
        Ok((store, summary))
    }
}

/// Moves a store that is closed, and its checkpoint file, to where a vault looks for them. A crash in
/// between leaves a store that its checkpoint file refuses, or one without.
///
/// # Errors
/// There is a store already, or a file can't be moved. Of two file systems none is moved to the
/// other.
pub fn put_in_place(
    (directory, checkpoint): (&Path, &Path),
    (own_directory, own_checkpoint): (&Path, &Path),
) -> Result<(), StoreError> {
    let mut found = fs::read_dir(own_directory).into_iter().flatten();
    if found.next().is_some() {
        return Err(StoreError::Exists(own_directory.to_owned()));
    }
    for (from, to) in [(directory, own_directory), (checkpoint, own_checkpoint)] {
        fs::rename(from, to).map_err(|error| file_error("can't move to", to, &error))?;
        let folder = to.parent().filter(|parent| *parent != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        sync_directory(folder).map_err(|error| file_error("can't sync", folder, &error))?;
    }
    Ok(())
}

fn fill<R: Read>(
    engine: &dyn Engine,
    backup: &mut BackupReader<R>,
) -> Result<BackupSummary, StoreError> {
    let mut tree = Frontier::new();
    loop {
        match backup.read()? {
            BackupPart::Rows(rows) => {
                for some in rows.chunks(BATCH) {
                    apply(engine, some.iter().map(raw).collect())?;
                }
            }
            BackupPart::Leaves(leaves) => {
                for some in leaves.chunks(BATCH) {
                    let mut batch = Batch::new();
                    for leaf in some {
                        audit_tree::append(&mut tree, leaf.clone(), &mut batch);
                    }
                    apply(engine, batch)?;
                }
            }
            BackupPart::End(summary) => return Ok(summary),
        }
    }
}

fn raw(row: &Row) -> (Vec<u8>, Option<Vec<u8>>) {
    let value = encode_value(row.value.revision.0, &row.value.bytes);
    (row_key(&row.key), Some(value))
}

fn apply(engine: &dyn Engine, batch: Batch) -> Result<(), StoreError> {
    let values = batch.values().flatten();
    engine.room(values.map(|value| value.len() as u64).sum())?;
    engine.apply(batch)
}
