//! How many connections and handshakes each address has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Counts per address; a whole /64 network counts as one IPv6 address.
pub(crate) struct Peers {
    most: u32,
    most_handshakes: u32,
    counts: Mutex<HashMap<IpAddr, Counts>>,
}

#[derive(Default)]
struct Counts {
    connections: u32,
    handshakes: u32,
}

impl Peers {
    /// At most so many connections an address, and a quarter of the handshakes.
    pub(crate) fn new(most: u32, handshakes: u32) -> Self {
        Self {
            most,
            most_handshakes: (handshakes / 4).max(1),
            counts: Mutex::default(),
        }
    }

    /// A place for one more connection of this address, if there is one.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<PeerPlace> {
        let address = network(address);
        let mut counts = self.lock();
        let count = counts.entry(address).or_default();
        if count.connections >= self.most {
            return None;
        }
        count.connections += 1;
        let peers = self.clone();
        Some(PeerPlace { peers, address })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Counts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place among those of its address.
pub(crate) struct PeerPlace {
    peers: Arc<Peers>,
    address: IpAddr,
}

impl PeerPlace {
    /// Permission to shake hands, if the address has none too many under way.
    pub(crate) fn handshake(&self) -> Option<HandshakePlace<'_>> {
        let mut counts = self.peers.lock();
        let count = counts.get_mut(&self.address)?;
        if count.handshakes >= self.peers.most_handshakes {
            return None;
        }
        count.handshakes += 1;
        Some(HandshakePlace(self))
    }
}

impl Drop for PeerPlace {
    fn drop(&mut self) {
        let mut counts = self.peers.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            count.connections -= 1;
            if count.connections == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// One handshake under way.
pub(crate) struct HandshakePlace<'a>(&'a PeerPlace);

impl Drop for HandshakePlace<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.0.peers.lock().get_mut(&self.0.address) {
            count.handshakes -= 1;
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => {
            let high = v6.to_bits() & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from_bits(high))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let peers = Arc::new(Peers::new(2, 8));
        let [one, other]: [IpAddr; 2] = ["192.0.2.1", "192.0.2.2"].map(|a| a.parse().unwrap());
        let first = peers.enter(one).unwrap();
        let _second = peers.enter(one).unwrap();
        assert!(peers.enter(one).is_none());
        assert!(peers.enter(other).is_some());
        drop(first);
        assert!(peers.enter(one).is_some());
    }

    #[test]
    fn an_address_has_a_quarter_of_the_handshakes() {
        let peers = Arc::new(Peers::new(9, 8));
        let places: Vec<_> = (0..3)
            .map(|_| peers.enter(IpAddr::V6(Ipv6Addr::LOCALHOST)).unwrap())
            .collect();
        let first = places[0].handshake().unwrap();
        let _second = places[1].handshake().unwrap();
        assert!(places[2].handshake().is_none());
        drop(first);
        assert!(places[2].handshake().is_some());
    }

    #[test]
    fn a_whole_network_counts_as_one_ipv6_address() {
        let peers = Arc::new(Peers::new(1, 8));
        let [one, near, far]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|a| a.parse().unwrap());
        let _place = peers.enter(one).unwrap();
        assert!(peers.enter(near).is_none());
        assert!(peers.enter(far).is_some());
        drop(_place);
        assert!(peers.lock().is_empty());
    }
}
