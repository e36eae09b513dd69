//! What waits to be written to a stream: replies first, then media, bounded. Media that a slow line cannot carry is
//! dropped oldest first: late media is worthless, and blocking would only make the rest late, too.

use std::collections::VecDeque;
use std::fmt;

/// Media waiting behind what is being written: a second of 2 Mbit/s.
const MOST_MEDIA: usize = 256 << 10;

/// Replies waiting; a client that asks this much and reads nothing is no client.
const MOST_REPLIES: usize = 64 << 10;

/// Memory a queue may keep while it is empty.
const IDLE: usize = 16 << 10;

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    /// Handed to the stream already, up to `written`.
    writing: Vec<u8>,
    written: usize,
    replies: Vec<u8>,
    media: Vec<u8>,
    /// The lengths of the frames in `media`, which begin at `dropped`.
    frames: VecDeque<usize>,
    dropped: usize,
}

/// The client does not read what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stuck;

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the client sends requests and does not read the replies")
    }
}

impl std::error::Error for Stuck {}

impl WriteQueue {
    /// Queues a reply ahead of all media.
    pub(super) fn reply(&mut self, bytes: &[u8]) -> Result<(), Stuck> {
        if self.replies.len() + bytes.len() > MOST_REPLIES {
            return Err(Stuck);
        }
        self.replies.extend_from_slice(bytes);
        Ok(())
    }

    /// Queues one frame of media, given in parts. Returns how many older frames it pushed out.
    pub(super) fn media(&mut self, parts: [&[u8]; 3]) -> u64 {
        let before = self.media.len();
        parts.iter().for_each(|part| self.media.extend_from_slice(part));
        self.frames.push_back(self.media.len() - before);
        let mut lost = 0;
        while self.media.len() - self.dropped > MOST_MEDIA
            && let Some(length) = self.frames.pop_front()
        {
            self.dropped += length;
            lost += 1;
        }
        if self.dropped > MOST_MEDIA {
            self.media.drain(..std::mem::take(&mut self.dropped));
        }
        lost
    }

    /// What to write next; empty when there is nothing.
    pub(super) fn chunk(&mut self) -> &[u8] {
        if self.written == self.writing.len() {
            self.refill();
        }
        &self.writing[self.written..]
    }

    /// `count` bytes of the chunk were written.
    pub(super) fn advance(&mut self, count: usize) {
        self.written += count;
    }

    fn refill(&mut self) {
        self.written = 0;
        self.writing.clear();
        self.writing.shrink_to(IDLE);
        self.writing.append(&mut self.replies);
        if self.writing.is_empty() && self.dropped == 0 {
            std::mem::swap(&mut self.writing, &mut self.media);
        } else {
            self.writing.extend_from_slice(&self.media[self.dropped..]);
            self.media.clear();
        }
        self.frames.clear();
        self.dropped = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(queue: &mut WriteQueue) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let chunk = queue.chunk().to_vec();
            if chunk.is_empty() {
                return all;
            }
            // A socket rarely takes everything.
            let count = chunk.len().div_ceil(2);
            all.extend_from_slice(&chunk[..count]);
            queue.advance(count);
        }
    }

    #[test]
    fn replies_overtake_media_and_nothing_is_lost_below_the_limit() {
        let mut queue = WriteQueue::default();
        assert_eq!(queue.media([b"me", b"di", b"a"]), 0);
        queue.reply(b"reply").unwrap();
        assert_eq!(written(&mut queue), b"replymedia");
        assert_eq!(queue.media([b"more", b"", b""]), 0);
        assert_eq!(written(&mut queue), b"more");
    }

    #[test]
    fn a_frame_half_written_is_always_finished() {
        let mut queue = WriteQueue::default();
        queue.media([b"first", b"", b""]);
        let first = queue.chunk()[..2].to_vec();
        queue.advance(2);
        let lost: u64 = (0..300).map(|_| queue.media([&[1; 1000], &[2; 4], b""])).sum();
        assert_eq!(lost, 300 - (MOST_MEDIA / 1004) as u64);
        let rest = written(&mut queue);
        assert_eq!([first, rest[..3].to_vec()].concat(), b"first");
        assert_eq!((rest.len() - 3) % 1004, 0);
    }

    #[test]
    fn a_slow_line_gets_the_newest_media() {
        let mut queue = WriteQueue::default();
        for n in 0..2000u32 {
            queue.media([&n.to_be_bytes(), &[0; 996], b""]);
        }
        let all = written(&mut queue);
        assert!(all.len() <= MOST_MEDIA);
        assert_eq!(all[all.len() - 1000..][..4], 1999u32.to_be_bytes());
    }

    #[test]
    fn a_client_that_only_asks_is_given_up() {
        let mut queue = WriteQueue::default();
        let refused = (0..1000).find(|_| queue.reply(&[0; 100]).is_err());
        assert_eq!(refused, Some(MOST_REPLIES / 100));
    }
}
