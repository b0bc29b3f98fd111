//! A city whose vault is filled below the stretch, with an election for everybody.

use std::{fs, path::Path};

use symbolon_api_closed::{
    issuance::{
        Election, IssueTokenRequest, ListElectionsRequest, issuance_client::IssuanceClient,
    },
    registration::Person,
};
use symbolon_api_public::validation::ValidateTokenRequest;
use symbolon_crypto::{SecretString, random};
use symbolon_election::{Entry, Issuers, TrustFile, VerifiedManifest};
use symbolon_service::{
    client::{Profile, connect_lazy},
    clock::unix_now,
};
use symbolon_tests::house::{Daemon, House, PASSPHRASE, Plan, attributes};
use symbolon_vault::{config::VaultConfig, filling::Filling};
use symbolon_voter::{DeviceSeed, ElectionKeys, open_token, request};
use tokio::runtime::Runtime;

const CONTENT: &str = r#"{"version":"symbolon/v1","title":{"en":"A poll"},"text":{"en":"One question."},"questions":[{"title":{"en":"A bench?"},"text":{"en":"In the park."},"options":[{"en":"yes"},{"en":"no"}],"least":0,"most":1}]}"#;
/// An election stays open for a day.
const OPEN_SECONDS: u64 = 24 * 3600;

/// The city.
pub(crate) struct City {
    pub(crate) house: House,
    pub(crate) runtime: Runtime,
    vault: Option<Daemon>,
    receipts: String,
    people: u64,
    /// Registration IDs of some, spread over all.
    pub(crate) some: Vec<Vec<u8>>,
}

/// People who ask for tokens of one election.
pub(crate) struct Voters {
    pub(crate) manifest: VerifiedManifest,
    keys: Vec<ElectionKeys>,
    pub(crate) requests: Vec<IssueTokenRequest>,
}

impl City {
    /// A vault with nobody in it, running.
    pub(crate) fn found(plan: Plan) -> Self {
        let house = House::build_as(plan);
        let receipts = house.init_gateway();
        house.write("content.json", CONTENT);
        let vault = Some(house.start_vault());
        let runtime = Runtime::new().unwrap();
        let some = Vec::new();
        Self {
            house,
            runtime,
            vault,
            receipts,
            people: 0,
            some,
        }
    }

    /// Stops the vault, fills it until `people` are in it, and starts it again. `some` of them are
    /// remembered: as many of all who are there.
    pub(crate) fn fill(&mut self, people: u64, some: usize) {
        if let Some(vault) = self.vault.take() {
            vault.stop();
        }
        let config = VaultConfig::read(Path::new(&self.house.path("vault.toml"))).unwrap();
        let more = usize::try_from(people - self.people).unwrap();
        let (step, mut added, mut n) = (more.div_ceil(some).max(1), Vec::new(), 0);
        self.runtime.block_on(async {
            let passphrase = SecretString::from(PASSPHRASE.to_owned());
            let filling = Filling::open(&config, passphrase).await.unwrap();
            let each = |id: symbolon_keyring::RegistrationId| {
                if n % step == 0 {
                    added.push(id.as_bytes().to_vec());
                }
                n += 1;
            };
            filling
                .people(&"main".parse().unwrap(), more, random::os, each)
                .await
                .unwrap();
            filling.close().await.unwrap();
        });
        self.people = people;
        self.some = added;
        self.vault = Some(self.house.start_vault());
    }

    /// The vault's process.
    pub(crate) fn vault(&self) -> u32 {
        self.vault.as_ref().unwrap().id()
    }

    /// Stops the vault, so that its files may be looked at.
    pub(crate) fn stop(&mut self) {
        if let Some(vault) = self.vault.take() {
            vault.stop();
        }
    }

    /// Stops the vault and starts it again.
    pub(crate) fn restart(&mut self) {
        if let Some(vault) = self.vault.take() {
            vault.stop();
        }
        self.vault = Some(self.house.start_vault());
    }

    /// How a caller reaches the vault.
    pub(crate) fn profile(&self, name: &str) -> Profile {
        Profile::load(Path::new(&self.house.path(&format!("pki/{name}.toml")))).unwrap()
    }

    /// Opens an election for everybody; its manifest.
    pub(crate) fn open_election(&self) -> VerifiedManifest {
        let folder = tempfile::tempdir_in(self.house.root()).unwrap();
        let draft = folder.path().join("draft");
        let draft = draft.to_str().unwrap();
        let election = self.draft(draft, &["--everybody"]);
        self.open(draft);
        let election = hex::decode(election.trim_start_matches("0x"));
        self.manifest(&election.unwrap())
    }

