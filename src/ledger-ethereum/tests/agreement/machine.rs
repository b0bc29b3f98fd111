//! The contract in this process.

use std::sync::LazyLock;

use alloy_sol_types::SolInterface as _;
use revm::context::result::{ExecutionResult, Output};
use revm::context::{Context, TxEnv};
use revm::database::{CacheDB, EmptyDB};
use revm::handler::MainnetContext;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address as EvmAddress, Bytes, TxKind, U256};
use revm::{ExecuteCommitEvm as _, ExecuteEvm as _, MainBuilder as _};
use symbolon_election::{Address, Domain};
use symbolon_ledger_ethereum::contract::{self, BallotBox, Skip};

pub const CHAIN: u64 = 31_337;
/// More than a block of any network holds, and than a call here needs.
const GAS: u64 = 1_000_000_000;

/// Why the contract didn't take a statement or a whole batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It can't even be decoded.
    Undecodable,
    /// One of the contract's own errors.
    Named(BallotBox::BallotBoxErrors),
    /// Anything else: nothing else may happen.
    Other(String),
}

/// A chain with a ballot box on it, to be copied at will.
#[derive(Clone)]
pub struct Machine {
    state: CacheDB<EmptyDB>,
    contract: EvmAddress,
}

/// What a call did.
pub struct Outcome {
    /// The logs: those without topics are entries.
    pub logs: Vec<(Vec<[u8; 32]>, Vec<u8>)>,
}

static FRESH: LazyLock<Machine> = LazyLock::new(Machine::deploy);

impl Machine {
    /// Copied from one in which the contract was made.
    pub fn new() -> Self {
        FRESH.clone()
    }

    fn deploy() -> Self {
        let mut machine = Self {
            state: CacheDB::new(EmptyDB::default()),
            contract: EvmAddress::ZERO,
        };
        let result = machine.execute(TxKind::Create, contract::bytecode(), 1, true);
        let ExecutionResult::Success {
            output: Output::Create(_, Some(at)),
            ..
        } = result
        else {
            panic!("the contract isn't made: {result:?}");
        };
        machine.contract = at;
        machine
    }

    pub fn domain(&self) -> Domain {
        Domain::new(CHAIN, Address::new(self.contract.into_array()).unwrap())
    }

    fn execute(&mut self, kind: TxKind, data: Vec<u8>, time: u64, keep: bool) -> ExecutionResult {
        let context: MainnetContext<&mut CacheDB<EmptyDB>> =
            Context::new(&mut self.state, SpecId::LONDON);
        let context = context
            .modify_cfg_chained(|cfg| {
                cfg.chain_id = CHAIN;
                cfg.disable_nonce_check = true;
            })
            .modify_block_chained(|block: &mut revm::context::BlockEnv| {
                block.timestamp = U256::from(time);
                block.gas_limit = GAS;
            });
        let mut evm = context.build_mainnet();
        let transaction = TxEnv::builder()
            .caller(EvmAddress::repeat_byte(7))
            .kind(kind)
            .data(Bytes::from(data))
            .gas_limit(GAS)
            .chain_id(Some(CHAIN))
            .build()
            .unwrap();
        match keep {
            true => evm.transact_commit(transaction).unwrap(),
            false => evm.transact(transaction).unwrap().result,
        }
    }

    /// Calls the contract with any bytes at a time; what it did stays done.
    pub fn call(&mut self, data: Vec<u8>, time: u64) -> Result<Outcome, Refusal> {
        match self.execute(TxKind::Call(self.contract), data, time, true) {
            ExecutionResult::Success { logs, .. } => {
                let log = |log: revm::primitives::Log| {
                    let topics = log.topics().iter().map(|topic| topic.0).collect();
                    (topics, log.data.data.to_vec())
                };
                Ok(Outcome {
                    logs: logs.into_iter().map(log).collect(),
                })
            }
            ExecutionResult::Revert { output, .. } if contract::is_undecodable(&output) => {
                Err(Refusal::Undecodable)
            }
            ExecutionResult::Revert { output, .. } => {
                let error = BallotBox::BallotBoxErrors::abi_decode(&output);
                Err(error.map_or_else(|_| Refusal::Other(output.to_string()), Refusal::Named))
            }
            ExecutionResult::Halt { reason, .. } => Err(Refusal::Other(format!("{reason:?}"))),
        }
    }

    /// Publishes a statement; recorded, it is the call's only log.
    pub fn publish(&mut self, entry: &[u8], time: u64) -> Result<(), Refusal> {
        let outcome = self.call(contract::publish_call(entry), time)?;
        assert_eq!(
            outcome.logs,
            [(vec![], entry.to_vec())],
            "byte for byte, without topics"
        );
        Ok(())
    }

    /// Casts ballots: for each, whether it was recorded, or why not.
    pub fn cast(
        &mut self,
        ballots: &[Vec<u8>],
        time: u64,
    ) -> Result<Vec<Result<(), Skip>>, Refusal> {
        let outcome = self.call(contract::cast_call(ballots.concat()), time)?;
        let mut each: Vec<Result<(), Skip>> = vec![Ok(()); ballots.len()];
        let mut recorded = Vec::new();
        for (topics, data) in outcome.logs {
            match topics.is_empty() {
                true => recorded.push(data),
                false => {
                    let (position, reason) = Skip::read(&topics, &data).unwrap();
                    let position = usize::try_from(position).unwrap();
                    assert_eq!(topics[1], ballots[position][1..33], "the log's election");
                    each[position] = Err(reason);
                }
            }
        }
        let good = ballots.iter().zip(&each).filter(|(_, it)| it.is_ok());
        let expected: Vec<_> = good.map(|(ballot, _)| ballot.clone()).collect();
        assert_eq!(recorded, expected, "byte for byte, in order");
        Ok(each)
    }
}
