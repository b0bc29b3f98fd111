//! One election during which everything happens to the nodes that a town must reckon with.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use symbolon_election::Domain;
use symbolon_ledger_ethereum::{EthereumLedger, Node};

use crate::election::{GRACE, Poll, entries, now, receipt};
use crate::report::{Head, Report};
use crate::support::signer;
use crate::town::{CITIZEN, DEPTH, PERIOD, SIGNERS, Town};

const CHAIN: u64 = 20_171;
/// In one go, to see how fast it is.
const MANY: u32 = 8_000;
const VOTERS: u32 = MANY + 2_000;
const LATECOMER: &str = "latecomer";

struct Story {
    town: Town,
    poll: Poll,
    report: Report,
}

#[test]
#[ignore = "needs geth: tests/ethereum/network"]
fn an_election_outlives_whatever_befalls_the_nodes_and_each_node_shows_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let payers = ["gateway one", "gateway two", "citizen"].map(|name| signer(name).address());
    let town = Town::found(folder.path(), CHAIN, &payers);
    let domain = town.deploy();
    let poll = Poll::new(&town, domain, VOTERS);
    let mut story = Story {
        town,
        poll,
        report: Report::default(),
    };
    let one = story.poll.gateway(&story.town, "gateway one", &SIGNERS);
    let two = story.poll.gateway(
        &story.town,
        "gateway two",
        &[SIGNERS[1], CITIZEN, SIGNERS[0]],
    );
    story.open(&one);
    story.many_ballots(&one);
    story.a_signer_and_the_follower_are_killed(&two);
    story.a_signer_is_cut_off(&two);
    story.a_signer_hangs(&one);
    story.the_nodes_are_updated_one_by_one(&one);
    story.the_whole_town_is_without_power(&two);
    story.anybody_submits();
    story.close(&one);
    story.all_nodes_show_the_same(folder.path());
    let text = story.report.text();
    println!("\n{text}");
    if let Some(file) = std::env::var_os("REPORT") {
        std::fs::write(file, text).unwrap();
    }
}

impl Story {
    fn domain(&self) -> Domain {
        self.poll.domain.clone()
    }

    fn height(&self, name: &str) -> u64 {
        self.town.head(&self.domain(), name).unwrap().number
    }

    fn node(&self, name: &str) -> Node {
        Node::new(&self.town.config(&self.domain(), &[name]))
    }

    fn all(&self) -> Vec<&str> {
        self.town.nodes.iter().map(String::as_str).collect()
    }

    /// All nodes reach a height that lies ahead of all of them, with one block there.
    fn all_agree(&self, names: &[&str]) -> (Duration, u64) {
        let ahead = names.iter().map(|name| self.height(name)).max().unwrap() + 2;
        let (took, block) = self.town.agree(&self.domain(), names, ahead);
        (took, block.number)
    }

    fn open(&mut self, gateway: &EthereumLedger) {
        self.poll.script.publish_manifest();
        self.poll.script.publish_roll();
        self.poll.state(gateway);
        let (domain, opens) = (self.domain(), self.poll.script.manifest.opens);
        self.town.wait("the poll opens", 60, || {
            (self.town.head(&domain, SIGNERS[0])?.time >= opens).then_some(())
        });
    }

    fn many_ballots(&mut self, gateway: &EthereumLedger) {
        let ballots = self.poll.ballots(0..MANY, 0, &[1, 2, 1, 1]);
        let before = self.height(CITIZEN);
        let took = self.poll.publish(gateway, ballots);
        let (node, after) = (self.node(CITIZEN), self.height(CITIZEN));
        let header = |number| node.header(number).unwrap().unwrap();
        let blocks = (after - before) as f64;
        let block_time = (header(after).time - header(before).time) as f64 / blocks;
        assert!(block_time <= 15.0 * PERIOD as f64, "{block_time} s a block");
        let rate = f64::from(MANY) / took.as_secs_f64();
        self.report.line(
            Head::Speed,
            format!(
                "{MANY} ballots of one gateway, handed in at once, are settled ({DEPTH} blocks deep) after {:.1} s: \
                 {rate:.0} ballots/s, {block_time:.1} s a block ({PERIOD} s is asked for), on one machine with all nodes",
                took.as_secs_f32()
            ),
        );
        let single = self.poll.ballots([MANY], 0, &[1, 2, 1, 1]);
        let (started, at) = (Instant::now(), now());
        let hash = self.poll.hand_in(&node, "citizen", 0, single);
        let receipt = receipt(&self.town, &node, &hash);
        assert!(receipt.success);
        let wait = header(receipt.block).time.saturating_sub(at);
        self.report.line(
            Head::Speed,
            format!(
                "one ballot that a citizen hands to the follower is in a block after {:.1} s (the block is {wait} s \
                 younger than the ballot), for {} gas",
                started.elapsed().as_secs_f32(),
                receipt.gas_used
            ),
        );
    }

