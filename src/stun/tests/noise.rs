//! No bytes make the codec panic, and what it reads is what another codec reads.

use proptest::prelude::*;
use stun_types::message::Message as OtherMessage;

use super::mutation::{config, mutated};
use crate::stun::message::Attribute;
use crate::stun::{Class, Key, Message, Method, Writer, attribute, first_bytes, padding, read_channel_header};

/// Everything a message can carry, signed and not.
fn packets() -> Vec<Vec<u8>> {
    let key = Key::short_term("password");
    let fill = |writer: Writer<'_>| {
        writer
            .put(attribute::USERNAME, b"alice")
            .put_xor_address(attribute::XOR_PEER_ADDRESS, "[2001:db8::1]:9".parse().expect("address"))
            .put(attribute::DATA, b"hello")
            .put_u32(attribute::LIFETIME, 600)
            .finish();
    };
    let mut packets = vec![Vec::new(); 5];
    let request = |out| Writer::new(out, Class::Request, Method::Allocate, [1; 12]);
    let [plain, sha1, sha256, both, print] = &mut packets[..] else { unreachable!("five") };
    fill(request(plain));
    fill(request(sha1).put(0x8022, b"x").sign_sha1(&key));
    request(sha256).put(attribute::USERNAME, b"bob").sign_sha256(&key).put_u32(attribute::LIFETIME, 1).finish();
    request(both).put(attribute::REALM, b"r").sign_sha1(&key).sign_sha256(&key).fingerprint().finish();
    request(print).put(attribute::NONCE, b"nonce").sign_sha1(&key).fingerprint().finish();
    packets.push(b"\x40\x00\x00\x05hello\0\0\0".to_vec());
    packets
}

/// The attributes that are the same for both: theirs also shows the integrity and fingerprint attributes.
fn visible(message: &OtherMessage<'_>) -> Vec<(u16, Vec<u8>)> {
    let ends = [attribute::MESSAGE_INTEGRITY, attribute::MESSAGE_INTEGRITY_SHA256, attribute::FINGERPRINT];
    message
        .iter_attributes()
        .map(|(_, raw)| (raw.header.get_type().value(), raw.value.to_vec()))
        .filter(|(kind, _)| !ends.contains(kind))
        .collect()
}

/// The packet without what stands behind its integrity attributes.
fn up_to_the_integrity(packet: &[u8], message: &OtherMessage<'_>) -> Option<Vec<u8>> {
    let signed = [attribute::MESSAGE_INTEGRITY, attribute::MESSAGE_INTEGRITY_SHA256];
    let ends = message
        .iter_attributes()
        .filter(|(_, raw)| signed.contains(&raw.header.get_type().value()))
        .map(|(at, raw)| at + 4 + raw.value.len() + padding(raw.value.len()));
    let mut packet = packet[..ends.max()?].to_vec();
    let length = (packet.len() - 20) as u16;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    Some(packet)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_packet_makes_the_codec_panic(packet in mutated(packets())) {
        first_bytes(&packet);
        read_channel_header(&packet);
        if let Ok(message) = Message::read(&packet) {
            let _ = (message.class(), message.method(), message.transaction_id(), message.get_u32(attribute::LIFETIME));
            for Attribute { value, range, .. } in message.attributes() {
                prop_assert_eq!(value, &packet[range]);
                message.xor_address(value);
            }
            message.proves(&Key::short_term("password"));
        }
    }

    #[test]
    fn what_is_read_is_what_another_codec_reads(packet in mutated(packets())) {
        // The first deliberate difference: theirs reads on behind the end that the header declares, and lets it declare a
        // length that is no multiple of four
        let declared = packet.get(2..4).map(|length| 20 + usize::from(u16::from_be_bytes([length[0], length[1]])));
        let exact = declared == Some(packet.len()) && packet.len() % 4 == 0;
        let theirs = if exact { OtherMessage::from_bytes(&packet).ok() } else { None };
        match (Message::read(&packet).ok(), theirs) {
            (Some(ours), Some(theirs)) => {
                let counted: Vec<_> = ours.attributes().map(|a| (a.kind, a.value.to_vec())).collect();
                prop_assert_eq!(counted, visible(&theirs));
                let id: u128 = theirs.transaction_id().into();
                prop_assert_eq!(&ours.transaction_id(), &id.to_be_bytes()[4..]);
            }
            (None, None) => {}
            // The second: theirs does not look at what follows an integrity, we want it whole
            (None, Some(theirs)) => {
                let signed = up_to_the_integrity(&packet, &theirs);
                prop_assert!(signed.is_some_and(|signed| Message::read(&signed).is_ok()), "theirs {:?}", theirs);
            }
            (ours, theirs) => {
                prop_assert!(false, "ours {:?}, theirs {:?}", ours, theirs);
            }
        }
    }
}
