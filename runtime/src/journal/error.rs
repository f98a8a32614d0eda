//! What can be wrong with a journal, and what its owner can do about it.

use std::fmt;
use std::path::PathBuf;

/// Why effects could not be stored or loaded. The trustlines concerned are stopped: what cannot be stored must not
/// happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError {
    /// The file is open already, in another process or elsewhere in this one. Two owners of a ledger would both spend
    /// its money.
    InUse {
        /// The file.
        file: PathBuf,
        /// Who has it, if that is known.
        process: Option<u32>,
    },
    /// The file belongs to something else, and is left as it is.
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file was written by a newer version of this crate, and is left as it is.
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its tables.
        version: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file can be neither opened nor created.
    Unopenable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file cannot be read, or holds what nobody wrote there.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What was found.
        cause: String,
    },
    /// There is no room left. Nothing more is written until the file is opened again.
    Full {
        /// The file.
        file: PathBuf,
    },
    /// Writing or syncing failed: what the disk holds is in doubt. Nothing more is written until the file is opened
    /// again.
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The effects do not follow the last one that is stored of the account: it has another owner in this process, or
    /// was not loaded from here. They were not written; other accounts are not concerned.
    OutOfOrder {
        /// The account.
        account: String,
        /// The sequence number that would have been next.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// From a store that is not part of this crate.
    Other(String),
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { file, process } => {
                write!(f, "the ledger {} is in use", file.display())?;
                if let Some(process) = process {
                    write!(f, " by process {process}")?;
                }
                f.write_str(": stop its owner first, or keep this ledger in another file")
            }
            Self::Foreign { file } => {
                write!(f, "{} is not a ledger: it belongs to another application. Choose another file", file.display())
            }
            Self::Newer { file, version, known } => write!(
                f,
                "the ledger {} was written by a newer version (its tables have version {version}, and {known} is the newest known \
                 here): use that one",
                file.display()
            ),
            Self::Unopenable { file, cause } => {
                write!(f, "the ledger {} cannot be opened ({cause}): check the path and who may write there", file.display())
            }
            Self::Unreadable { file, cause } => {
                write!(f, "the ledger {} cannot be read ({cause}): check the disk, and restore the file from a backup", file.display())
            }
            Self::Full { file } => write!(
                f,
                "there is no room for the ledger {}: nothing was written. Make room on its disk, then start again",
                file.display()
            ),
            Self::Unwritable { file, cause } => {
                write!(f, "the ledger {} cannot be written ({cause}): check its disk, then start again", file.display())
            }
            Self::OutOfOrder { account, expected, found } => write!(
                f,
                "the effects of account {account:?} do not follow those stored (number {found} came, {expected} was next): it has \
                 another owner, or was not loaded from this journal"
            ),
            Self::Other(message) => write!(f, "the journal failed: {message}"),
        }
    }
}

impl std::error::Error for JournalError {}