    fn a_signer_and_the_follower_are_killed(&mut self, gateway: &EthereumLedger) {
        let domain = self.domain();
        let gone = SIGNERS[2];
        self.town.kill(gone);
        let ballots = self.poll.ballots(MANY + 10..MANY + 310, 0, &[0, 1, 2]);
        let took = self.poll.publish(gateway, ballots);
        let on = self.town.goes_on(&domain, SIGNERS[0], 5);
        self.town.start(gone);
        let (back, _) = self.all_agree(&self.all());
        self.report.line(
            Head::Failure,
            format!(
                "{gone} killed (-9): the two others seal on, 5 blocks in {:.1} s, and 300 ballots are settled after \
                 {:.1} s; it is back on one chain with the others {:.1} s after its start",
                on.as_secs_f32(),
                took.as_secs_f32(),
                back.as_secs_f32()
            ),
        );
        self.town.kill(CITIZEN);
        let ballots = self.poll.ballots(MANY + 310..MANY + 330, 0, &[0, 1, 2]);
        self.poll.publish(gateway, ballots);
        self.town.start(CITIZEN);
        let (back, _) = self.all_agree(&self.all());
        self.report.line(
            Head::Failure,
            format!(
                "the citizen's follower killed (-9) while 20 ballots are published: it has them {:.1} s after its start",
                back.as_secs_f32()
            ),
        );
    }

    fn a_signer_is_cut_off(&mut self, gateway: &EthereumLedger) {
        let domain = self.domain();
        let lonely = SIGNERS[1];
        self.town.cut_off(lonely);
        let alone_at = self.height(lonely);
        // The gateway's first node is this one: it shows nothing new, so another is asked.
        let ballots = self.poll.ballots(MANY + 400..MANY + 500, 0, &[1, 1, 1, 1]);
        let took = self.poll.publish(gateway, ballots);
        let inside = self.poll.ballots([MANY + 1], 0, &[1, 3, 1, 2]);
        let hash = self.poll.hand_in(&self.node(lonely), "citizen", 1, inside);
        self.town.goes_on(&domain, SIGNERS[0], 6);
        let alone = self.height(lonely) - alone_at;
        assert!(alone <= 2, "a signer alone sealed {alone} blocks");
        let away = self.node(SIGNERS[0]).receipt(&hash).unwrap();
        assert!(
            away.is_none(),
            "what only the cut-off node has is nowhere else"
        );
        self.town.connect(lonely);
        let (back, _) = self.all_agree(&self.all());
        let receipt = receipt(&self.town, &self.node(CITIZEN), &hash);
        assert!(receipt.success);
        self.report.line(
            Head::Failure,
            format!(
                "{lonely} cut off from all others: alone it seals {alone} block(s) and waits; the others take 100 ballots \
                 of the gateway that asked it first ({:.1} s); reconnected, all have one chain after {:.1} s, and a \
                 ballot that was handed to it meanwhile is in block {}",
                took.as_secs_f32(),
                back.as_secs_f32(),
                receipt.block
            ),
        );
    }

    fn a_signer_hangs(&mut self, gateway: &EthereumLedger) {
        let hung = SIGNERS[0];
        self.town.freeze(hung);
        let ballots = self.poll.ballots(MANY + 500..MANY + 600, 0, &[1, 1, 1, 1]);
        let took = self.poll.publish(gateway, ballots);
        self.town.thaw(hung);
        let (back, _) = self.all_agree(&self.all());
        self.report.line(
            Head::Failure,
            format!(
                "{hung} hangs, with its connections open (SIGSTOP): the gateway that used it goes on with another node, \
                 100 ballots are settled after {:.1} s; woken, it is level with the others after {:.1} s",
                took.as_secs_f32(),
                back.as_secs_f32()
            ),
        );
    }

