//! Many rows with one statement: most of what a row costs is the beginning and the end of a statement.

use rusqlite::{CachedStatement, Connection, ToSql};

/// Rows in one statement. More gain little.
const AT_ONCE: usize = 8;

/// An `INSERT` by its beginning, up to `VALUES`, and the number of its columns.
pub(super) struct Insert {
    pub(super) into: &'static str,
    pub(super) columns: usize,
}

/// Takes the values of a row, column by column.
pub(super) struct Binder<'a, 'c> {
    statement: &'a mut CachedStatement<'c>,
    position: usize,
}

impl Insert {
    /// Writes all rows, each as `bind` binds its columns.
    pub(super) fn all<T>(
        &self,
        connection: &Connection,
        rows: &[T],
        mut bind: impl FnMut(&T, &mut Binder<'_, '_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let (chunks, rest) = rows.as_chunks::<AT_ONCE>();
        if !chunks.is_empty() {
            let mut statement = connection.prepare_cached(&self.sql(AT_ONCE))?;
            for chunk in chunks {
                self.write(&mut statement, chunk, &mut bind)?;
            }
        }
        if !rest.is_empty() {
            let mut statement = connection.prepare_cached(&self.sql(1))?;
            for row in rest.chunks(1) {
                self.write(&mut statement, row, &mut bind)?;
            }
        }
        Ok(())
    }

    fn write<T>(
        &self,
        statement: &mut CachedStatement<'_>,
        rows: &[T],
        bind: &mut impl FnMut(&T, &mut Binder<'_, '_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut binder = Binder { statement, position: 0 };
        for row in rows {
            bind(row, &mut binder)?;
        }
        debug_assert_eq!(binder.position, rows.len() * self.columns, "every column of every row");
        statement.raw_execute()?;
        Ok(())
    }

    fn sql(&self, rows: usize) -> String {
        let row = format!("({})", vec!["?"; self.columns].join(", "));
        format!("{} VALUES {}", self.into, vec![row; rows].join(", "))
    }
}

impl Binder<'_, '_> {
    /// The value of the next column.
    pub(super) fn bind(&mut self, value: impl ToSql) -> rusqlite::Result<()> {
        self.position += 1;
        self.statement.raw_bind_parameter(self.position, value)
    }
}
