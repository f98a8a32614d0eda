//! Two or three parties, and all that can go wrong between them.

use crate::simulator;

/// Whatever comes first of what is due, whatever is cut, dies, forgets what it had not stored, fails to store, is asked
/// twice or sets its clock: no money is made or lost, nothing is said that a crash could undo, and when all goes well again
/// nothing is stuck, and the two sides of each trustline mirror each other. [The simulator](simulator) lists the laws.
pub fn consistency(input: &[u8]) {
    simulator::drive(input);
}
