//! Trees, tiles, bundles, checkpoints, and where files lie.

use serde_json::{Map, Value, json};
use symbolon_ledger::layout as at;
use symbolon_tlog::{
    Checkpoint, Hash, KeyKind, LogKey, TileMap, TreeWriter, append, bundle_path, consistency_proof,
    encode_bundle, inclusion_proof, leaf_hash, root_at, verify_consistency, verify_inclusion,
};

use super::{array, bytes, hex_of, list, number, text, text_file};

/// The entries: given one by one, or as a count of short texts.
fn entries(inputs: &Value) -> Vec<Vec<u8>> {
    match &inputs["entries"] {
        Value::Array(entries) => entries.iter().map(bytes).collect(),
        rule => {
            let entry = |number| format!("{}{number}", text(&rule["text"])).into_bytes();
            (0..number(&rule["count"])).map(entry).collect()
        }
    }
}

pub(super) fn tree(inputs: &Value) -> Value {
    let entries = entries(inputs);
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = TreeWriter::new();
    let made = append(&mut tree, leaves.iter().copied());
    let mut tiles = Map::new();
    for tile in &made {
        tiles.insert(tile.id().path(), hex_of(tile.to_bytes()));
    }
    let mut map = TileMap::new();
    map.extend(made);
    let mut roots = Map::new();
    for size in list(&inputs["sizes"]).map(number) {
        roots.insert(size.to_string(), hex_of(root_at(&map, size).unwrap()));
    }
    json!({
        "size": tree.size(),
        "root": hex_of(tree.root()),
        "roots": roots,
        "tiles": tiles,
        "inclusion": list(&inputs["inclusion"]).map(|one| included(&map, &leaves, one)).collect::<Vec<_>>(),
        "consistency": list(&inputs["consistency"]).map(|one| consistent(&map, one)).collect::<Vec<_>>(),
    })
}

fn included(map: &TileMap, leaves: &[Hash], wanted: &Value) -> Value {
    let (index, size) = (number(&wanted["index"]), number(&wanted["size"]));
    let proof = inclusion_proof(map, index, size).unwrap();
    let leaf = leaves[usize::try_from(index).unwrap()];
    verify_inclusion(&leaf, index, size, &proof, &root_at(map, size).unwrap()).unwrap();
    proof.iter().map(hex_of).collect()
}

fn consistent(map: &TileMap, wanted: &Value) -> Value {
    let (from, to) = (number(&wanted["from"]), number(&wanted["to"]));
    let proof = consistency_proof(map, from, to).unwrap();
    let [older, newer] = [from, to].map(|size| root_at(map, size).unwrap());
    verify_consistency((from, &older), (to, &newer), &proof).unwrap();
    proof.iter().map(hex_of).collect()
}

pub(super) fn bundle(inputs: &Value) -> Value {
    let entries = entries(inputs);
    let width = u16::try_from(entries.len()).unwrap();
    json!({
        "path": bundle_path(number(&inputs["number"]), width),
        "bytes": hex_of(encode_bundle(&entries).unwrap()),
    })
}

pub(super) fn checkpoint(inputs: &Value) -> Value {
    let origin = text(&inputs["origin"]);
    let root = Hash::new(array(&inputs["root"]));
    let checkpoint = Checkpoint::new(origin, number(&inputs["size"]), root).unwrap();
    let log = LogKey::new(origin, &array(&inputs["logSecret"])).unwrap();
    let body = checkpoint.to_text();
    let mut signed = checkpoint.sign(&log, number(&inputs["time"])).unwrap();
    for witness in list(&inputs["witnesses"]) {
        let key = LogKey::new(text(&witness["name"]), &array(&witness["secret"])).unwrap();
        let line = key.cosign(&body, number(&witness["time"])).unwrap();
        signed
            .add_cosignature(&key.verifier(KeyKind::CosignatureV1), line)
            .unwrap();
    }
    signed.verify(&log.verifier(KeyKind::Ed25519)).unwrap();
    let mut outputs = text_file(signed.to_text().as_bytes());
    outputs["body"] = body.into();
    outputs
}

/// Every file of a public log.
pub(super) fn layout(inputs: &Value) -> Value {
    let mut paths = vec![at::CHECKPOINT.to_owned(), at::CHECKPOINT_SIZES.to_owned()];
    let sizes: Vec<u64> = list(&inputs["checkpoints"]).map(number).collect();
    paths.extend(sizes.iter().map(|size| at::checkpoint(*size)));
    let size = number(&inputs["logSize"]);
    paths.extend(at::files_of(size).map(|(number, width)| at::entries(number, width)));
    paths.extend(hash_tiles(size).map(|(level, number, width)| at::tile(level, number, width)));
    for roll in list(&inputs["rolls"]) {
        let election = text(&roll["election"]).strip_prefix("0x").unwrap();
        let size = number(&roll["size"]);
        let leaves = |(number, width)| at::roll_leaves(election, number, width);
        paths.extend(at::files_of(size).map(leaves));
        let tile = |(level, number, width)| at::roll_tile(election, level, number, width);
        paths.extend(hash_tiles(size).map(tile));
    }
    paths.extend(list(&inputs["contents"]).map(|hash| at::content(&array(hash))));
    let exported = (0..number(&inputs["statements"])).map(at::statement);
    json!({
        "paths": paths,
        "checkpointSizes": at::checkpoint_sizes(&sizes),
        "exported": exported.collect::<Vec<_>>(),
    })
}

fn hash_tiles(size: u64) -> impl Iterator<Item = (u8, u64, u16)> {
    let levels = std::iter::successors(Some(size), |count| Some(count / 256));
    (0..)
        .zip(levels.take_while(|count| *count > 0))
        .flat_map(|(level, count)| at::files_of(count).map(move |(n, width)| (level, n, width)))
}
