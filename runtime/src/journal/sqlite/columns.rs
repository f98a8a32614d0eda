//! How the ledger's words are written in columns, and read from them.

use bytes::Bytes;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, Value, ValueRef};
use rusqlite::{Error, Row};
use trustline_core::ledger::{Authority, Direction, Party};
use trustline_core::{Condition, Fulfillment, LedgerId, Timestamp, TransferId};

/// A value that is not SQLite's own, in its column.
pub(super) struct Column<T>(pub(super) T);

/// A number for each word of an enum, for ever.
macro_rules! words {
    ($type:ty { $($word:path = $number:literal),* $(,)? }) => {
        impl ToSql for Column<$type> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let number: i64 = match self.0 { $($word => $number),* };
                Ok(number.into())
            }
        }

        impl FromSql for Column<$type> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($number => Ok(Self($word)),)*
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    };
}

words!(Authority { Authority::Ours = 0, Authority::Theirs = 1, Authority::Shared = 2 });
words!(Direction { Direction::Incoming = 0, Direction::Outgoing = 1 });
words!(Party { Party::Us = 0, Party::Peer = 1 });

impl ToSql for Column<u64> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.cast_signed().into())
    }
}

impl FromSql for Column<u64> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(value.as_i64()?.cast_unsigned()))
    }
}

impl ToSql for Column<Timestamp> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_millis().into())
    }
}

impl FromSql for Column<Timestamp> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Timestamp::from_millis(value.as_i64()?)))
    }
}

/// Wider than SQLite's integers: decimal text.
macro_rules! decimals {
    ($($type:ty),*) => {$(
        impl ToSql for Column<$type> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Owned(Value::Text(self.0.to_string())))
            }
        }

        impl FromSql for Column<$type> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map(Self).map_err(FromSqlError::other)
            }
        }
    )*};
}

decimals!(u128, i128);

macro_rules! byte_strings {
    ($($type:ty),*) => {$(
        impl ToSql for Column<$type> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
            }
        }

        impl FromSql for Column<$type> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let blob = value.as_blob()?;
                let bytes: [u8; _] =
                    blob.try_into().map_err(|_| FromSqlError::InvalidBlobSize { expected_size: size_of::<$type>(), blob_size: blob.len() })?;
                Ok(Self(bytes.into()))
            }
        }
    )*};
}

byte_strings!(TransferId, Condition, Fulfillment, LedgerId);

/// None at all is NULL, as it mostly is in a Fulfill.
impl ToSql for Column<&Bytes> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(if self.0.is_empty() { ValueRef::Null } else { ValueRef::Blob(self.0) }))
    }
}

impl FromSql for Column<Bytes> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(Self(Bytes::copy_from_slice(value.as_blob_or_null()?.unwrap_or_default())))
    }
}

/// The value in a column, counted from 0.
pub(super) fn get<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    Column<T>: FromSql,
{
    row.get::<_, Column<T>>(index).map(|column| column.0)
}

/// The value in a column that may be NULL.
pub(super) fn get_option<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>>
where
    Column<T>: FromSql,
{
    row.get::<_, Option<Column<T>>>(index).map(|column| column.map(|column| column.0))
}

/// The content of a row is not what was ever written there.
pub(super) fn nonsense(index: usize, what: &str) -> Error {
    Error::FromSqlConversionFailure(index, Type::Null, what.into())
}
