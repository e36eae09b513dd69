//! The test vectors of RFC 5769, and MESSAGE-INTEGRITY-SHA256, for which no RFC has any, against `stun-types`.

use stun_types::attribute::Username;
use stun_types::message::{
    IntegrityAlgorithm, Message as OtherMessage, MessageIntegrityCredentials, MessageWrite, MessageWriteExt,
    MessageWriteVec, ShortTermCredentials,
};

use crate::stun::{Class, Key, Message, Method, PasswordAlgorithm, Writer, attribute};

/// Section 2.1: a request with short-term credentials and a fingerprint.
const REQUEST: &str = "\
    000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74\
    002400046e0001ff80290008932ff9b151263b36000600096576746a3a6836765920202000080014\
    9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

/// Section 2.2: a response with an IPv4 address.
const IPV4_RESPONSE: &str = "\
    0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200008\
    0001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";

/// Section 2.3: a response with an IPv6 address.
const IPV6_RESPONSE: &str = "\
    010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f722000200014\
    0002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275\
    bfe3ed4180280004c8fb0b4c";

/// Section 2.4: a request with long-term credentials, all names in Unicode.
const LONG_TERM_REQUEST: &str = "\
    000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe3\
    82b900000015001c662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b\
    6578616d706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666";

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.bytes().filter_map(|digit| (digit as char).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[test]
fn the_request_is_read_and_proven() {
    let bytes = bytes(REQUEST);
    let message = Message::read(&bytes).expect("fingerprint included");
    assert_eq!((message.class(), message.method()), (Class::Request, Some(Method::Binding)));
    assert_eq!(message.get(attribute::USERNAME), Some(&b"evtj:h6vY"[..]));
    assert!(message.has_fingerprint());
    assert!(message.proves(&Key::short_term(PASSWORD)));
    assert!(!message.proves(&Key::short_term("VOkJxbRl1RmTxUk/WvJxBs")));
}

#[test]
fn the_responses_are_read_and_their_addresses_right() {
    for (hex, address) in
        [(IPV4_RESPONSE, "192.0.2.1:32853"), (IPV6_RESPONSE, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
    {
        let bytes = bytes(hex);
        let message = Message::read(&bytes).expect("fingerprint included");
        assert_eq!((message.class(), message.method()), (Class::Success, Some(Method::Binding)));
        let value = message.get(attribute::XOR_MAPPED_ADDRESS).expect("the address");
        assert_eq!(message.xor_address(value), address.parse().ok());
        assert!(message.proves(&Key::short_term(PASSWORD)));
    }
}

#[test]
fn the_responses_are_written_byte_for_byte() {
    for (hex, address) in
        [(IPV4_RESPONSE, "192.0.2.1:32853"), (IPV6_RESPONSE, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
    {
        let vector = bytes(hex);
        let id = Message::read(&vector).expect("STUN").transaction_id();
        let mut out = Vec::new();
        let writer = Writer::new(&mut out, Class::Success, Method::Binding, id)
            .put(0x8022, b"test vector")
            .put_xor_address(attribute::XOR_MAPPED_ADDRESS, address.parse().expect("address"));
        writer.finish();
        // The vector pads with a space, we with a zero: the only byte that differs before the signature
        out[35] = b' ';
        assert_eq!(out[4..], vector[4..out.len()]);
        let tag = crate::stun::integrity::sign_sha1(&vector[..out.len()], &Key::short_term(PASSWORD));
        assert_eq!(tag.as_ref(), &vector[out.len() + 4..out.len() + 24]);
    }
}

#[test]
fn long_term_credentials_in_unicode_prove_a_request() {
    let bytes = bytes(LONG_TERM_REQUEST);
    let message = Message::read(&bytes).expect("STUN");
    let username = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}";
    assert_eq!(message.get(attribute::USERNAME), Some(username.as_bytes()));
    // The password after SASLprep, which the page and our users' passwords never need: "TheMatrIX"
    let key = Key::long_term(PasswordAlgorithm::Md5, username, "example.org", "TheMatrIX");
    assert!(message.proves(&key));
}

#[test]
fn sha256_integrity_is_the_one_another_implementation_makes() {
    let credentials = MessageIntegrityCredentials::ShortTerm(ShortTermCredentials::new("a short password".to_owned()));
    let mut builder = OtherMessage::builder_request(stun_types::message::BINDING, MessageWriteVec::new());
    builder.add_attribute(&Username::new("somebody").expect("name")).expect("room");
    builder.add_message_integrity(&credentials, IntegrityAlgorithm::Sha256).expect("room");
    builder.add_fingerprint().expect("room");
    let theirs = builder.finish();
    let message = Message::read(&theirs).expect("STUN");
    assert!(message.has_integrity_sha256() && message.proves(&Key::short_term("a short password")));

    let mut ours = Vec::new();
    Writer::new(&mut ours, Class::Request, Method::Binding, message.transaction_id())
        .put(attribute::USERNAME, b"somebody")
        .sign_sha256(&Key::short_term("a short password"))
        .fingerprint()
        .finish();
    assert_eq!(ours, theirs);
}