    /// One more follower in everybody's configuration, each node restarted in its turn.
    fn the_nodes_are_updated_one_by_one(&mut self, gateway: &EthereumLedger) {
        let domain = self.domain();
        let genesis = self.node(SIGNERS[0]).header(0).unwrap().unwrap().hash;
        let started = Instant::now();
        self.town.network("follow", &[LATECOMER]);
        self.town.nodes.push(LATECOMER.to_owned());
        let target = self.height(SIGNERS[1]);
        let (synced, _) = self.town.agree(&domain, &[SIGNERS[1], LATECOMER], target);
        self.report.line(
            Head::Synchronisation,
            format!(
                "a follower that begins with nothing has all {target} blocks and the same one on top after {:.1} s",
                synced.as_secs_f32()
            ),
        );
        let places = (MANY + 600..).step_by(20);
        let names = [SIGNERS[0], SIGNERS[1], SIGNERS[2], CITIZEN];
        for (name, first) in names.into_iter().zip(places) {
            let before = self.town.ask(name, "admin.nodeInfo.enode");
            self.town.node("stop", name, &[]);
            let ballots = self.poll.ballots(first..first + 20, 0, &[2, 1, 3, 1, 1]);
            self.poll.publish(gateway, ballots);
            self.town.start(name);
            self.all_agree(&self.all());
            assert_eq!(self.town.ask(name, "admin.nodeInfo.enode"), before);
            self.town.wait("the new peer is known", 60, || {
                let enode =
                    std::fs::read_to_string(self.town.path(LATECOMER).join("card")).unwrap();
                let key = &enode[enode.find("//").unwrap() + 2..][..128];
                let peers = self.town.ask(
                    name,
                    "JSON.stringify(admin.peers.map(function(p){return p.enode}))",
                );
                peers.contains(key).then_some(())
            });
        }
        for name in self.all() {
            assert_eq!(
                self.node(name).header(0).unwrap().unwrap().hash,
                genesis,
                "{name}"
            );
        }
        self.report.line(
            Head::Updates,
            format!(
                "each node in its turn stopped and started with another configuration (one peer more) while ballots \
                 are published, in {:.1} s for all; same genesis, same node keys, one chain after each step",
                started.elapsed().as_secs_f32()
            ),
        );
    }

    fn the_whole_town_is_without_power(&mut self, gateway: &EthereumLedger) {
        let domain = self.domain();
        let ballots = self.poll.ballots(MANY + 700..MANY + 800, 0, &[1, 1, 1, 1]);
        self.poll.publish(gateway, ballots);
        let settled = self.height(SIGNERS[1]) - DEPTH;
        let block = self.town.block(&domain, SIGNERS[1], settled).unwrap();
        let names: Vec<String> = self.town.nodes.clone();
        names.iter().for_each(|name| self.town.kill(name));
        let started = Instant::now();
        self.town.network("start", &[]);
        for name in &names {
            let kept = self.town.block(&domain, name, settled);
            assert_eq!(
                kept.map(|it| it.hash),
                Some(block.hash),
                "{name} kept what was settled"
            );
        }
        self.all_agree(&self.all());
        let ballots = self.poll.ballots(MANY + 800..MANY + 810, 0, &[1, 1, 1, 1]);
        self.poll.publish(gateway, ballots);
        self.report.line(
            Head::Failure,
            format!(
                "all nodes killed (-9) at once and started again: each still has settled block {settled}, and the chain \
                 goes on: new ballots are settled {:.1} s later",
                started.elapsed().as_secs_f32()
            ),
        );
    }

