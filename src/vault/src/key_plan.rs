//! What the policy wants done with each key.

use symbolon_keyring::{KeyInfo, Planned, sweep};

use crate::{
    Error,
    core::Core,
    rotation::{Rotation, Step, purpose},
};

impl Core {
    /// What the policy wants done with each key, in the order of the ring.
    pub async fn key_plan(&self) -> Result<Vec<Planned>, Error> {
        let keys = self.keys()?;
        let rotation = self.rotation().await?;
        let rows_left = |key: &KeyInfo| {
            let own = rotation.as_ref();
            let own = own.filter(|rotation| purpose(rotation.key) == key.purpose);
            own.and_then(left)
        };
        Ok(sweep(keys.all(), &self.policy, self.now(), rows_left))
    }
}

/// Records that are still to be made anew; none where nobody counted what is left.
fn left(rotation: &Rotation) -> Option<u64> {
    let left = rotation.total.saturating_sub(rotation.done);
    (rotation.step <= Step::Records && left > 0).then_some(left)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use symbolon_keyring::Duty;

    use super::*;
    use crate::testing::{Installation, NOW};

    /// What is to be done with the key of a purpose.
    async fn duty(core: &Core, purpose: &str) -> Duty {
        let plan = core.key_plan().await.unwrap();
        let mut own = plan
            .iter()
            .filter(|line| line.key.purpose.to_string() == purpose);
        own.next().unwrap().duty
    }

    #[tokio::test]
    async fn a_key_is_due_and_overdue_by_the_configured_age() {
        let mut installation = Installation::new().await;
        // The ring was made by the machine's clock, the tests' clock is another.
        installation.config.keys.max_age_days.sealing = u32::MAX;
        let core = installation.open().await;
        let plan = core.key_plan().await.unwrap();
        let index = plan
            .iter()
            .find(|line| line.key.purpose.to_string() == "index");
        let due = index.unwrap().due.unwrap();
        let clock = &installation.clock;
        for (now, expected) in [
            (due - 40 * 24 * 60 * 60, Duty::Nothing),
            (due - 24 * 60 * 60, Duty::Due),
            (due, Duty::Overdue),
        ] {
            clock.store(now, Ordering::Relaxed);
            assert_eq!(duty(&core, "index").await, expected);
            assert_eq!(duty(&core, "sealing").await, Duty::Nothing);
        }
        clock.store(NOW, Ordering::Relaxed);
    }
}
