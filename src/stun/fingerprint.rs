//! FINGERPRINT: a checksum that tells STUN from other packets on the same port (RFC 8489, 14.7).

/// The value of a FINGERPRINT whose attribute header stands at `at`. `bytes` is the message up to there at least, its
/// length field already counting the FINGERPRINT.
pub(crate) fn of(bytes: &[u8], at: usize) -> [u8; 4] {
    // "XOR'ed with the 32-bit value 0x5354554e"
    (crc32(&bytes[..at]) ^ 0x5354_554E).to_be_bytes()
}

/// The CRC-32 of ISO 3309 and Ethernet, bit-reversed.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| (crc >> 8) ^ TABLE[usize::from(crc as u8 ^ byte)])
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}
