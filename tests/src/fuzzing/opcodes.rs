//! What is to be done, out of bytes.

use trustline_core::testing::TRANSFERS;

/// Reads the bytes of an input, one thing after the other.
pub(crate) struct Opcodes<'a> {
    rest: &'a [u8],
}

impl<'a> Opcodes<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    /// The next bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    /// A number below another, by the next byte.
    pub(crate) fn below(&mut self, end: u8) -> Option<u8> {
        self.byte().map(|byte| byte % end)
    }

    /// The number of a transfer: of few, so that what is done and said meets.
    pub(crate) fn transfer(&mut self) -> Option<u32> {
        self.byte().map(|byte| u32::from(byte) % TRANSFERS)
    }

    /// One of several, by the next byte.
    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let byte = usize::from(self.byte()?);
        Some(of[byte % of.len()])
    }

    /// Some bytes, as many as the next byte says or as there are.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.byte()?);
        let (bytes, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Some(bytes)
    }

    /// An amount: small, or around a power of two, where arithmetic goes wrong if it does.
    pub(crate) fn amount(&mut self) -> Option<u64> {
        self.byte().map(|byte| match byte {
            small @ ..64 => small.into(),
            near @ 64..128 => (1 << (near % 64)) - 1,
            at @ 128..192 => 1 << (at % 64),
            beyond => (1_u64 << (beyond % 64)).saturating_add(if beyond == u8::MAX { u64::MAX } else { 1 }),
        })
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.rest
    }
}
