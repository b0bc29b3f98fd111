//! What passes between devices and the vault; sealed both ways.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use symbolon_api_closed::issuance::{
    Election, IssueTokenRequest, ListElectionsRequest, issuance_client::IssuanceClient,
};
use symbolon_election::{ElectionId, Entry, Issuers, TrustFile, VerifiedManifest};
use symbolon_service::{Refusal, reasons::Reason};
use tokio::sync::Mutex;
use tonic::transport::Channel;

use crate::accounts::RegistrationId;

/// How long a list of elections is passed on before the vault is asked again.
const FRESH: Duration = Duration::from_secs(1);

/// An election that the portal offers.
pub(crate) struct Offer {
    /// As the vault gave it.
    pub(crate) election: Election,
    /// Its manifest, signed by the officers of the trust file.
    pub(crate) manifest: VerifiedManifest,
    /// Whose tokens are good.
    pub(crate) issuers: Issuers,
}

/// The vault, as the portal sees it.
pub(crate) struct Relay {
    vault: IssuanceClient<Channel>,
    trust: TrustFile,
    offers: Mutex<Option<(Instant, Arc<Vec<Offer>>)>>,
}

impl Relay {
    pub(crate) fn new(vault: IssuanceClient<Channel>, trust: TrustFile) -> Self {
        Self {
            vault,
            trust,
            offers: Mutex::default(),
        }
    }

    /// The city's elections; what the trust file doesn't vouch for is not passed on.
    pub(crate) async fn offers(&self) -> Result<Arc<Vec<Offer>>, Refusal> {
        let mut offers = self.offers.lock().await;
        let known = offers.as_ref().filter(|(asked, _)| asked.elapsed() < FRESH);
        if let Some((_, offers)) = known {
            return Ok(Arc::clone(offers));
        }
        let fresh = self.newest_offers().await?;
        *offers = Some((Instant::now(), Arc::clone(&fresh)));
        Ok(fresh)
    }

    /// The city's elections as the vault has them at this moment.
    pub(crate) async fn newest_offers(&self) -> Result<Arc<Vec<Offer>>, Refusal> {
        let listed = self.listed().await?.into_iter();
        let verified = listed.filter_map(|election| self.offer(election));
        Ok(Arc::new(verified.collect::<Vec<_>>()))
    }

    /// Every election that the vault lists, page by page.
    async fn listed(&self) -> Result<Vec<Election>, Refusal> {
        let (mut vault, mut elections, mut after) = (self.vault.clone(), vec![], vec![]);
        loop {
            let answer = vault.list_elections(ListElectionsRequest { after }).await;
            let page = answer
                .map_err(|status| Refusal::from_status(&status))?
                .into_inner();
            elections.extend(page.elections);
            match page.next.is_empty() {
                true => return Ok(elections),
                false => after = page.next,
            }
        }
    }

    /// Passes a sealed request on; the answer is the sealed token.
    pub(crate) async fn token(
        &self,
        person: &RegistrationId,
        election: &ElectionId,
        sealed_request: Vec<u8>,
    ) -> Result<Vec<u8>, Refusal> {
        let request = IssueTokenRequest {
            registration_id: person.0.to_vec(),
            election: election.as_bytes().to_vec(),
            sealed_request,
        };
        let answer = self.vault.clone().issue_token(request).await;
        Ok(answer
            .map_err(|status| Refusal::from_status(&status))?
            .into_inner()
            .sealed_token)
    }

    fn offer(&self, election: Election) -> Option<Offer> {
        let verified = match Entry::decode(&election.manifest) {
            Ok(Entry::Manifest(manifest)) => manifest.verify(&self.trust).ok(),
            _ => None,
        };
        let rotations = election.rotations.iter().map(Vec::as_slice);
        let verified = verified.and_then(|manifest| {
            let issuers = Issuers::after(&manifest, rotations).ok()?;
            Some((manifest, issuers))
        });
        if verified.is_none() {
            tracing::error!("the vault lists an election that the trust file doesn't vouch for");
        }
        let (manifest, issuers) = verified?;
        Some(Offer {
            election,
            manifest,
            issuers,
        })
    }
}

/// The offer of this ID.
pub(crate) fn find<'a>(offers: &'a [Offer], id: &ElectionId) -> Result<&'a Offer, Refusal> {
    let found = offers.iter().find(|offer| offer.manifest.election() == *id);
    found.ok_or_else(|| Refusal::new(Reason::UnknownElection))
}
