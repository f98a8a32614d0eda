//! Values that are the usual ones but for a little.

/// `value` with this change: what the struct update syntax would say, which configurations do not allow, because they may grow.
///
/// ```
/// use trustline_core::Limits;
/// use trustline_tests::with;
///
/// let limits = with(Limits::default(), |limits| limits.connections = 2);
/// assert_eq!((limits.connections, limits.open_transfers), (2, 100_000));
/// ```
pub fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}