    /// Drafts an election into a folder; its ID.
    pub(crate) fn draft(&self, out: &str, who: &[&str]) -> String {
        let path = |name: &str| self.house.path(name);
        let opens = (unix_now() - 1).to_string();
        let closes = (unix_now() + OPEN_SECONDS).to_string();
        let (content, keys, trust) = (
            path("content.json"),
            path("ledger-keys.json"),
            path("trust.json"),
        );
        let options = [
            ("--content", content.as_str()),
            ("--ledger-keys", &keys),
            ("--opens", &opens),
            ("--closes", &closes),
            ("--grace", "60s"),
            ("--max-ballots", "8"),
            ("--ballot-batch-min", "1"),
            ("--gateway", &self.receipts),
            ("--trust", &trust),
            ("--out", out),
        ];
        let options = options.iter().flat_map(|(name, value)| [*name, *value]);
        let args = ["election", "draft"].into_iter().chain(options);
        let args: Vec<&str> = args.chain(who.iter().copied()).collect();
        let drafted = self.house.symbolon("organiser-main", &args);
        drafted["election"].as_str().unwrap().to_owned()
    }

    /// Opens the election that was drafted into a folder.
    pub(crate) fn open(&self, draft: &str) {
        self.house.sign(&[
            &format!("{draft}/manifest.json"),
            &format!("{draft}/roll-statement.json"),
        ]);
        self.house
            .symbolon("organiser-main", &["election", "open", draft]);
    }

    /// The manifest as the portal is shown it.
    fn manifest(&self, election: &[u8]) -> VerifiedManifest {
        let trust = TrustFile::parse(&fs::read(self.house.path("trust.json")).unwrap()).unwrap();
        match Entry::decode(&self.listed(election).manifest).unwrap() {
            Entry::Manifest(manifest) => manifest.verify(&trust).unwrap(),
            _ => panic!("no manifest"),
        }
    }

    fn listed(&self, election: &[u8]) -> Election {
        let profile = self.profile("portal-main");
        let listed = self.runtime.block_on(async {
            let mut client = IssuanceClient::new(connect_lazy(&profile).unwrap());
            client
                .list_elections(ListElectionsRequest::default())
                .await
                .unwrap()
                .into_inner()
        });
        let mut elections = listed.elections.into_iter();
        elections
            .find(|listed| listed.election == election)
            .unwrap()
    }

    /// Officers let another key sign the tokens of an election.
    pub(crate) fn rotate_issuer(&self, manifest: &VerifiedManifest) {
        let house = &self.house;
        let folder = tempfile::tempdir_in(house.root()).unwrap();
        let out = folder.path().to_str().unwrap();
        let (election, trust) = (manifest.election().to_string(), house.path("trust.json"));
        let own = ["--trust", &trust];
        let prepare = ["election", "prepare-rotation", &election, "--out", out];
        house.symbolon("organiser-main", &[&prepare[..], &own].concat());
        house.sign(&[&format!("{out}/issuer-rotation.json")]);
        let rotate = ["election", "rotate", out];
        house.symbolon("organiser-main", &[&rotate[..], &own].concat());
    }

    /// Who may have signed tokens of an election, as the portal is shown it.
    pub(crate) fn issuers(&self, manifest: &VerifiedManifest) -> Issuers {
        let listed = self.listed(manifest.election().as_bytes());
        let rotations = listed.rotations.iter().map(Vec::as_slice);
        Issuers::after(manifest, rotations).unwrap()
    }

    /// Makes the requests of some people.
    pub(crate) fn voters(&self, manifest: VerifiedManifest, some: &[Vec<u8>]) -> Voters {
        let election = manifest.election();
        let seeds = std::iter::repeat_with(|| DeviceSeed::random(&mut random::os()));
        let keys: Vec<_> = seeds
            .take(some.len())
            .map(|seed| seed.keys(&election).unwrap())
            .collect();
        let requests = keys.iter().zip(some).map(|(keys, id)| IssueTokenRequest {
            registration_id: id.clone(),
            election: election.as_bytes().to_vec(),
            sealed_request: request(keys, &manifest, unix_now(), &mut random::os()).unwrap(),
        });
        let requests = requests.collect();
        Voters {
            manifest,
            keys,
            requests,
        }
    }
}

impl Voters {
    /// What a gateway asks of the `voter`'s token.
    pub(crate) fn validation(&self, voter: usize, sealed_token: &[u8]) -> ValidateTokenRequest {
        self.validation_by(&Issuers::new(&self.manifest), voter, sealed_token)
    }

    /// The same where other keys may have signed.
    pub(crate) fn validation_by(
        &self,
        issuers: &Issuers,
        voter: usize,
        sealed_token: &[u8],
    ) -> ValidateTokenRequest {
        let keys = &self.keys[voter];
        let token = open_token(keys, &self.manifest, issuers, sealed_token);
        let token = token.unwrap();
        ValidateTokenRequest {
            election: self.manifest.election().as_bytes().to_vec(),
            voter_id: token.voter_id().as_bytes().to_vec(),
            roll_index: token.roll_index().0,
            ballot_key: keys.ballot_key().as_bytes().to_vec(),
            signature: token.signature().as_bytes().to_vec(),
        }
    }
}

/// The person with this number.
pub(crate) fn person(number: u64) -> Person {
    Person {
        attributes: attributes(number),
    }
}
