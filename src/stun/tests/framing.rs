//! A stream is cut into the same frames however it arrives.

use proptest::prelude::*;

use super::mutation::{config, mutated};
use crate::stun::{Class, FirstBytes, Framer, Method, Unframeable, Writer, attribute, first_bytes};

fn binding() -> Vec<u8> {
    let mut message = Vec::new();
    Writer::new(&mut message, Class::Request, Method::Binding, [1; 12]).put(attribute::USERNAME, b"alice").finish();
    message
}

/// Feeds `stream` in pieces of the given sizes, again and again, and collects the frames.
fn frames(framer: &mut Framer, stream: &[u8], pieces: &[usize]) -> Result<Vec<Vec<u8>>, Unframeable> {
    let (mut rest, mut frames, mut pieces) = (stream, Vec::new(), pieces.iter().cycle());
    while !rest.is_empty() {
        let space = framer.space();
        let count = space.len().min(rest.len()).min(*pieces.next().expect("endless"));
        space[..count].copy_from_slice(&rest[..count]);
        framer.filled(count);
        rest = &rest[count..];
        while let Some(frame) = framer.next()? {
            frames.push(frame.to_vec());
        }
    }
    Ok(frames)
}

#[test]
fn frames_come_out_whole_even_byte_by_byte() {
    let stream = [&binding()[..], b"\x40\x01\x00\x05hello\0\0\0", b"\x40\x02\x00\x00", &binding()].concat();
    let expected = [binding(), b"\x40\x01\x00\x05hello".to_vec(), b"\x40\x02\x00\x00".to_vec(), binding()];
    for pieces in [&[1][..], &[3], &[7, 1], &[1000]] {
        let mut framer = Framer::new(4096);
        assert_eq!(frames(&mut framer, &stream, pieces), Ok(expected.to_vec()));
        assert!(!framer.is_partial());
    }
}

#[test]
fn the_longest_frames_pass_where_they_are_allowed() {
    let longest = [&[0x40, 0, 0xFF, 0xFF][..], &vec![7; 65_536]].concat();
    let mut framer = Framer::new(Framer::LONGEST);
    assert_eq!(frames(&mut framer, &longest, &[5000]).expect("framed")[0].len(), 65_539);
    let declared = Err(Unframeable::TooLong { declared: 65_540, limit: 4096 });
    assert_eq!(frames(&mut Framer::new(4096), &longest, &[5000]), declared);
}

#[test]
fn a_stranger_cannot_make_us_wait_for_a_frame_that_is_none() {
    for noise in
        [b"PRI * HTTP/2.0".as_slice(), b"\x16\x03\x01\x02\x00\x01", b"\x00\x01\x00\x00\x00\x00", b"\x50\x00\x00\x00"]
    {
        assert_eq!(frames(&mut Framer::new(4096), noise, &[1]), Err(Unframeable::NotStun), "{noise:?}");
    }
    // "GE" is a channel number by chance, and "T " a length no stranger may use
    let declared = 4 + 0x5420;
    let get = frames(&mut Framer::new(4096), b"GET / HTTP/1.1", &[1]);
    assert_eq!(get, Err(Unframeable::TooLong { declared, limit: 4096 }));
}

#[test]
fn half_a_frame_is_partial_and_holds_no_more_than_it_needs() {
    let mut framer = Framer::new(Framer::LONGEST);
    assert_eq!(frames(&mut framer, &[0x40, 0, 0xFF, 0xFF, 1, 2, 3], &[1]), Ok(vec![]));
    assert!(framer.is_partial());
    assert!(framer.space().len() <= Framer::LONGEST);
}

#[test]
fn what_follows_the_last_frame_is_kept_for_the_peer() {
    let mut framer = Framer::new(4096);
    let stream = [&binding()[..], b"data for the peer"].concat();
    framer.space()[..stream.len()].copy_from_slice(&stream);
    framer.filled(stream.len());
    assert_eq!(framer.next().expect("framed"), Some(&binding()[..]));
    assert_eq!(framer.into_rest(), b"data for the peer");
}

#[test]
fn a_protocol_is_known_by_eight_bytes() {
    let binding = binding();
    for count in 0..8 {
        assert_eq!(first_bytes(&binding[..count]), FirstBytes::TooFew, "{count} bytes");
    }
    assert_eq!(first_bytes(&binding), FirstBytes::Stun);
    for other in [&b"G"[..], b"GET / HT", b"PRI * HT", b"\x16\x03\x01\x00\x00", b"\x40\x00\x00\x00"] {
        assert_eq!(first_bytes(other), FirstBytes::Other, "{other:?}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_stream_makes_the_framer_panic_or_grow(
        stream in mutated(vec![binding(), b"\x40\x01\x00\x05hello\0\0\0\x40\x01\x00\x01x\0\0\0".to_vec()]),
        pieces in prop::collection::vec(1..40usize, 1..4),
    ) {
        let (mut split, mut whole) = (Framer::new(4096), Framer::new(4096));
        // Which of two faults is found first depends on what has come so far; that there is one does not
        let (split_up, at_once) = (frames(&mut split, &stream, &pieces), frames(&mut whole, &stream, &[usize::MAX]));
        prop_assert_eq!(split_up.map_err(|_| ()), at_once.map_err(|_| ()));
        prop_assert!(split.space().len() <= Framer::READ.max(4096));
    }
}