    /// Ballots again by somebody else: the chain takes them, readers count one a place.
    fn anybody_submits(&mut self) {
        let again: Vec<_> = self
            .poll
            .submitted
            .iter()
            .filter(|it| it[0] == 0x10)
            .take(10)
            .cloned()
            .collect();
        let second = self.poll.ballots(0..10, 1, &[0, 1, 2]);
        let node = self.node(LATECOMER);
        let first = self.poll.hand_in(&node, "citizen", 2, second);
        let hash = self.poll.hand_in(&node, "citizen", 3, again);
        for hash in [first, hash] {
            let receipt = receipt(&self.town, &node, &hash);
            assert_eq!((receipt.success, receipt.logs.len()), (true, 10));
        }
    }

    fn close(&mut self, gateway: &EthereumLedger) {
        let domain = self.domain();
        let closes = self.poll.script.manifest.closes;
        assert!(now() < closes, "the poll closed before the story's end");
        self.town.wait("the poll closes", 300, || {
            (self.town.head(&domain, SIGNERS[0])?.time > closes).then_some(())
        });
        self.poll.script.close();
        self.poll.state(gateway);
        self.town
            .wait("the last ballot's time is over for good", 60, || {
                let head = self.town.head(&domain, SIGNERS[0])?;
                let tip = self.town.block(&domain, SIGNERS[0], head.number - DEPTH)?;
                (tip.time > closes + GRACE).then_some(())
            });
        self.poll.certify(&self.town, CITIZEN);
        self.poll.state(gateway);
    }

    fn all_nodes_show_the_same(&mut self, folder: &Path) {
        let domain = self.domain();
        let (_, height) = self.all_agree(&self.all());
        let hash = self.town.block(&domain, CITIZEN, height).unwrap().hash;
        for name in self.all() {
            assert_eq!(
                self.town.block(&domain, name, height).unwrap().hash,
                hash,
                "{name}"
            );
        }
        self.report.line(
            Head::Synchronisation,
            format!(
                "at block {height} all {} nodes have {}; two signers that waited for each other were helped on {} time(s)",
                self.town.nodes.len(),
                hex::encode(hash),
                self.town.unstuck.get()
            ),
        );
        let shown = entries(&self.town, &domain, CITIZEN);
        for name in self.all() {
            assert!(
                entries(&self.town, &domain, name) == shown,
                "{name} shows the same entries in one order"
            );
        }
        assert!(
            counts(&shown) == counts(&self.poll.submitted),
            "what was submitted is what is there"
        );
        self.report.line(
            Head::Data,
            format!(
                "{} entries submitted by three accounts (two gateways and a citizen, who also replayed 10 ballots): each \
                 node shows exactly these, byte for byte, in one order",
                shown.len()
            ),
        );
        self.observers_agree(folder);
    }

    fn observers_agree(&mut self, folder: &Path) {
        let files = folder.join("files");
        self.poll.script.write_files(&files);
        let reports: Vec<Value> = self
            .all()
            .iter()
            .map(|name| observe(&files, &self.town.url(name)))
            .collect();
        let figures = |report: &Value| {
            let election = &report["elections"][0];
            (
                election["tally"].clone(),
                election["tallyHash"].clone(),
                election["stage"].clone(),
            )
        };
        for report in &reports {
            assert_eq!(figures(report), figures(&reports[0]));
        }
        let (tally, hash, stage) = figures(&reports[0]);
        assert_eq!(stage, "certified");
        assert_eq!(tally["counted"], self.poll.script.issued.len(), "{tally}");
        self.report.line(
            Head::Data,
            format!(
                "the observer on each of {} nodes says verified, certified, {} of {} ballots counted, tally {}",
                reports.len(),
                tally["counted"],
                tally["ballots"],
                hash.as_str().unwrap()
            ),
        );
    }
}

/// What the observer's program says that reads one node.
fn observe(files: &Path, url: &str) -> Value {
    let output = Command::new(std::env::var("OBSERVER").expect("set by tests/ethereum/network"))
        .args(["verify", files.to_str().unwrap(), "--json", "--rpc", url])
        .args(["--confirmations", &DEPTH.to_string(), "--trust"])
        .arg(files.join("trust.json"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// How often each stands there.
fn counts(entries: &[Vec<u8>]) -> HashMap<&[u8], usize> {
    entries.iter().fold(HashMap::new(), |mut counts, entry| {
        *counts.entry(entry.as_slice()).or_default() += 1;
        counts
    })
}
