//! Packets that were right once: noise for the property tests, near enough to the real thing to get past the first
//! check. `FUZZ_CASES` says how many; the default keeps an everyday test run short.

use proptest::prelude::*;

/// How many packets each entry point is given.
pub(crate) fn config() -> ProptestConfig {
    let cases = std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(2_000);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// One of `packets`, changed in up to four places; now and then nothing but noise.
pub(crate) fn mutated(packets: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec(edit(), 0..5);
    let changed = (prop::sample::select(packets), edits).prop_map(|(mut packet, edits)| {
        edits.into_iter().for_each(|edit| edit.apply(&mut packet));
        packet
    });
    prop_oneof![9 => changed, 1 => prop::collection::vec(any::<u8>(), 0..80)]
}

/// One change. Positions are taken modulo the packet's length.
#[derive(Clone, Debug)]
enum Edit {
    Byte(u16, u8),
    /// A length or type field: extremes are where arithmetic goes wrong.
    Word(u16, u16),
    Cut(u16),
    Append(Vec<u8>),
    /// Doubles a part: repeated attributes.
    Repeat(u16, u8),
    /// Makes the header's length right again, so that the change behind it is seen.
    MendLength,
}

fn edit() -> impl Strategy<Value = Edit> {
    let word = prop_oneof![0u16..64, Just(0x7FFF), Just(0xFFFC), Just(0xFFFF), any::<u16>()];
    prop_oneof![
        3 => (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        2 => (any::<u16>(), word).prop_map(|(at, word)| Edit::Word(at, word)),
        1 => any::<u16>().prop_map(Edit::Cut),
        1 => prop::collection::vec(any::<u8>(), 1..24).prop_map(Edit::Append),
        1 => (any::<u16>(), 1..32u8).prop_map(|(at, len)| Edit::Repeat(at, len)),
        3 => Just(Edit::MendLength),
    ]
}

impl Edit {
    fn apply(self, packet: &mut Vec<u8>) {
        let place = |at: u16| usize::from(at) % packet.len().max(1);
        match self {
            Edit::Byte(at, byte) if !packet.is_empty() => {
                let at = place(at);
                packet[at] = byte;
            }
            Edit::Word(at, word) if packet.len() >= 2 => {
                let at = place(at) & !1;
                let at = at.min(packet.len() - 2);
                packet[at..at + 2].copy_from_slice(&word.to_be_bytes());
            }
            Edit::Cut(at) => {
                let at = place(at);
                packet.truncate(at);
            }
            Edit::Append(bytes) => packet.extend(bytes),
            Edit::Repeat(at, len) if !packet.is_empty() => {
                let at = place(at) & !3;
                let part = packet[at..packet.len().min(at + usize::from(len) * 4)].to_vec();
                packet.extend(part);
            }
            Edit::MendLength if packet.len() >= 20 => {
                let length = (packet.len() - 20) as u16;
                packet[2..4].copy_from_slice(&length.to_be_bytes());
            }
            _ => {}
        }
    }
}
