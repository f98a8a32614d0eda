//! The memory that stands where tungstenite expects a stream.

use std::io::{self, Read, Write};

/// Bytes that came and were not read yet, bytes that are to be written.
#[derive(Default)]
pub(super) struct Pipe {
    pub(super) incoming: ByteQueue,
    pub(super) outgoing: ByteQueue,
    /// The stream ended: nothing follows `incoming`.
    pub(super) ended: bool,
}

impl Read for Pipe {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let waiting = self.incoming.as_slice();
        if waiting.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = waiting.len().min(space.len());
        space[..taken].copy_from_slice(&waiting[..taken]);
        self.incoming.advance(taken);
        Ok(taken)
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes in, bytes out, always contiguous; both ends in amortised constant time per byte.
#[derive(Default)]
pub(super) struct ByteQueue {
    bytes: Vec<u8>,
    /// Those before were taken already.
    start: usize,
}

/// A queue that was longer than this gives its memory back once it is empty, so that one burst does not stay with an
/// idle connection.
const KEPT_BYTES: usize = 256 * 1024;

impl ByteQueue {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn push(&mut self, more: &[u8]) {
        let waiting = self.bytes.len() - self.start;
        // Move to the front instead of growing, but only past at least as many taken bytes as there are to move: each
        // byte is moved once at most for each byte taken.
        if self.start >= waiting && self.bytes.len() + more.len() > self.bytes.capacity() {
            self.bytes.copy_within(self.start.., 0);
            self.bytes.truncate(waiting);
            self.start = 0;
        }
        self.bytes.extend_from_slice(more);
    }

    /// Takes the first `taken` bytes off. More than there are means all.
    pub(super) fn advance(&mut self, taken: usize) {
        self.start = self.bytes.len().min(self.start.saturating_add(taken));
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// Gives back what is not used.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.bytes.clear();
        if self.bytes.capacity() > KEPT_BYTES {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn bytes_come_out_as_they_went_in() {
        let mut queue = ByteQueue::default();
        let mut model = VecDeque::new();
        let mut step = 1_usize;
        for round in 0..10_000 {
            // Lengths that wander, without a pattern that the queue could share.
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let more = vec![u8::try_from(round % 251).unwrap(); step >> 57];
            queue.push(&more);
            model.extend(more);
            let taken = model.len().min((step >> 40) % 140);
            queue.advance(taken);
            model.drain(..taken);
            assert!(model.iter().eq(queue.as_slice()), "round {round}");
        }
    }

    #[test]
    fn a_queue_that_is_never_empty_does_not_grow() {
        let mut queue = ByteQueue::default();
        queue.push(&[0; 1000]);
        for _ in 0..10_000 {
            queue.push(&[0; 100]);
            queue.advance(100);
        }
        assert_eq!(queue.as_slice().len(), 1000);
        assert!(queue.bytes.capacity() <= 4096, "{}", queue.bytes.capacity());
    }

    #[test]
    fn a_burst_gives_its_memory_back() {
        let mut queue = ByteQueue::default();
        queue.push(&vec![0; KEPT_BYTES + 1]);
        queue.advance(KEPT_BYTES);
        assert_eq!(queue.as_slice(), [0]);
        queue.advance(usize::MAX);
        assert_eq!((queue.as_slice(), queue.bytes.capacity()), (&[][..], 0));
    }

    #[test]
    fn a_short_burst_gives_its_memory_back_when_it_is_told_to() {
        let mut queue = ByteQueue::default();
        queue.push(&[0; 1000]);
        queue.advance(990);
        queue.shrink();
        assert_eq!(queue.as_slice(), [0; 10]);
        queue.advance(10);
        queue.shrink();
        assert_eq!((queue.as_slice(), queue.bytes.capacity()), (&[][..], 0));
    }

    #[test]
    fn an_empty_pipe_blocks_until_it_ends() {
        let mut pipe = Pipe::default();
        let mut space = [0; 2];
        assert_eq!(pipe.read(&mut space).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        pipe.incoming.push(b"abc");
        pipe.ended = true;
        assert_eq!((pipe.read(&mut space).unwrap(), space), (2, *b"ab"));
        assert_eq!((pipe.read(&mut space).unwrap(), space[0]), (1, b'c'));
        assert_eq!(pipe.read(&mut space).unwrap(), 0);
    }
}
